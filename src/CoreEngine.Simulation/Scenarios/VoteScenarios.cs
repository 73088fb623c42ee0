using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, elections: what a vote is worth through crashes and slow disks. S4 to S6.</summary>
internal static class VoteScenarios
{
    private const ulong TearsPerWrite = 6;

    /// <summary>S4, one vote per term: the voter's vote is durable, its power fails before the reply arrives, and the
    /// other candidate of the term asks.</summary>
    internal static void CrashBetweenVoteAndReply(ulong seed)
    {
        using Script script = TwoCandidates(seed);
        bool hasVoted = false;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            bool isVote = Frames.Is(header, MessageType.VoteReply, from: 3) && Frames.IsGrant(header, body);
            hasVoted |= isVote;
            return isVote ? FrameFate.Drop : FrameFate.Pass;
        });
        int delivered = script.DeliverHeld(static frame => Frames.Is(frame.Header, MessageType.VoteRequest, 1, 3));
        script.Holds(delivered == 1, $"replica 1 sent {delivered} vote requests");
        script.Until(() => hasVoted, "replica 3 votes for 1");
        script[3].PowerCut();
        script[3].Start();
        DemandRefusal(script, voter: 3, candidate: 2);
    }

    /// <summary>S4: a candidate, restarted, is asked for its vote in the term in which it was a candidate itself
    /// (CCF#5891).</summary>
    internal static void FormerCandidateIsAsked(ulong seed)
    {
        using Script script = TwoCandidates(seed);
        script[1].PowerCut();
        script[1].Start();
        DemandRefusal(script, voter: 1, candidate: 2);
    }

    /// <summary>S5, atomic hard state: the power fails at every write of term and vote, under way or just done; after
    /// it the old pair stands or the new one.</summary>
    internal static void HardStateIsAtomic(ulong seed)
    {
        int newer = 0;
        int older = 0;
        int writes = 0;
        for (ulong tear = 0; tear < TearsPerWrite; tear++)
        {
            // Until the replica has no such write any more: then every one was cut.
            int write = 0;
            while (CutAtWrite((seed * TearsPerWrite) + tear, write, ref newer, ref older))
            {
                write++;
            }

            writes += write;
        }

        if (writes < 5 * (int)TearsPerWrite || newer == 0 || older == 0)
        {
            throw new ScenarioException($"{writes} writes were cut, {newer} left the new pair and {older} the old one");
        }
    }

    /// <summary>S6, I/O order: an append of an old term and a vote of a newer one complete in the wrong order. The vote
    /// leaves only when both are durable, and after it nothing acknowledges the append to the old leader.</summary>
    internal static void VoteAndAppendOutOfOrder(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, SubmitBytesMin = 1 });
        SimulatedReplica voter = script[3];
        script.EntriesOnlyTo(3);
        ulong before = voter.Core.LastIndex;
        ulong oldTerm = script[1].Core.Term;
        voter.Ring.IsHeld = true;
        _ = script[1].ProposeAsync(script.World.NextValue());
        script.Until(() => voter.Core.LastIndex == before + 1 && Writes(voter) == 1, "the append is being written");
        bool hasVoted = false;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            Watch(script, header, body, before, oldTerm, ref hasVoted);
            return FrameFate.Pass;
        });

        // The leader dies; a candidate whose log is as good asks for the vote.
        script[1].Kill();
        script.EntriesToAll();
        script.OnlyCandidate(uint.MaxValue);
        script.World.RunFor(voter.Core.Options.ElectionMinNs);
        LeadershipScenarios.InjectVoteRequest(script, 2, 3, oldTerm + 1);
        script.Until(() => voter.Core.Term > oldTerm && Writes(voter) >= 2, "the vote is being written");
        voter.Ring.EndWrite(1);
        voter.Nudge();
        script.Throughout(20 * Script.Millisecond, () => !hasVoted, "the vote waits for the append before it");
        script.Holds(voter.Runtime.Frontiers.Durable == before, $"D rose past a write that has not ended");
        voter.Ring.EndWrite(0);
        voter.Nudge();
        script.Until(() => hasVoted, "the vote leaves when both are durable");
        voter.Ring.IsHeld = false;
        script.World.RunFor(200 * Script.Millisecond);
        script.Holds(
            voter.Core.Log.TermAt(before + 1) == oldTerm || voter.Core.LastIndex == before,
            $"the append of the old term changed its term");
        script[1].Start();
        script.Free();
        script.UntilEqual();
    }

    /// <summary>After a newer vote has left, no acknowledgement in the old term leaves any more.</summary>
    private static void Watch(
        Script script, in FrameHeader header, ReadOnlySpan<byte> body, ulong before, ulong oldTerm, ref bool hasVoted)
    {
        if (header.From != 3)
        {
            return;
        }

        hasVoted |= Frames.Is(header, MessageType.VoteReply) && Frames.IsGrant(header, body);
        bool isLate = hasVoted
            && header.Term <= oldTerm
            && Frames.TryReadReply(header, body, out AppendReplyBody reply)
            && reply.Durable > before;
        script.World.Check(
            Monitoring.Monitor.AnswerDurable,
            !isLate,
            $"replica 3 acknowledges an append of term {oldTerm} after its vote");
    }

    private static int Writes(SimulatedReplica replica) => replica.Ring.UnderWay;

    /// <summary>Replicas 1 and 2 are candidates of the same term, their own votes durable; replica 3 has granted both
    /// a pre-vote and not been asked yet: their requests are held.</summary>
    internal static Script TwoCandidates(ulong seed)
    {
        var script = new Script(new WorldOptions { Seed = seed });
        script.World.StartAll();
        script.UntilFounded();
        script.Cut(1, 2);
        script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> _) =>
            Frames.Is(header, MessageType.VoteRequest) ? FrameFate.Hold : FrameFate.Pass);
        script.World.RunFor(Script.Millisecond);
        script[1].TimeOut();
        script[2].TimeOut();
        script.Until(
            () => script.World.Network.Held.Count == 4, "both campaign", 200 * Script.Millisecond);
        script.Holds(
            script[1].Core.Term == script[2].Core.Term, $"the candidates stand in different terms");
        script.World.Network.Heal();
        return script;
    }

    /// <summary>The held request of a candidate arrives at a voter who has voted in this term: the answer is
    /// no.</summary>
    private static void DemandRefusal(Script script, uint voter, uint candidate)
    {
        bool isAnswered = false;
        bool isGranted = false;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            if (Frames.Is(header, MessageType.VoteReply, voter, candidate))
            {
                isAnswered = true;
                isGranted = Frames.IsGrant(header, body);
            }

            return FrameFate.Pass;
        });
        Redirect(script, candidate, voter);
        script.Until(() => isAnswered, "the second candidate is answered", 200 * Script.Millisecond);
        script.Holds(!isGranted, $"replica {voter} voted twice in a term");
        script.Free();
        script.UntilLeader();
        script.UntilEqual();
    }

    /// <summary>The candidate's request to replica 3, as it would be to any voter.</summary>
    private static void Redirect(Script script, uint candidate, uint voter)
    {
        SimulatedFrame held = script.World.Network.Held.Find(
            frame => Frames.Is(frame.Header, MessageType.VoteRequest, candidate, 3))!;
        script.World.Network.Inject(held.Header with { To = voter }, held.Body);
    }

    /// <returns>False when the replica never started that write.</returns>
    private static bool CutAtWrite(ulong seed, int write, ref int newer, ref int older)
    {
        using var script = new Script(new WorldOptions { Seed = seed });
        script.World.StartAll();
        SimulatedReplica voter = script[3];
        long first = voter.Ring.DurableOperations;
        var pairs = new List<(ulong Term, uint Vote)> { (0, 0) };
        int durable = 0;
        uint next = 1;
        long end = script.World.Now + (4 * Script.Second);
        while (script.World.Now < end && voter.Ring.DurableOperations - first <= write)
        {
            Churn(script, ref next);
            script.World.Step(end);
            RaftState core = voter.Core;
            if (pairs[^1] != (core.Term, core.Vote))
            {
                pairs.Add((core.Term, core.Vote));
            }

            durable = core.HardStateTicket <= core.DurableTicket ? pairs.Count - 1 : durable;
        }

        if (voter.Ring.DurableOperations - first <= write)
        {
            return false;
        }

        // Half of the writes under way are torn, half of them the disk may still finish.
        if (seed % 2 == 0)
        {
            voter.Kill();
        }

        voter.PowerCut();
        voter.Start();
        int found = pairs.LastIndexOf((voter.Core.Term, voter.Core.Vote));
        script.Holds(
            found >= durable,
            $"cut at write {write}: found term {voter.Core.Term} with vote {voter.Core.Vote}, pair {found}; "
            + $"pair {durable} of {pairs.Count} was durable");
        newer += found == pairs.Count - 1 && found > durable ? 1 : 0;
        older += found < pairs.Count - 1 ? 1 : 0;
        script.World.Monitors.Durability.Audit(script.World.Monitors.Elections);
        script.World.ThrowIfBroken();
        return true;
    }

    /// <summary>Whoever leads loses everybody's ear, and the other one of 1 and 2 campaigns: the voter's pair moves
    /// often.</summary>
    private static void Churn(Script script, ref uint next)
    {
        if (script[next].IsLeader)
        {
            script.World.Network.Heal();
            script.World.Network.Isolate(next);
            next = 3 - next;
        }

        script.OnlyCandidate(next);
    }
}
