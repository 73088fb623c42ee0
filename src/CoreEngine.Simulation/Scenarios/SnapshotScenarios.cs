using System;
using System.Linq;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, snapshots and trim: S38 to S42 and S46, and what a restart owes to a snapshot.</summary>
internal static class SnapshotScenarios
{
    private const int Many = 60;

    /// <summary>A restart begins at the snapshot: the state is the one that all entries give, what came before is
    /// neither kept nor applied again, and what came after is.</summary>
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

    /// <summary>T stops at the snapshot though more is applied by the time that it is durable: what came after it is
    /// kept, a restart finds it, and a member that needs it is not sent away.</summary>
    internal static void TrimStopsAtTheSnapshot(ulong seed)
    {
        using Script script = Script.Started(Small(seed));
        Fill(script, 1);
        script[3].Kill();
        var asked = new System.Threading.Tasks.TaskCompletionSource<SnapshotResult>();
        script[1].Runtime.Snapshots.Ask(asked);
        for (int i = 0; i < Many; i++)
        {
            _ = script[1].ProposeAsync(script.World.NextValue());
        }

        script[1].Nudge();
        script.Until(() => asked.Task.IsCompleted, "a snapshot is taken under load");
        ulong index = asked.Task.Result.Index;
        script.Until(() => script[1].Runtime.Frontiers.Applied >= index + Many / 2, "more is applied than it holds");
        ulong trimmed = script[1].Runtime.Frontiers.Trimmed;
        script.Holds(trimmed > 0 && trimmed <= index, $"T is {trimmed}, the snapshot ends at {index}");
        _ = script.Commit(1);
        script[1].PowerCut();
        script[1].Start();
        script[3].Start();
        script.Free();
        script.UntilEqual();
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

    /// <summary>S38: a member holds entries of its own that contradict a snapshot; they are dropped, the snapshot
    /// stands, and it follows on.</summary>
    internal static void ConflictingSuffixIsDropped(ulong seed) => Contradict(seed, entries: 10, isLonger: false);

    /// <summary>The same when it holds an entry at the snapshot's last index, of another term.</summary>
    internal static void LongerSuffixIsDropped(ulong seed) => Contradict(seed, entries: 2 * Many, isLonger: true);

    private static void Contradict(ulong seed, int entries, bool isLonger)
    {
        using Script script = Script.Started(Small(seed));
        Fill(script, 1);

        // Replica 1 leads and writes what nobody else gets; the others elect 2, which goes far beyond.
        ulong agreed = script[1].Core.LastIndex;
        script.EntriesOnlyTo();
        for (int i = 0; i < entries; i++)
        {
            _ = script[1].ProposeAsync(script.World.NextValue());
        }

        script.UntilSpread(1);
        ulong own = script[1].Core.LastIndex;
        script.EntriesOnlyTo(2, 3);
        script.Elect(2);
        FrameFilter away = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
            header.To == 1 ? FrameFate.Drop : FrameFate.Pass);
        for (int i = 0; i < Many; i++)
        {
            _ = script.Commit(2);
        }

        _ = Snapshot(script, 2);
        ulong trimmed = script[2].Runtime.Frontiers.Trimmed;
        script.Holds(
            trimmed > agreed && trimmed < own == isLonger,
            $"the snapshot ends at {trimmed}, replica 1 agrees up to {agreed} and ends at {own}");
        script.Lift(away);
        script.EntriesToAll();
        script.UntilEqual();
        script.Holds(script[1].Runtime.Snapshots.Restored == 1, $"replica 1 was not given the snapshot");
        _ = script.Commit(2);
        script.Restart(1);
        script.UntilEqual();
    }

