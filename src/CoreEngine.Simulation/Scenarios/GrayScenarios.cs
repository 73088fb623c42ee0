using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, commit and durability: a leader that half works. S20 and S21.</summary>
internal static class GrayScenarios
{
    /// <summary>S20: the leader's disk completes nothing. It leaves in bounded time, does not come back while its disk
    /// stalls, another one takes over, and every proposal ends typed.</summary>
    internal static void StalledDisk(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        SimulatedReplica stalled = script[1];
        RaftOptions options = stalled.Core.Options;
        stalled.Ring.IsHeld = true;
        var receipts = new List<Task<Receipt>>();
        for (int i = 0; i < 10; i++)
        {
            receipts.Add(stalled.ProposeAsync(script.World.NextValue()));
        }

        long start = script.World.Now;
        script.Until(
            () => !stalled.IsLeader, "the stalled leader leaves", options.StallNs + (2 * options.HeartbeatNs));
        script.Until(
            () => script.World.Leader is not null, "another one leads", 3 * options.ElectionMaxNs);
        long took = script.World.Now - start;
        script.Holds(
            took <= options.StallNs + (3 * options.ElectionMaxNs), $"taking over took {took / Script.Millisecond} ms");
        ulong campaign = stalled.Core.Campaign;
        uint leader = script.World.Leader!.Number;
        _ = script.Commit(leader);
        script.Until(() => receipts.TrueForAll(static r => r.IsCompleted), "every proposal ends", 11 * Script.Second);

        // Even alone, with nobody to hear, it does not try while its disk stalls.
        script.World.Network.Isolate(1);
        script.Throughout(
            5 * Script.Second,
            () => !stalled.IsLeader && stalled.Core.Campaign == campaign && script.World.Leader is not null,
            "the stalled replica neither leads nor campaigns, and the others have a leader");
        stalled.Ring.IsHeld = false;
        script.Until(() => stalled.Core.Campaign > campaign, "it asks again when its disk works", 3 * Script.Second);
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S20: the leader's disk is full. It leaves in bounded time, one with room takes over, and what is
    /// proposed at the full replica is handed on.</summary>
    internal static void FullDisk(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        SimulatedReplica full = script[1];
        RaftOptions options = full.Core.Options;
        full.Disk.BytesFree = 0;
        Receipt receipt = default;
        for (int i = 0; i < 2000 && !full.Loop!.IsLogFull; i++)
        {
            receipt = script.Propose(1);
        }

        script.Holds(full.Loop!.IsLogFull && full.IsLeader, $"the disk did not become full under its leader");
        receipt = script.Propose(1);
        script.Holds(
            receipt.Refusal.Code == RefusalCode.LogFull, $"a proposal at the full leader ended as {receipt}");
        script.Until(() => !full.IsLeader, "the full leader leaves", options.StallNs + (2 * options.HeartbeatNs));
        script.Until(
            () => script.World.Leader is { Number: not 1 }, "one with room leads", 3 * options.ElectionMaxNs);
        uint leader = script.World.Leader!.Number;
        script.Until(() => full.Status.Leader == leader, "the full replica follows", Script.Second);
        Task<Receipt> handedOn = full.ProposeAsync(script.World.NextValue());
        script.Until(() => handedOn.IsCompleted, "a proposal at the full replica is decided", 3 * Script.Second);
        script.Holds(
            handedOn.Result.Outcome == Outcome.Committed, $"it ended as {handedOn.Result.Refusal}");
        script.Throughout(10 * Script.Second, () => !full.IsLeader, "the full replica does not lead again");
        full.Disk.BytesFree = long.MaxValue;
        script.UntilEqual();
    }

    /// <summary>S21, heartbeat path isolation: heartbeats of an older term that arrive late change nothing; those of
    /// the current term do not make a voter forget whom it voted for (hashicorp/raft#695).</summary>
    internal static void HeartbeatsChangeNeitherTermNorVote(ulong seed)
    {
        using Script script = VoteScenarios.TwoCandidates(seed);
        script.Cut(1, 2);
        _ = script.DeliverHeld(static frame => Frames.Is(frame.Header, MessageType.VoteRequest, 1, 3));
        script.Until(() => script[1].IsLeader, "replica 1 wins with the vote of 3");
        ulong term = script[1].Core.Term;
        FrameFilter keep = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
            Frames.Is(header, MessageType.AppendEntries, 1) && header.To == 2 ? FrameFate.Hold : FrameFate.Pass);
        script.World.RunFor(120 * Script.Millisecond);
        script.Holds(script[3].Core.Term == term && script[3].Core.Vote == 1, $"the vote of 3 changed by heartbeats");

        // The rival of the same term asks the voter that has heard heartbeats since: the answer stays no.
        SimulatedFrame rival = script.World.Network.Held.Find(
            frame => Frames.Is(frame.Header, MessageType.VoteRequest, 2, 3))!;
        script.World.Network.DeliverHeld(rival);
        script.World.RunFor(10 * Script.Millisecond);
        script.Holds(script[3].Core.Vote == 1, $"replica 3 votes for {script[3].Core.Vote} in the same term");

        // Another leader in a newer term; then the old one's heartbeats arrive at last.
        script.Lift(keep);
        List<SimulatedFrame> old = script.World.Network.Held.FindAll(
            static frame => Frames.Is(frame.Header, MessageType.AppendEntries));
        script.Holds(old.Count > 0, $"no heartbeat was held");
        script.Free(keepsHeld: true);
        script.Elect(3);
        (ulong newTerm, uint vote) = (script[2].Core.Term, script[2].Core.Vote);
        old.ForEach(script.World.Network.DeliverHeld);
        script.World.RunFor(10 * Script.Millisecond);
        script.Holds(
            newTerm > term && script[2].Core.Term == newTerm && script[2].Core.Vote == vote
                && script[2].Core.Leader == 3,
            $"heartbeats of term {term} changed term {newTerm}, vote {vote} or leader at replica 2");
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S21: an old leader comes back, and a heartbeat and an append of the new one and a vote request of a
    /// third reach it in every order.</summary>
    internal static void HeartbeatAppendAndVoteRace(ulong seed)
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        foreach (int[] order in orders)
        {
            using Script script = Script.Started(new WorldOptions { Seed = seed });
            script.World.Network.Isolate(1);
            _ = script[1].ProposeAsync(script.World.NextValue());
            script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> _) =>
                Frames.Is(header, MessageType.AppendEntries, 2, 1) ? FrameFate.Hold : FrameFate.Pass);
            script.Elect(2);
            ulong term = script[2].Core.Term;
            script.Until(
                () => Held(script, true) is not null && Held(script, false) is not null, "both are on the way");
            script.World.Network.Heal();
            foreach (int step in order)
            {
                if (step == 2)
                {
                    LeadershipScenarios.InjectVoteRequest(script, 3, 1, term + 1);
                }
                else if (Held(script, step == 0) is { } frame)
                {
                    script.World.Network.DeliverHeld(frame);
                }

                script.World.RunFor(100_000);
                script.Holds(script[1].Core.Term >= term || step == 2, $"a frame of term {term} was ignored");
            }

