using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, elections: who keeps leadership and who loses it. S7 to S10 and S12.</summary>
internal static class LeadershipScenarios
{
    /// <summary>S7, pre-vote keeps terms flat: an isolated replica returns after long; no term has risen, the leader is
    /// undisturbed.</summary>
    internal static void IsolatedReplicaReturns(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        script.World.Network.Isolate(3);
        for (int i = 0; i < 20; i++)
        {
            _ = script.Commit(1);
            script.Throughout(
                3 * Script.Second,
                () => script[3].Core.Term == term && IsLeading(script, 1, term),
                "no term rises while a replica is isolated");
        }

        script.Holds(script[3].Core.Campaign > 20, $"replica 3 asked only {script[3].Core.Campaign} times");
        script.World.Network.Heal();
        Task<Receipt> receipt = script[1].ProposeAsync(script.World.NextValue());
        script.Throughout(
            5 * Script.Second, () => IsLeading(script, 1, term), "the leader is undisturbed by the replica's return");
        script.Holds(
            receipt.IsCompleted && receipt.Result.Outcome == Outcome.Committed, $"a proposal at its return was lost");
        script.UntilEqual();
    }

    /// <summary>S8, leader stickiness: a voter that heard its leader recently refuses, pre-vote and vote alike, and
    /// enters no newer term. (Transfers, the one exception, do not exist yet.)</summary>
    internal static void VoterHearsItsLeader(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        int granted = 0;
        int asked = 0;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            granted += header.From == 2 && Frames.IsGrant(header, body) ? 1 : 0;
            asked += header.From == 3 && Frames.IsCampaign(header) ? 1 : 0;
            return FrameFate.Pass;
        });

        // Replica 3 cannot hear the leader, and asks replica 2, which can.
        script.Cut(1, 3);
        script.Throughout(
            20 * Script.Second, () => IsLeading(script, 1, term) && script[2].Core.Term == term, "the leader stays");
        script.Holds(asked > 10 && granted == 0, $"replica 2 was asked {asked} times and granted {granted}");
        for (uint voter = 1; voter <= 2; voter++)
        {
            for (int i = 0; i < 50; i++)
            {
                InjectVoteRequest(script, 3, voter, term + 1 + (ulong)i);
                script.Throughout(
                    7 * Script.Millisecond,
                    () => IsLeading(script, 1, term) && script[2].Core.Term == term,
                    "a vote request of a newer term changes nothing where the leader is heard");
            }
        }

        script.Holds(granted == 0, $"replica 2 granted a vote while it heard its leader");
        script.World.Network.Heal();
        _ = script.Commit(1);
        script.UntilEqual();
        script.Holds(IsLeading(script, 1, term), $"leadership changed");
    }

    /// <summary>S9, partial connectivity: everybody sees only the hub, the leader was somewhere else. A leader with a
    /// quorum emerges, it is the hub, and it stays.</summary>
    internal static void OnlyTheHubIsSeen(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5 });
        script.OnlyCandidate(0);
        const uint Hub = 4;
        for (uint one = 1; one <= 5; one++)
        {
            for (uint other = one + 1; other <= 5; other++)
            {
                if (one != Hub && other != Hub)
                {
                    script.Cut(one, other);
                }
            }
        }

        script.Until(() => script[Hub].IsLeader && !script[1].IsLeader, "the hub leads", 5 * Script.Second);
        ulong term = script[Hub].Core.Term;
        for (int i = 0; i < 20; i++)
        {
            _ = script.Commit(Hub);
            script.Throughout(Script.Second, () => IsLeading(script, Hub, term), "the hub stays leader");
        }

        script.Free();
        script.UntilEqual();
    }

    /// <summary>S9: the leader is cut from the majority of its links only; who is left with a quorum leads and
    /// stays. And of three, a leader that still has one link keeps leading, whatever the third tries.</summary>
    internal static void LeaderLosesMostLinks(ulong seed)
    {
        using (Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5 }))
        {
            script.OnlyCandidate(0);
            script.Cut(1, 2);
            script.Cut(1, 3);
            script.Cut(1, 4);
            script.Until(
                () => !script[1].IsLeader && script.World.Leader is not null, "another leader", 5 * Script.Second);
            uint leader = script.World.Leader!.Number;
            ulong term = script[leader].Core.Term;
            _ = script.Commit(leader);
            script.Throughout(20 * Script.Second, () => IsLeading(script, leader, term), "the new leader stays");
            script.Free();
            script.UntilEqual();
        }

        using (Script script = Script.Started(new WorldOptions { Seed = seed }))
        {
            script.OnlyCandidate(0);
            ulong term = script[1].Core.Term;
            script.Cut(1, 3);
            script.Throughout(20 * Script.Second, () => IsLeading(script, 1, term), "the leader of a chain stays");
            _ = script.Commit(1);
        }
    }

    /// <summary>S10, pre-vote livelock: a lagging replica asks again and again and cannot win; the others elect a
    /// leader in bounded rounds all the same (redpanda#30815).</summary>
    internal static void LaggingProbes(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5 });
        script.EntriesOnlyTo(2, 3, 4);
        script.Append(1, 20);
        script.EntriesToAll();
        script.OnlyCandidate(0);
        script.World.Network.Isolate(1);
        script[1].Kill();
        ulong before = Campaigns(script);
        long end = script.World.Now + (4 * script[2].Core.Options.ElectionMaxNs);
        long probe = script.World.Now;
        while (script.World.Leader is null)
        {
            script.Holds(script.World.Now < end, $"no leader in four election timeouts");
            if (script.World.Now >= probe)
            {
                // Six times in the shortest timeout: whoever lets itself be reset never comes to ask.
                probe = script.World.Now + (script[5].Core.Options.ElectionMinNs / 6);
                script[5].TimeOut();
            }

            script.World.Step(long.Min(end, probe));
        }

        ulong rounds = Campaigns(script) - before;
        script.Holds(rounds <= 12, $"the three that could win asked {rounds} times");
        script.Holds(script.World.Leader.Number != 5, $"the lagging replica leads");
        _ = script.Commit(script.World.Leader.Number);
    }

    /// <summary>S12, deposed in silence: a leader without a quorum leaves leadership within one election timeout, and
    /// what waits there ends typed.</summary>
    internal static void LeaderWithoutQuorum(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        SimulatedReplica old = script[1];
        script.World.Network.Isolate(1);
        Task<Receipt> write = old.ProposeAsync(script.World.NextValue());
        Task<QueryResult<int>> read = old.CountAsync();
        RaftOptions options = old.Core.Options;
        script.Until(() => !old.IsLeader, "the old leader leaves", options.ElectionMaxNs + (2 * options.HeartbeatNs));
        script.Until(() => read.IsCompleted, "its read ends", Script.Second);
        script.Holds(
            read.Result.Point.Refusal.Code == RefusalCode.NoQuorum, $"its read ended as {read.Result.Point.Refusal}");
        script.Until(() => write.IsCompleted, "its write ends", 11 * Script.Second);
        script.Holds(write.Result.Outcome == Outcome.Unknown, $"its write ended as {write.Result.Outcome}");
        script.Until(() => script.World.Leader is not null && script.World.Leader.Number != 1, "another leader");
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S12: a cluster of even size is split in half; calls fail in bounded time on both sides and none
    /// hangs.</summary>
    internal static void SplitInHalf(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 4 });
        script.OnlyCandidate(0);
        foreach ((uint one, uint other) in new (uint, uint)[] { (1, 3), (1, 4), (2, 3), (2, 4) })
        {
            script.Cut(one, other);
        }

        ulong committed = script[1].Core.CommitIndex;
        var writes = new List<Task<Receipt>>();
        var reads = new List<Task<QueryResult<int>>>();
        for (int round = 0; round < 5; round++)
        {
            foreach (SimulatedReplica replica in script.World.Replicas)
            {
                writes.Add(replica.ProposeAsync(script.World.NextValue()));
                reads.Add(replica.CountAsync());
            }

            script.World.RunFor(400 * Script.Millisecond);
        }

        script.Until(() => reads.TrueForAll(static read => read.IsCompleted), "every read ends", 3 * Script.Second);
        script.Until(
            () => writes.TrueForAll(static write => write.IsCompleted), "every write ends", 11 * Script.Second);
        script.Holds(script.Leaders() == 0, $"half of a cluster has a leader");
        script.Holds(!reads.Exists(static read => read.Result.Point.IsGranted), $"half of a cluster grants a read");
        script.Holds(
            !writes.Exists(static write => write.Result.Outcome == Outcome.Committed), $"half of a cluster commits");
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            script.Holds(replica.Core.CommitIndex == committed, $"C of replica {replica.Number} moved");
        }

        script.World.Network.Heal();
        script.UntilLeader();
        _ = script.Commit(script.World.Leader!.Number);
        script.UntilEqual();
    }

    private static bool IsLeading(Script script, uint replica, ulong term) =>
        script[replica].IsLeader && script[replica].Core.Term == term && script.Leaders() == 1;

    private static ulong Campaigns(Script script) =>
        script[2].Core.Campaign + script[3].Core.Campaign + script[4].Core.Campaign;

    /// <summary>A request for a vote, with a log as good as the voter's, as it may arrive late or from afar.</summary>
    internal static void InjectVoteRequest(Script script, uint from, uint to, ulong term, bool isTransfer = false)
    {
        RaftState voter = script[to].Core;
        Span<byte> body = stackalloc byte[VoteRequestBody.Bytes];
        new VoteRequestBody(
            voter.LastIndex, voter.Log.LastTerm, script[from].Core.Incarnation, isTransfer).Write(body);
        script.World.Network.Inject(
            new FrameHeader((byte)MessageType.VoteRequest, 0, voter.Options.Group, from, to, term, 1, 0), body);
    }
}
