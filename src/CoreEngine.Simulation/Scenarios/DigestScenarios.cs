using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, S59: replicas compare the digests of their states.</summary>
internal static class DigestScenarios
{
    private const int Every = 8;
    private const ulong BadFrom = 30;

    /// <summary>BadFrom is no multiple: the first index at which states are compared after it.</summary>
    private const ulong FoundAt = 32;

    /// <summary>One of three diverges, a follower or the leader: it alone stops, and names the index; the others go on
    /// under a leader, and with a sound machine it comes back.</summary>
    internal static void MinorityStops(ulong seed)
    {
        foreach (uint bad in (ReadOnlySpan<uint>)[3, 1])
        {
            using Script script = Started(new WorldOptions { Seed = seed }, (bad, 1UL));
            Propose(script, 2, 40, isLeaderLost: bad == 1);
            UntilStopped(script, bad);
            script.UntilLeader();
            script.Holds(!script[bad].IsLeader, $"replica {bad} leads with a state that has diverged");
            Go(script, bad);
            script[bad].MachineMaker = static () => new JournalMachine();
            script.Restart(bad);
            script.UntilEqual();
            script.Holds(script[bad].Runtime.Fault is null, $"it stopped again: {script[bad].Runtime.Fault?.Reason}");
        }
    }

    /// <summary>Two of five diverge, each in its own way: both stop.</summary>
    internal static void TwoOfFive(ulong seed)
    {
        using Script script = Started(new WorldOptions { Seed = seed, Replicas = 5 }, (2u, 1UL), (4u, 2UL));
        Propose(script, 3, 40, isLeaderLost: false);
        UntilStopped(script, 2, 4);
        Go(script, 2, 4);
    }

    /// <summary>Two replicas differ and nobody can tell who is right: nobody stops, and both report it.</summary>
    internal static void TieStopsNobody(ulong seed)
    {
        using Script script = Started(new WorldOptions { Seed = seed, Replicas = 2 }, (2u, 1UL));
        Propose(script, 1, 40, isLeaderLost: false);
        script.Until(
            () => script[1].Loop!.Counters.DigestTies > 0 && script[2].Loop!.Counters.DigestTies > 0,
            "both report the tie");
        _ = script.Commit(1);
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            script.Holds(
                replica.Runtime.Fault is null, $"replica {replica.Number} stopped: {replica.Runtime.Fault?.Reason}");
        }
    }

    /// <summary>Every notice to the diverged replica is lost: the answers to its own notices tell it.</summary>
    internal static void LostNotices(ulong seed)
    {
        using Script script = Started(new WorldOptions { Seed = seed }, (3u, 1UL));
        int lost = 0;
        _ = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            bool isLost = Frames.Is(header, MessageType.DigestNotice) && header.To == 3
                && DigestBody.TryRead(body, out DigestBody told) && told.Kind == DigestKind.Notice;
            lost += isLost ? 1 : 0;
            return isLost ? FrameFate.Drop : FrameFate.Pass;
        });
        Propose(script, 2, 40, isLeaderLost: false);
        UntilStopped(script, 3);
        script.Holds(lost > 0, $"no notice was lost");
    }

    /// <summary>Sound replicas that lag, restart, or take a snapshot over many indexes raise no alarm.</summary>
    internal static void SnapshotsAndRestarts(ulong seed)
    {
        using Script script = Started(
            new WorldOptions
            {
                Seed = seed,
                Snapshots = new SnapshotOptions { LogBytes = 2048, Age = TimeSpan.Zero, KeptLogBytes = 0 },
            });
        script[3].Kill();
        Propose(script, 2, 300, isLeaderLost: false);
        script[3].Start();
        script.UntilEqual();
        script.Holds(script[3].Runtime.Snapshots.Installed > 0, $"no snapshot was installed");
        script.World.PowerCutAll();
        script.World.StartAll();
        script.UntilLeader();
        Propose(script, 2, 40, isLeaderLost: false);
        script.UntilEqual();
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            script.Holds(
                replica.Runtime.Fault is null && replica.Loop!.Counters.DigestDivergences == 0,
                $"replica {replica.Number} raised a false alarm: {replica.Runtime.Fault?.Reason}");
        }
    }

    private static Script Started(WorldOptions options, params ReadOnlySpan<(uint Replica, ulong By)> bad)
    {
        var script = new Script(options with { DigestEvery = Every });
        foreach ((uint replica, ulong by) in bad)
        {
            script[replica].MachineMaker = () => new JournalMachine { DivergesAt = BadFrom, DivergesBy = by };
        }

        script.World.StartAll();
        script.Elect(1);
        script.UntilEqual();
        return script;
    }

    /// <summary>Proposes one after another; when the leader stops meanwhile, what it took may stay unknown.</summary>
    private static void Propose(Script script, uint at, int count, bool isLeaderLost)
    {
        if (isLeaderLost)
        {
            script.Free();
        }

        for (int i = 0; i < count; i++)
        {
            if (isLeaderLost)
            {
                _ = script.Propose(at);
            }
            else
            {
                _ = script.Commit(at);
            }
        }
    }

    private static void UntilStopped(Script script, params uint[] bad)
    {
        foreach (uint replica in bad)
        {
            script.Until(() => script[replica].Runtime.Fault is not null, $"replica {replica} stops");
            string reason = script[replica].Runtime.Fault!.Reason;
            script.Holds(
                reason.Contains($"after index {FoundAt} ", StringComparison.Ordinal),
                $"replica {replica} names another index than {FoundAt}: {reason}");
        }
    }

    /// <summary>The others have not stopped, know of it, and commit.</summary>
    private static void Go(Script script, params uint[] bad)
    {
        var stopped = new HashSet<uint>(bad);
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            if (stopped.Contains(replica.Number))
            {
                continue;
            }

            script.Holds(
                replica.Runtime.Fault is null, $"replica {replica.Number} stopped: {replica.Runtime.Fault?.Reason}");
            script.Until(
                () => replica.Loop!.Counters.DigestDivergences > 0, $"replica {replica.Number} counts the divergence");
            _ = script.Commit(replica.Number);
        }
    }
}
