using System;
using CoreEngine.Model;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, snapshots and trim: S38 to S42 and S46, and what a restart owes to a snapshot.</summary>
internal static class SnapshotScenarios
{
    private const int Many = 60;

    /// <summary>A restart begins at the snapshot: the state is the one that all entries give, what came before is neither
    /// kept nor applied again, and what came after is.</summary>
    internal static void RestartFromSnapshot(ulong seed)
    {
        using Script script = Script.Started(Small(seed));
        Fill(script, 1);
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            _ = Snapshot(script, replica.Number);
        }

        ulong trimmed = script[1].Runtime.Frontiers.Trimmed;
        script.Holds(trimmed > Many, $"the log is trimmed up to {trimmed} only");
        for (int i = 0; i < 5; i++)
        {
            _ = script.Commit(1);
        }

        script.UntilEqual();
        script.World.PowerCutAll();
        script.World.StartAll();
        script.Free();
        script.UntilEqual();
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            script.Holds(
                replica.Runtime.Snapshots.Restored == 1, $"replica {replica.Number} did not restore its snapshot");
            script.Holds(
                replica.Loop!.Counters.Applied < Many, $"replica {replica.Number} applied its whole log again");
            script.Holds(
                replica.Runtime.Frontiers.Trimmed >= trimmed,
                $"replica {replica.Number} begins at {replica.Runtime.Frontiers.Trimmed}, it was trimmed to {trimmed}");
        }

        _ = script.Commit(script.World.Leader!.Number);
        script.UntilEqual();
    }

    /// <summary>Segments that no group needs go; votes and members that stood in them stay.</summary>
    internal static void SegmentsAreGivenUp(ulong seed)
    {
        using Script script = Script.Started(Small(seed));
        ulong term = script[1].Core.Term;
        for (int round = 0; round < 12; round++)
        {
            Fill(script, 1);
            foreach (SimulatedReplica replica in script.World.Replicas)
            {
                _ = Snapshot(script, replica.Number);
            }
        }

        script.Until(
            () => All(script, static replica => replica.Loop!.Log.SegmentsDropped > 0), "every log gives up a segment");
        script.Until(
            () => All(script, static replica => replica.Loop!.Log.Segments.Count <= 3), "every log stays short");
        script.World.PowerCutAll();
        script.World.StartAll();
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            script.Holds(
                replica.Core.Term >= term && replica.Core.Vote != 0,
                $"replica {replica.Number} forgot term or vote: {replica.Core.Term}, {replica.Core.Vote}");
        }

        script.Free();
        script.UntilEqual();
        _ = script.Commit(script.World.Leader!.Number);
    }

    /// <summary>Three replicas whose logs keep nothing behind a snapshot.</summary>
    private static WorldOptions Small(ulong seed) => new()
    {
        Seed = seed,
        BatchBytes = 64 * 1024,
        SubmitBytesMin = 64,
        Snapshots = WorldOptions.NoSnapshots with { KeptLogBytes = 0 },
    };

    private static void Fill(Script script, uint leader)
    {
        for (int i = 0; i < Many; i++)
        {
            _ = script.Commit(leader);
        }

        script.UntilEqual();
    }

    private static SnapshotResult Snapshot(Script script, uint replica)
    {
        var asked = new System.Threading.Tasks.TaskCompletionSource<SnapshotResult>();
        script[replica].Runtime.Snapshots.Ask(asked);
        script[replica].Nudge();
        script.Until(() => asked.Task.IsCompleted, $"replica {replica} takes a snapshot");
        return asked.Task.Result;
    }

    private static bool All(Script script, Predicate<SimulatedReplica> match)
    {
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            if (!match(replica))
            {
                return false;
            }
        }

        return true;
    }
}
