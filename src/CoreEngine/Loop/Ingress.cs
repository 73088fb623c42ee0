using System;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>First stage of a turn: frames from peers and proposals from hosts go to their cores, in batches.</summary>
internal static class Ingress
{
    /// <summary>Bytes of proposals given to the core at once, and to another leader in one frame.</summary>
    internal const int ProposalBatchBytesMax = 256 * 1024;

    private const int FramesPerTurnMax = 256;

    /// <summary>Links and frames. Returns true when something came.</summary>
    internal static bool Receive(EngineLoop loop)
    {
        bool any = false;
        while (loop.Transport.TryReceiveEvent(out LinkEvent change))
        {
            any = true;
            loop.LinkChanged(change);
        }

        for (int i = 0; i < FramesPerTurnMax; i++)
        {
            if (!loop.Transport.TryReceive(out FrameHeader header, out ReadOnlySpan<byte> body))
            {
                return any;
            }

            any = true;
            Dispatch(loop, header, body);
        }

        return any;
    }

    /// <summary>
    /// Takes a group's proposals in, when it is time to: see <see cref="EngineLoop.MayTakeProposals"/>.
    /// </summary>
    internal static bool Propose(EngineLoop loop, GroupRuntime group)
    {
        bool any = false;
        int credit = GroupCredits.TurnBytesMax;
        while (group.Queue.Bytes > 0 && credit > 0)
        {
            Span<byte> batch = group.Queue.Peek(ProposalBatchBytesMax);
            if (batch.IsEmpty)
            {
                break;
            }

            // A follower hands on what it cannot write itself.
            if (loop.IsLogFull && group.Core.Status.Role == Role.Leader)
            {
                RefuseAll(loop, group, new Refusal(RefusalCode.LogFull));
                return true;
            }

            ProposeResult result = group.Core.Propose(new ProposalReader(batch), group.Outputs);
            int taken = Accept(loop, group, batch, result);
            any |= taken > 0;
            if (result.Refusal.Code is RefusalCode.NotLeader && taken == 0)
            {
                taken = Forwarding.Send(loop, group, batch, (uint)result.Refusal.First);
                any |= taken > 0;
            }

            if (taken == 0)
            {
                Hold(loop, group, result.Refusal);
                return any;
            }

            group.QueueHeldSince = 0;
            group.Queue.Consume(taken);
            credit -= taken;
        }

        return any;
    }

    /// <summary>Empties the queue: every proposal in it ends as Refused, for it has left no trace.</summary>
    internal static void RefuseAll(EngineLoop loop, GroupRuntime group, Refusal refusal)
    {
        group.QueueHeldSince = 0;
        while (true)
        {
            Span<byte> batch = group.Queue.Peek(int.MaxValue);
            if (batch.IsEmpty)
            {
                return;
            }

            var reader = new ProposalReader(batch);
            while (reader.TryRead(out Proposal proposal))
            {
                loop.Decide(group, proposal.Origin.Correlation, Receipts.Refused(refusal), default);
            }

            group.Queue.Consume(batch.Length);
        }
    }

    /// <summary>A proposal leaves the queue. Null when nobody waits for it any more: a repeat of one that was decided
    /// meanwhile.</summary>
    internal static ProposalSource? Departs(EngineLoop loop, GroupRuntime group, in Proposal proposal)
    {
        ProposalSource? source = group.Slots.Find(proposal.Origin.Correlation);
        if (source is not { Stage: ProposalStage.Queued })
        {
            Invariant.Holds(proposal.Kind != EntryFlags.None);
            return null;
        }

        source.Retry.Attempts++;
        return source;
    }

    private static void Dispatch(EngineLoop loop, in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if ((MessageType)header.Type == MessageType.NodeBeat && !loop.Peers.IsSilenced(header.From))
        {
            loop.Counters.Count(loop.Liveness.Receive(header, body));
            return;
        }

        GroupRuntime? group = loop.Find(header.Group);
        if (group is null || group.Fault is not null || loop.Peers.IsSilenced(header.From))
        {
            loop.Counters.FramesForUnknownGroup++;
            return;
        }

        loop.Activate(group);
        var type = (MessageType)header.Type;
        if (type == MessageType.ForwardAnswer)
        {
            EarlyAnswers.Take(loop, group, header, body);
            return;
        }

        if (type is MessageType.Forward or MessageType.ForwardReply)
        {
            Forwarding.Receive(loop, group, header, body);
            return;
        }

        if (type == MessageType.DigestNotice)
        {
            loop.Counters.Count(group.Digests.Receive(loop, header, body));
            return;
        }

        if (type is MessageType.MemberRequest or MessageType.MemberReply)
        {
            group.MemberChanges.Receive(loop, group, header, body);
            return;
        }

        var message = new MessageHeader(
            type, header.Group, header.From, header.To, header.Term, header.Sequence, header.Correlation);
        ReceiveResult result = group.Core.Receive(new Message(message, body), group.Outputs);
        loop.Counters.Count(result);
        if (result == ReceiveResult.Accepted && type is MessageType.InstallSnapshot or MessageType.InstallReply)
        {
            group.Snapshots.Receive(header, body);
        }

        if (result == ReceiveResult.NewerLevel)
        {
            loop.Fail(group, new EngineFault(
                $"replica {header.From} leads group '{group.Name}' at a feature level above "
                + $"{loop.Options.FeatureLevel}, the newest that this replica speaks: go on with the newer build here, "
                + "nothing is lost",
                null));
        }

        if (result == ReceiveResult.Contradiction)
        {
            loop.Fail(group, new EngineFault(
                $"replica {header.From} sent a {type} of term {header.Term} that contradicts what is proven here; "
                + "compare the replicas' logs before restarting", null));
        }
    }

    /// <summary>Notes where the accepted ones stand; returns their bytes.</summary>
    private static int Accept(EngineLoop loop, GroupRuntime group, ReadOnlySpan<byte> batch, in ProposeResult result)
    {
        var reader = new ProposalReader(batch);
        int bytes = 0;
        for (int i = 0; i < result.Accepted; i++)
        {
            bool read = reader.TryRead(out Proposal proposal);
            Invariant.Holds(read);
            bytes += ProposalReader.SizeOf(proposal.Payload.Length);
            ulong correlation = proposal.Origin.Correlation;
            if (Departs(loop, group, proposal) is not { } source)
            {
                continue;
            }

            loop.Leave(source, ProposalStage.InLog);
            source.LastEntry = (result.FirstIndex + (ulong)i, result.Term);
            group.Pending.Add(new PendingEntry(result.FirstIndex + (ulong)i, result.Term, correlation));
            if (proposal.Level != Durability.QuorumDurable)
            {
                group.Early.Note(
                    loop, group, proposal.Level, proposal.Origin, result.FirstIndex + (ulong)i, result.Term);
            }
        }

        loop.Counters.Proposals += result.Accepted;
        loop.Latencies?.Accepted(group, result, loop.Now);
        return bytes;
    }

    /// <summary>The head of the queue cannot move. It is kept for a while: leaders come, followers catch up.</summary>
    private static void Hold(EngineLoop loop, GroupRuntime group, Refusal refusal)
    {
        if (group.QueueHeldSince == 0)
        {
            group.QueueHeldSince = loop.Now;
        }

        bool leaderless = refusal.Code is RefusalCode.NoLeader or RefusalCode.NotLeader;
        long patience = leaderless ? loop.LeaderlessPatienceNs : loop.ProposalTimeoutNs;
        if (loop.Now - group.QueueHeldSince >= patience || !group.Options.Forward && leaderless)
        {
            RefuseAll(loop, group, refusal);
        }
    }
}
