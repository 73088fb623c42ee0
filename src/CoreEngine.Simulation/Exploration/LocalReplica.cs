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
internal sealed partial class LocalReplica
{
    internal const uint Group = 7;
    internal const ulong Contract = 0xC0;

    private const long HeartbeatNs = 1_000_000_000;
    private const long ElectionMinNs = 1_000 * HeartbeatNs;
    private const long ElectionMaxNs = 1_000 * ElectionMinNs;

    private readonly ExplorerBounds _bounds;
    private readonly MessageTable _messages;
    private readonly RaftOptions _options;
    private readonly Outputs _outputs = new();
    private readonly List<HeldLetter> _held = [];
    private long _now = ElectionMaxNs;

    /// <param name="bounds">How writes and pre-votes are treated.</param>
    /// <param name="messages">Numbers the messages.</param>
    /// <param name="replica">Its number, from 1.</param>
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
            First = bounds.Members.IsFounder(replica)
                ? Configuration.OfVoters(bounds.Members.Voters)
                : Configuration.None,
            Seed = 1,
            Contract = Contract,
            Incarnation = IncarnationOf(replica),
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
        Core = new RaftCore(_options, Medium.Recover(Group));
        Begin();
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

    /// <summary>The life of a replica's directory.</summary>
    internal static ulong IncarnationOf(uint replica) => 1000 + replica;

    /// <summary>The members at the places of a bitmap: bit r-1 stands for replica r.</summary>
    internal static ulong Named(Configuration configuration, ulong places)
    {
        ulong named = 0;
        for (int i = 0; i < configuration.Members.Length; i++)
        {
            named |= ((places >> i) & 1) << (int)(configuration.Members[i].Replica - 1);
        }

        return named;
    }

    /// <summary>One thing happens.</summary>
    internal void Run(Input input)
    {
        Sent.Clear();
        Proof = default;
        Violation = null;
        ulong committed = Core.Frontiers.Committed;
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

            if (Core.Frontiers.Committed < committed && input.Kind != InputKind.Crash)
            {
                Violation = $"replica {Number} knew {committed} committed, and now {Core.Frontiers.Committed}";
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
            case InputKind.Settle:
                Turn(_now + 1, static (_, _) => { });
                break;
            case InputKind.Change:
                MemberChange change = _bounds.Members.Changes[input.Operand];
                Turn(_now + 1, (core, outputs) => core.ChangeMembers(change, outputs));
                break;
            case InputKind.TakeSnapshot:
                TakeSnapshot();
                break;
            case InputKind.SendSnapshot:
                SendSnapshot((uint)input.Operand);
                break;
            case InputKind.Restored:
                EndRestoring();
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

    /// <summary>The first turn. A machine whose log begins behind a snapshot has it restored by then.</summary>
    private void Begin()
    {
        Core.Tick(_now, 0, _outputs);
        if (Medium.Snapshot is { } image)
        {
            bool isSound = Core.Install(image.Certificate, image.Section, _outputs);
            Invariant.Holds(isSound);
        }

        Drain();
        Proof = default;
    }

    private void Crash()
    {
        Medium = Medium.AfterCrash(_bounds.ForgetsVotes);
        _held.Clear();
        Restoring = null;
        Core = new RaftCore(_options, Medium.Recover(Group));
        Begin();
    }

    private void TimeOut()
    {
        Invariant.Holds(State.Role != Role.Leader);
        _now = long.Max(_now + 1, State.ElectionDeadlineNs);
        Core.Tick(_now, 0, _outputs);
        if (!_bounds.PreVotes && State.Role == Role.PreCandidate)
        {
            _outputs.Clear();
            GrantPreVotes();
            Invariant.Holds(State.Role == Role.Candidate);
        }

        Drain();
    }

    /// <summary>As if the other voters had granted the pre-vote at once, one after the other until they
    /// suffice.</summary>
    private void GrantPreVotes()
    {
        Span<byte> body = stackalloc byte[VoteReplyBody.Bytes];
        for (int i = 0; i < State.Quorum.Count && State.Role == Role.PreCandidate; i++)
        {
            uint peer = State.Quorum.VoterAt(i);
            if (peer != Number && State.Quorum.IsVoter(i))
            {
                var header = new MessageHeader(
                    MessageType.PreVoteReply, Group, peer, Number, State.Term + 1, State.Campaign, 0);
                new VoteReplyBody(IncarnationOf(peer), true).Write(body);
                Core.Receive(new Message(header, body), _outputs);
            }
        }
    }

    private void Deliver(Letter letter) => Turn(Soon, (core, outputs) =>
    {
        ReceiveResult result = core.Receive(new Message(letter.Header, letter.Body), outputs);
        bool isFine = result is ReceiveResult.Accepted or ReceiveResult.Stale
            || (result == ReceiveResult.Stranger && _bounds.Members.Changes.Length > 0);
        if (!isFine)
        {
            Violation = $"replica {Number} finds a genuine message {result}: {letter.Text}";
        }

        if (result == ReceiveResult.Accepted && letter.Header.Type == MessageType.InstallSnapshot)
        {
            TakeIn(SnapshotImage.Read(Contract, Group, letter.Body), outputs);
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
        }

        if (Restoring is null && Core.Frontiers.Applied < Core.Frontiers.Committed)
        {
            Core.Applied(Core.Frontiers.Committed, _outputs);
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
                && reply.Durable > ulong.Max(Medium.LastIndex, Medium.Snapshot?.Index ?? 0),
            _ => false,
        };
    }
}

/// <summary>A message that waits for a write.</summary>
internal sealed record HeldLetter(ulong Ticket, MessageHeader Header, byte[] Body);
