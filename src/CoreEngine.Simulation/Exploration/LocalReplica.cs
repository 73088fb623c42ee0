using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Exploration;

/// <summary>One replica alone: the real core, its medium and its own clock. Inputs go in, messages come out.</summary>
/// <remarks>
/// The clock goes where the input needs it, and by one nanosecond otherwise; a message arrives when the last leader
/// has not been heard for long enough, so that no vote is refused for a live leader: such a refusal changes nothing,
/// like a message that is lost.
/// </remarks>
internal sealed class LocalReplica
{
    internal const uint Group = 7;

    private const long HeartbeatNs = 1_000_000_000;
    private const long ElectionMinNs = 1_000 * HeartbeatNs;
    private const long ElectionMaxNs = 1_000 * ElectionMinNs;
    private const ulong Contract = 0xC0;

    private readonly ExplorerBounds _bounds;
    private readonly MessageTable _messages;
    private readonly RaftOptions _options;
    private readonly Outputs _outputs = new();
    private readonly List<HeldLetter> _held = [];
    private long _now = ElectionMaxNs;

    /// <param name="bounds">How writes and pre-votes are treated.</param>
    /// <param name="messages">Numbers the messages.</param>
    /// <param name="replica">1 to 3.</param>
    /// <param name="medium">What it starts from; owned by the replica from now on.</param>
    internal LocalReplica(ExplorerBounds bounds, MessageTable messages, uint replica, Medium medium)
    {
        _bounds = bounds;
        _messages = messages;
        Medium = medium;
        _options = new RaftOptions
        {
            Group = Group,
            Replica = replica,
            First = Configuration.OfVoters([1, 2, 3]),
            Seed = 1,
            Contract = Contract,
            Incarnation = 1000 + replica,
            HeartbeatNs = HeartbeatNs,
            ElectionMinNs = ElectionMinNs,
            ElectionMaxNs = ElectionMaxNs,

            // A risen C travels with the next heartbeat or entries: one message instead of two that say the same.
            NoticeDelayNs = HeartbeatNs,

            // Clocks leap here: what a slow disk costs in time is not explored.
            StallNs = long.MaxValue / 2,
            SlowFlushFactor = 0,
            AppendEntriesMax = bounds.AppendEntriesMax,
        };
        Core = Start();
    }

    internal uint Number => _options.Replica;

    internal RaftCore Core { get; private set; }

    internal RaftState State => Core.State;

    internal Medium Medium { get; private set; }

    /// <summary>Messages that wait for a write.</summary>
    internal IReadOnlyList<HeldLetter> Held => _held;

    /// <summary>What the last input sent.</summary>
    internal List<int> Sent { get; } = [];

    /// <summary>The certificate that the last input produced; default when none.</summary>
    internal CommitCertificate Proof { get; private set; }

    /// <summary>What was wrong with the last input; null when nothing.</summary>
    internal string? Violation { get; private set; }

    /// <summary>One thing happens.</summary>
    internal void Run(Input input)
    {
        Sent.Clear();
        Proof = default;
        Violation = null;
        try
        {
            Apply(input);
            if (!_bounds.WritesApart && !input.LosesWrites && input.Kind != InputKind.Crash)
            {
                while (Medium.Pending.Count > 0)
                {
                    Persist();
                }
            }

            if (input.LosesWrites)
            {
                Crash();
            }
        }
        catch (InvariantException error)
        {
            Violation = $"an assertion of the core failed: {error.Message}";
        }
    }

    private void Apply(Input input)
    {
        switch (input.Kind)
        {
            case InputKind.TimeOut:
                TimeOut();
                break;
            case InputKind.StepDown:
                Turn(_now + ElectionMaxNs, static (_, _) => { });
                break;
            case InputKind.Heartbeat:
                Turn(long.Max(_now + 1, State.HeartbeatDeadlineNs), static (_, _) => { });
                break;
            case InputKind.Resend:
                long silent = long.Max(_now + ElectionMinNs, State.HeartbeatDeadlineNs);
                Turn(silent, static (_, _) => { });
                break;
            case InputKind.Propose:
                byte[] batch = EntryReader.Batch(input.Operand);
                Turn(Soon, (core, outputs) => core.Propose(new ProposalReader(batch), outputs));
                break;
            case InputKind.Persist:
                Persist();
                break;
            case InputKind.Crash:
                Crash();
                break;
            default:
                Deliver(_messages[input.Operand]);
                break;
        }
    }

    /// <summary>Later than before, and later than a follower would protect its leader.</summary>
    private long Soon =>
        State.Role != Role.Leader && State.Leader != 0
            ? long.Max(_now + 1, State.LeaderHeardNs + ElectionMinNs)
            : _now + 1;