    /// <summary>S39: pieces are lost, repeated and damaged on the way, the receiver dies in the middle: nothing half
    /// made gets its name, and in the end the whole snapshot does.</summary>
    internal static void PartialTransferIsNeverPublished(ulong seed)
    {
        using Script script = Script.Started(Small(seed));
        LeaveBehind(script, lagging: 3);
        var chance = new Prng(seed);
        int pieces = 0;
        FrameFilter mishaps = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            if (!Frames.Is(header, MessageType.InstallSnapshot))
            {
                return FrameFate.Pass;
            }

            pieces++;
            return chance.Chance(1, 3) ? FrameFate.Drop : chance.Chance(1, 4) ? FrameFate.Hold : FrameFate.Pass;
        });
        script[3].Start();
        for (int i = 0; i < 5; i++)
        {
            int seen = pieces;
            script.Until(() => pieces > seen + 1 || script[3].Runtime.Snapshots.Restored > 0, "pieces leave");
            if (script[3].Runtime.Snapshots.Restored > 0)
            {
                break;
            }

            script.Holds(
                !script[3].Disk.Names.Any(static name => SnapshotFormat.TryParse(name, out _, out _)),
                $"half a snapshot has a name");
            script[3].PowerCut();
            script[3].Start();
            _ = script.DeliverHeld(static frame => frame.Header.Type == (byte)MessageType.InstallSnapshot);
        }

        script.Lift(mishaps);
        script.UntilEqual();
        script.Holds(script[3].Machine.Entries.Count > Many, $"replica 3 lacks what the snapshot holds");
    }

    /// <summary>S39: the leader's own file rots: no damaged piece is sent on, another snapshot is taken and
    /// sent.</summary>
    internal static void RottenSnapshotIsNotSent(ulong seed)
    {
        using Script script = Script.Started(Small(seed));
        LeaveBehind(script, lagging: 3);
        string name = script[1].Disk.Names.First(static each => SnapshotFormat.TryParse(each, out _, out _));
        SimulatedFile file = script[1].Disk.Find(name)!;
        file.FlipBit((file.Length - 100) * 8);
        _ = script.Commit(1);
        script[3].Start();
        script.UntilEqual();
        script.Holds(
            script[1].Runtime.Snapshots.Taken == 2, $"the leader took {script[1].Runtime.Snapshots.Taken} snapshots");
    }

    /// <summary>S40: a snapshot that says nothing new is ignored; one whose last entry the log holds moves C and keeps
    /// the log; the configuration travels with it.</summary>
    internal static void OldOrEqualSnapshotIsIgnored(ulong seed)
    {
        using Script script = Script.Started(Small(seed));
        LeaveBehind(script, lagging: 3);
        FrameFilter hold = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
            Frames.Is(header, MessageType.InstallSnapshot) ? FrameFate.Hold : FrameFate.Pass);
        script[3].Start();
        script.Until(() => script.World.Network.Held.Count > 0, "the snapshot is on its way");
        script.Lift(hold);
        script.UntilEqual();
        FrontierValues before = script[3].Runtime.Frontiers.Values;
        ulong epoch = script[3].Core.ConfigEpoch;
        for (int i = 0; i < 3; i++)
        {
            _ = script.Commit(1);
        }

        script.UntilEqual();
        _ = script.DeliverHeld(static frame => true);
        script.Throughout(
            Script.Second,
            () => script[3].Runtime.Frontiers.Committed >= before.Committed + 3
                && script[3].Runtime.Snapshots.Restored == 1,
            "an old snapshot changes nothing");
        script.Holds(script[3].Core.ConfigEpoch == epoch, $"an old snapshot moved the configuration");
        script.UntilEqual();
    }

    /// <summary>S41: the leader changes in the middle of the stream; the receiver goes on with the next one's, or
    /// begins anew, and never mixes the two.</summary>
    internal static void LeaderChangesMidStream(ulong seed)
    {
        using Script script = Script.Started(Small(seed) with { Snapshots = Slow });
        LeaveBehind(script, lagging: 3);
        _ = Snapshot(script, 2);
        script[3].Start();
        script.Until(() => HasIncoming(script, 3), "the transfer has begun");
        script.Elect(2);
        script.Free();
        script.Until(() => script[3].Runtime.Snapshots.Restored == 1, "the second leader's snapshot stands");
        script.UntilEqual();
    }

    /// <summary>S42: T waits for what members certify, but not for ever: a dead one pins the kept bytes of log at most,
    /// then it needs the snapshot.</summary>
    internal static void DeadMemberDoesNotPinTheLog(ulong seed)
    {
        const long kept = 256 * 1024;
        using Script script = Script.Started(
            Small(seed) with { Snapshots = WorldOptions.NoSnapshots with { KeptLogBytes = kept } });
        Fill(script, 1);
        ulong certified = script[3].Core.LastIndex;
        script[3].Kill();
        for (int i = 0; i < 5; i++)
        {
            _ = script.Commit(1);
        }

        _ = Snapshot(script, 1);
        script.Holds(
            script[1].Runtime.Frontiers.Trimmed <= certified,
            $"T is {script[1].Runtime.Frontiers.Trimmed}, replica 3 has certified {certified} and lags little");
        ulong pinned = script[1].Runtime.Frontiers.Trimmed;
        for (int i = 0; script[1].Runtime.Frontiers.Trimmed <= certified; i++)
        {
            script.Holds(i < 40, $"a dead member pins the log at {pinned}");
            Burst(script, 1);
            _ = Snapshot(script, 1);
        }

        script[3].Start();
        script.UntilEqual();
        script.Holds(script[3].Runtime.Snapshots.Restored == 1, $"replica 3 was not given the snapshot");
    }

    /// <summary>S46: a snapshot's bytes leave at the given rate at most, and proposals are not held up.</summary>
    internal static void TransferRespectsItsRate(ulong seed)
    {
        using Script script = Script.Started(Small(seed) with { Snapshots = Slow });
        LeaveBehind(script, lagging: 3);
        long bytes = 0;
        _ = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            bytes += Frames.Is(header, MessageType.InstallSnapshot) ? body.Length : 0;
            return FrameFate.Pass;
        });
        script[3].Start();
        script.Until(() => bytes > 0, "the transfer has begun");
        long start = script.World.Now;
        bytes = 0;
        while (script[3].Runtime.Snapshots.Restored == 0)
        {
            long asked = script.World.Now;
            _ = script.Commit(1);
            long took = script.World.Now - asked;
            script.Holds(took < 20 * Script.Millisecond, $"a proposal took {took / Script.Millisecond} ms");
            script.World.RunFor(Script.Millisecond);
        }

        // One chunk may be ahead of the rate.
        long allowed = ((script.World.Now - start) / Script.Millisecond * Slow.SendBytesPerSecond / 1000)
            + SnapshotFormat.SlabBytes;
        script.Holds(bytes <= allowed, $"{bytes} bytes left, {allowed} were allowed");
        script.UntilEqual();
    }

    /// <summary>So slow that a transfer takes a while.</summary>
    private static SnapshotOptions Slow => WorldOptions.NoSnapshots with
    {
        KeptLogBytes = 0,
        SendBytesPerSecond = 8 * 1024,
    };

    private static bool HasIncoming(Script script, uint replica) =>
        script[replica].Disk.Names.Contains(SnapshotFormat.IncomingOf(1));

    /// <summary>A replica dies, the others go on and trim what it would need.</summary>
    private static void LeaveBehind(Script script, uint lagging)
    {
        Fill(script, 1);
        script[lagging].Kill();
        ulong held = script[1].Core.LastIndex;
        for (int i = 0; i < Many; i++)
        {
            _ = script.Commit(1);
        }

        _ = Snapshot(script, 1);
        script.Holds(
            script[1].Runtime.Frontiers.Trimmed > held, $"the leader still holds what replica {lagging} lacks");
    }

    /// <summary>Many entries at once.</summary>
    private static void Burst(Script script, uint leader)
    {
        for (int i = 0; i < 400; i++)
        {
            _ = script[leader].ProposeAsync(script.World.NextValue());
        }

        script.Until(
            () => script[leader].Runtime.Frontiers.Applied == script[leader].Core.LastIndex
                && script[leader].Runtime.Queue.Bytes == 0,
            "a burst is applied");
    }

    /// <summary>Three replicas whose logs keep nothing behind a snapshot.</summary>
    internal static WorldOptions Small(ulong seed) => new()
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

    internal static SnapshotResult Snapshot(Script script, uint replica)
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
