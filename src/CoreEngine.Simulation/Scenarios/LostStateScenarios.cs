using System;
using System.Linq;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md S39, at home: a replica whose own snapshot cannot be read.</summary>
internal static class LostStateScenarios
{
    private const int Many = 60;

    /// <summary>S39: a replica finds its own snapshot damaged at its start. It opens in Recovery mode with nothing,
    /// gives no vote, through a restart too, and leads nobody, until a leader has sent what it lost.</summary>
    internal static void DamagedSnapshotIsFetched(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions
        {
            Seed = seed,
            BatchBytes = 64 * 1024,
            SubmitBytesMin = 64,
            Snapshots = WorldOptions.NoSnapshots with { KeptLogBytes = 0 },
        });
        SimulatedReplica rotten = script[2];
        for (int round = 0; rotten.Loop!.Log.SegmentsDropped == 0; round++)
        {
            // As long as the first segment is there, the log alone gives the whole state.
            script.Holds(round < 30, $"no segment is ever given up");
            script.Append(1, Many);
            script.UntilEqual();
            foreach (SimulatedReplica replica in script.World.Replicas)
            {
                TakeSnapshot(script, replica);
            }
        }

        // What one more replica acknowledges must not be forgotten with its help.
        script.EntriesOnlyTo(2);
        _ = script.Commit(1);
        script.UntilSpread(1);
        rotten.Kill();
        string name = rotten.Disk.Names.First(static each => SnapshotFormat.TryParse(each, out _, out _));
        SimulatedFile file = rotten.Disk.Find(name)!;
        var chance = new Prng(seed);
        long start = chance.Chance(1, 2) ? 0 : SnapshotFormat.FirstChunk;
        int length = start == 0 ? SnapshotManifest.Bytes : SnapshotChunk.HeaderBytes;
        file.FlipBit((start + chance.Between(0, length)) * 8);
        FrameFilter noHelp = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> body) =>
            Frames.Is(header, MessageType.RepairReply) || Frames.Is(header, MessageType.InstallSnapshot)
                ? FrameFate.Drop
                : FrameFate.Pass);
        script[1].Kill();
        for (int life = 0; life < 2; life++)
        {
            rotten.Start();
            script.Holds(
                rotten.IsDamaged && rotten.Runtime.Core.Status.Mode == Mode.Recovery
                    && rotten.Runtime.Frontiers.Applied == 0,
                $"life {life}: replica 2 takes a damaged snapshot for its state");
            script.OnlyCandidate(3);
            script.Throughout(
                3 * Script.Second, () => script.World.Leader is null, "nobody leads by the vote of who has forgotten");
            script.OnlyCandidate(2);
            script.Throughout(
                3 * Script.Second, () => script.World.Leader is null, "nobody leads who has lost its state");
            if (life == 0)
            {
                rotten.PowerCut();
            }
        }

        script.Lift(noHelp);
        script.EntriesToAll();
        script[1].Start();
        script.Free();
        script.UntilEqual();
        script.Until(() => !rotten.IsDamaged, "replica 2 is whole again");
        script.Holds(rotten.Machine.Entries.Count > Many, $"replica 2 lacks what its snapshot held");
        _ = script.Commit(script.World.Leader!.Number);
        script.UntilEqual();
        script.Restart(2);
        script.UntilEqual();
        script.Holds(!rotten.IsDamaged, $"replica 2 is damaged again after a restart");
    }

    private static void TakeSnapshot(Script script, SimulatedReplica replica)
    {
        long taken = replica.Runtime.Snapshots.Taken;
        replica.Runtime.Snapshots.Ask(null);
        replica.Nudge();
        script.Until(() => replica.Runtime.Snapshots.Taken > taken, $"replica {replica.Number} takes a snapshot");
    }
}