            // At most one vote per term and a committed prefix that stays: the world's monitors watch that.
            script.Free();
            script.UntilLeader();
            script.UntilEqual();
            _ = script.Commit(script.World.Leader!.Number);
        }
    }

    /// <summary>S21: the leader's loop, which sends its heartbeats, stands still. The others elect another one; when it
    /// wakes it leads no more and answers nothing from its old authority.</summary>
    internal static void DeadLoop(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        SimulatedReplica dead = script[1];
        ulong term = dead.Core.Term;

        // Nobody tells it: what it finds out it finds out by itself, before it answers anybody.
        script.World.Network.Isolate(1);
        dead.PausedUntil = script.World.Now + (5 * Script.Second);
        Task<Receipt> write = dead.ProposeAsync(script.World.NextValue());
        script.Until(
            () => script[2].IsLeader || script[3].IsLeader, "another one leads", 3 * dead.Core.Options.ElectionMaxNs);
        uint leader = script[2].IsLeader ? 2u : 3u;
        _ = script.Commit(leader);
        Task<QueryResult<int>> read = dead.CountAsync();
        script.Until(() => script.World.Now >= dead.PausedUntil, "the loop wakes", 6 * Script.Second);
        script.World.RunFor(Script.Millisecond);
        script.Holds(
            !dead.IsLeader && dead.Core.Term == term && (!read.IsCompleted || !read.Result.Point.IsGranted),
            $"the loop woke and still leads term {term}");
        script.World.Network.Heal();
        script.Until(() => read.IsCompleted && write.IsCompleted, "what waited there ends", 11 * Script.Second);

        // Granted is right only with what the new leader committed meanwhile; the read monitor compares.
        script.Holds(
            !read.Result.Point.IsGranted || read.Result.Value > 0, $"a read from an old authority was granted");
        script.UntilEqual();
    }

    private static SimulatedFrame? Held(Script script, bool isHeartbeat) => script.World.Network.Held.Find(
        frame => Frames.Is(frame.Header, MessageType.AppendEntries)
            && (Frames.LastEntry(frame.Header, frame.Body) == 0) == isHeartbeat);
}