    private RaftCore Start()
    {
        var core = new RaftCore(_options, Medium.Recover(Group));
        core.Tick(_now, 0, _outputs);
        return core;
    }

    private void Crash()
    {
        Medium = Medium.AfterCrash(_bounds.ForgetsVotes);
        _held.Clear();
        Core = Start();
    }

    private void TimeOut()
    {
        Invariant.Holds(State.Role != Role.Leader);
        _now = long.Max(_now + 1, State.ElectionDeadlineNs);
        Core.Tick(_now, 0, _outputs);
        if (!_bounds.PreVotes)
        {
            // As if a peer had granted the pre-vote at once.
            _outputs.Clear();
            uint peer = (Number % 3) + 1;
            var header = new MessageHeader(
                MessageType.PreVoteReply, Group, peer, Number, State.Term + 1, State.Campaign, 0);
            Span<byte> body = stackalloc byte[VoteReplyBody.Bytes];
            new VoteReplyBody(1000 + peer, true).Write(body);
            Core.Receive(new Message(header, body), _outputs);
            Invariant.Holds(State.Role == Role.Candidate);
        }

        Drain();
    }

    private void Deliver(Letter letter) => Turn(Soon, (core, outputs) =>
    {
        ReceiveResult result = core.Receive(new Message(letter.Header, letter.Body), outputs);
        if (result is not (ReceiveResult.Accepted or ReceiveResult.Stale))
        {
            Violation = $"replica {Number} finds a genuine message {result}: {letter.Text}";
        }
    });

    private void Persist()
    {
        ulong ticket = Medium.Complete();
        Turn(Soon, (core, outputs) => core.Persisted(ticket, outputs));
        foreach (HeldLetter held in _held)
        {
            if (held.Ticket <= ticket)
            {
                Post(held.Header, held.Body);
            }
        }

        _held.RemoveAll(held => held.Ticket <= ticket);
    }

    private void Turn(long now, Action<RaftCore, Outputs> step)
    {
        _now = now;
        Core.Tick(now, 0, _outputs);
        step(Core, _outputs);
        Drain();
    }

    private void Drain()
    {
        foreach (ref readonly PersistItem item in _outputs.Persist)
        {
            Medium.Stage(item, Core.Log);
        }

        foreach (ref readonly OutboundMessage message in _outputs.SendNow)
        {
            Post(message.Header, Gather(message));
        }

        for (int i = 0; i < _outputs.SendAfterDurable.Length; i++)
        {
            OutboundMessage message = _outputs.SendAfterDurable[i];
            _held.Add(new HeldLetter(_outputs.SendAfterDurableTickets[i], message.Header, Gather(message)));
        }

        if (_outputs.CommitProof.IsValid)
        {
            Proof = _outputs.CommitProof;
            Core.Applied(Proof.Index, _outputs);
        }

        Invariant.Holds(_outputs.Loads.IsEmpty);
        _outputs.Clear();
    }

    private byte[] Gather(in OutboundMessage message)
    {
        MessageBody fixedPart = message.Body;
        ReadOnlySpan<byte> body = fixedPart;
        Invariant.Holds(message.Source != EntrySource.Window);
        ReadOnlySpan<byte> entries = message.Source == EntrySource.Suffix
            ? Core.Log.Bytes(message.FirstEntry, message.EntryCount)
            : default;
        return [.. body[..message.BodyLength], .. entries];
    }

    private void Post(in MessageHeader header, byte[] body)
    {
        if (IsClaimedTooEarly(header, body))
        {
            Violation = $"replica {Number} says what its medium does not hold: {header.Type} in term {header.Term}";
        }

        Sent.Add(_messages.Find(header, body));
    }

    /// <summary>Raft paper, figure 2: "updated on stable storage before responding".</summary>
    private bool IsClaimedTooEarly(in MessageHeader header, byte[] body)
    {
        if (header.Type is MessageType.PreVoteRequest or MessageType.PreVoteReply)
        {
            return false;
        }

        if (header.Term > Medium.Term)
        {
            return true;
        }

        return header.Type switch
        {
            MessageType.VoteReply => VoteReplyBody.TryRead(body, out VoteReplyBody vote)
                && vote.Granted && header.Term == Medium.Term && Medium.Vote != header.To,
            MessageType.AppendReply => AppendReplyBody.TryRead(body, out AppendReplyBody reply)
                && reply.Durable > (ulong)Medium.Records.Count,
            _ => false,
        };
    }
}

/// <summary>A message that waits for a write.</summary>
internal sealed record HeldLetter(ulong Ticket, MessageHeader Header, byte[] Body);
