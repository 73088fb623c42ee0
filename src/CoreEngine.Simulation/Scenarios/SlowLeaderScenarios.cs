using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md S20, a sibling of the stalled disk: the leader's disk works, far slower than the others'.</summary>
internal static class SlowLeaderScenarios
{
    private static readonly DiskTiming Slow = new(40 * Script.Millisecond, 60 * Script.Millisecond);

    /// <summary>S20: it hands over in bounded time, to one whose disk is fast, without a gap; and the new leader stays,
    /// though another slow replica is there.</summary>
    internal static void SlowDisk(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5 });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        Settle(script, 2 * Script.Second);
        script.Holds(script[1].IsLeader && script[1].Core.Term == term, $"a leader as fast as all gave way");
        SetSlow(script, 1);
        SetSlow(script, 2);
        RaftOptions options = script[1].Core.Options;
        long start = script.World.Now;
        Settle(script, options.StallNs + (3 * Script.Second));
        SimulatedReplica? leader = script.World.Leader;
        script.Holds(leader is { Number: > 2 }, $"{(script.World.Now - start) / Script.Millisecond} ms later");
        script.Holds(leader!.Core.Term == term + 1, $"leadership changed more than once: term {leader.Core.Term}");
        uint chosen = leader.Number;
        Settle(script, 10 * Script.Second);
        script.Holds(
            script[chosen].IsLeader && script[chosen].Core.Term == term + 1, $"the new leader {chosen} did not stay");
    }

    /// <summary>S20: with two slow replicas of three every commit waits for a slow one, whoever leads: the leader
    /// stays, nothing goes to and fro.</summary>
    internal static void SlowMajority(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        SetSlow(script, 1);
        SetSlow(script, 2);
        Settle(script, 10 * Script.Second);
        script.Holds(script[1].IsLeader && script[1].Core.Term == term, $"the slow leader of a slow majority left");
    }

    private static void SetSlow(Script script, uint replica)
    {
        script[replica].Timing = Slow;
        script[replica].Ring.Timing = Slow;
    }

    /// <summary>Writes flow for a while: only writes are measured.</summary>
    private static void Settle(Script script, long nanoseconds)
    {
        long end = script.World.Now + nanoseconds;
        while (script.World.Now < end)
        {
            _ = script.World.Leader?.ProposeAsync(script.World.NextValue());
            script.World.RunFor(10 * Script.Millisecond);
        }
    }
}
