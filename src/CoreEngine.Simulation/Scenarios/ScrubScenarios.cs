using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md S18, where nobody reads: a slow look at everything finds rot while others still have what was
/// lost.</summary>
internal static class ScrubScenarios
{
    /// <summary>Old entries rot at a follower that never needs them. They are found and fetched; afterwards its medium
    /// is whole by itself, so that a second copy may rot.</summary>
    internal static void UnreadRotIsRepaired(ulong seed)
    {
        using Script script = Script.Started(Scrubbing(seed) with { SuffixBytes = 64 * 1024 });
        Fill(script, rounds: 20);
        SimulatedReplica rotten = script[2];
        script.Holds(rotten.Core.Log.FirstCached > 1000, $"memory still holds all: a medium is not needed");
        Rot(script, rotten);
        UntilLookedAt(script, rotten);
        script.Holds(rotten.Core.Repair.Repaired > 0, $"nothing was fetched");
        script.Holds(script[1].IsLeader, $"a follower's rot has moved the leadership");
        Rot(script, script[1]);
        script[1].Kill();
        OpensWhole(script, rotten);
        script[1].Start();
        script.Free();
        script.UntilEqual();
        UntilLookedAt(script, script[1]);
    }

    /// <summary>What memory still holds is written again without asking anybody: a leader goes on leading.</summary>
    internal static void CachedRotIsRewritten(ulong seed)
    {
        using Script script = Script.Started(Scrubbing(seed));
        Fill(script, rounds: 4);
        SimulatedReplica rotten = script[1];
        ulong term = rotten.Core.Term;
        Rot(script, rotten);
        UntilLookedAt(script, rotten);
        script.Holds(rotten.Core.Repair.Repaired > 0, $"nothing was written again");
        script.Holds(
            rotten.IsLeader && rotten.Core.Term == term, $"the leader of term {term} left over what it still had");
        OpensWhole(script, rotten);
        script.Free();
        script.UntilEqual();
    }

    private static WorldOptions Scrubbing(ulong seed) => new()
    {
        Seed = seed,
        Snapshots = WorldOptions.NoSnapshots,
        ScrubBytesPerSecond = 1024 * 1024,
        ScrubEveryMs = 200,
    };

    private static void Fill(Script script, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < 150; i++)
            {
                _ = script[1].ProposeAsync(script.World.NextValue());
            }

            script.Until(() => script[1].Runtime.Queue.Bytes == 0, "the proposals are in the log");
            script.Until(() => script[1].Core.CommitIndex == script[1].Core.LastIndex, "they are committed");
        }

        script.UntilEqual();
    }

    /// <summary>Two places of what was written long ago.</summary>
    private static void Rot(Script script, SimulatedReplica replica)
    {
        var chance = new Prng(script.World.Options.Seed + replica.Number);
        SimulatedFile segment = Medium.FirstSegment(replica);
        int end = Medium.EndOfData(segment);
        segment.FlipBit(chance.Between(end / 8, end / 4) * 8);
        segment.FlipBit(chance.Between(end / 4, end / 2) * 8);
    }

    /// <summary>The pass under way may be beyond the place; the next one is not.</summary>
    private static void UntilLookedAt(Script script, SimulatedReplica replica)
    {
        long passes = replica.Loop!.Counters.ScrubPasses;
        script.Until(() => replica.Loop!.Counters.ScrubPasses >= passes + 2, "everything was looked at");
        script.Until(
            () => replica.Loop!.Scrubber.Open == 0 && !replica.IsDamaged
                && replica.Loop.Counters.DamageRepaired == replica.Loop.Counters.DamageFound,
            $"what was lost at replica {replica.Number} is made good");
    }

    /// <summary>A restart finds everything on its own medium.</summary>
    private static void OpensWhole(Script script, SimulatedReplica replica)
    {
        replica.Kill();
        LogOpenResult opened = replica.Recover();
        script.Holds(opened.Log is not null, $"replica {replica.Number} does not open: {opened.Message}");
        script.Holds(
            replica.Core.Log.Holes.Count == 0 && replica.Core.Repair.Doubt == Doubt.None,
            $"replica {replica.Number} opens with {replica.Core.Log.Holes.Count} holes");
    }
}
