using System;
using System.Collections.Generic;
using System.Text;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>A message that waits for the script to deliver it.</summary>
/// <param name="Header">Who, to whom, what.</param>
/// <param name="Body">Fixed part and entries.</param>
internal sealed record Letter(MessageHeader Header, byte[] Body)
{
    /// <summary>Term of the newest entry that it carries; 0 when it carries none.</summary>
    internal ulong LastEntryTerm
    {
        get
        {
            ulong term = 0;
            if (Header.Type == MessageType.AppendEntries
                && AppendEntriesBody.TryRead(Body, Header.Group, out _, out ReadOnlySpan<byte> records))
            {
                while (RecordHeader.TryRead(records, out RecordHeader header, out ReadOnlySpan<byte> record))
                {
                    term = header.Term;
                    records = records[record.Length..];
                }
            }

            return term;
        }
    }
}

/// <summary>
/// Raft cores without a world around them: nothing moves unless the script says so. Writes are durable at once.
/// </summary>
internal sealed class CoreScript
{
    internal const uint Group = 1;
    private const int RoundsMax = 1000;

    // The first refusal teaches the newest term; after that it is the logs that decide.
    private const int CampaignsMax = 3;

    private readonly ScriptedCore[] _cores;
    private readonly List<Letter> _wire = [];

    internal CoreScript(int replicas, ulong seed)
    {
        uint[] voters = new uint[replicas];
        for (int i = 0; i < replicas; i++)
        {
            voters[i] = (uint)i + 1;
        }

        _cores = new ScriptedCore[replicas];
        for (int i = 0; i < replicas; i++)
        {
            _cores[i] = new ScriptedCore(
                _wire,
                new RaftOptions
                {
                    Group = Group,
                    Replica = voters[i],
                    First = Configuration.OfVoters(voters),
                    Seed = unchecked((seed * 1000) + voters[i]),
                    Contract = 1,
                    Incarnation = voters[i],
                    AppendEntriesMax = 1,
                });
        }
    }

    internal IReadOnlyList<ScriptedCore> Cores => _cores;

    internal ScriptedCore this[uint replica] => _cores[replica - 1];

    /// <summary>A replica's election timeout ends; the others have just stopped hearing their leader.</summary>
    internal void TimeOut(uint replica)
    {
        foreach (ScriptedCore core in _cores)
        {
            if (core.IsUp && core.Replica != replica)
            {
                core.ForgetLeader();
            }
        }

        this[replica].TimeOut();
    }

    /// <summary>Delivers what the script lets pass, and what that causes, until nothing moves; the rest is
    /// lost.</summary>
    internal void Deliver(Func<Letter, bool> passes)
    {
        for (int round = 0; _wire.Count > 0 || TickDue(); round++)
        {
            Invariant.Holds(round < RoundsMax);
            Letter[] letters = [.. _wire];
            _wire.Clear();
            foreach (Letter letter in letters)
            {
                if (this[letter.Header.To].IsUp && passes(letter))
                {
                    this[letter.Header.To].Receive(letter);
                }
            }
        }
    }

    /// <summary>A replica campaigns until it leads or was refused in a term that nobody has used yet.</summary>
    /// <returns>True when it leads.</returns>
    internal bool Campaign(uint replica, Func<Letter, bool> passes)
    {
        for (int i = 0; i < CampaignsMax && this[replica].State.Role != Role.Leader; i++)
        {
            TimeOut(replica);
            Deliver(passes);
        }

        return this[replica].State.Role == Role.Leader;
    }

    /// <summary>Links to and from a replica that came back are new: what was in flight is not waited for.</summary>
    internal void Restart(uint replica)
    {
        this[replica].Restart();
        foreach (ScriptedCore core in _cores)
        {
            if (core.IsUp && core.Replica != replica)
            {
                core.Relink(replica);
            }
        }
    }

    /// <summary>Lets a core say what it owes at this very instant.</summary>
    private bool TickDue()
    {
        bool any = false;
        foreach (ScriptedCore core in _cores)
        {
            any |= core.IsUp && core.TickIfDue();
        }

        return any;
    }
}

/// <summary>One core with its medium.</summary>
internal sealed class ScriptedCore
{
    private readonly List<Letter> _wire;
    private readonly RaftOptions _options;
    private readonly Outputs _outputs = new();
    private readonly List<byte[]> _records = [];
    private RaftCore _core;
    private ulong _term;
    private uint _vote;
    private ulong _commit;
    private long _now = 1_000_000_000;
    private ulong _life;

    internal ScriptedCore(List<Letter> wire, RaftOptions options)
    {
        _wire = wire;
        _options = options;
        _core = Recover();
    }

    internal uint Replica => _options.Replica;

    internal bool IsUp { get; private set; } = true;

    internal RaftState State => _core.State;

    /// <summary>Terms of the entries on the medium, from index 1.</summary>
    internal ulong[] Terms
    {
        get
        {
            ulong[] terms = new ulong[_records.Count];
            for (int i = 0; i < terms.Length; i++)
            {
                terms[i] = RecordHeader.Read(_records[i]).Term;
            }

            return terms;
        }
    }

    /// <summary>The command at an index of the medium; null for an anchor or beyond the end.</summary>
    internal string? CommandAt(ulong index)
    {
        if (index == 0 || index > (ulong)_records.Count)
        {
            return null;
        }

        byte[] record = _records[(int)index - 1];
        bool isRead = EntryCodec.TryRead(RecordHeader.Read(record), record, out Entry entry);
        Invariant.Holds(isRead);
        return (entry.Flags & EntryFlags.Anchor) != 0 ? null : Encoding.UTF8.GetString(entry.Payload);
    }

    internal void Receive(Letter letter) => Turn((core, outputs) =>
        Invariant.Holds(core.Receive(new Message(letter.Header, letter.Body), outputs)
            is ReceiveResult.Accepted or ReceiveResult.Stale));

    internal void Propose(string command) => Turn((core, outputs) =>
    {
        byte[] payload = Encoding.UTF8.GetBytes(command);
        byte[] batch = new byte[ProposalReader.SizeOf(payload.Length)];
        ProposalReader.Write(batch, default, payload);
        Invariant.Holds(core.Propose(new ProposalReader(batch), outputs).Accepted == 1);
    });

    internal void TimeOut()
    {
        Turn(static (_, _) => { });
        _now = long.Max(_now, _core.Deadline);
        Turn(static (_, _) => { });
    }

    /// <summary>So much time passes that this replica may vote for somebody else.</summary>
    internal void ForgetLeader()
    {
        Turn(static (_, _) => { });
        if (_core.Status.Role != Role.Leader)
        {
            _now = long.Max(_now, State.LeaderHeardNs + _options.ElectionMinNs);
        }
    }

    /// <returns>True when something was due.</returns>
    internal bool TickIfDue()
    {
        bool isDue = _core.Deadline <= _now;
        if (isDue)
        {
            Turn(static (_, _) => { });
        }

        return isDue;
    }

    internal void Relink(uint peer) => Turn((core, outputs) =>
    {
        core.LinkChanged(peer, false, outputs);
        core.LinkChanged(peer, true, outputs);
    });

    internal void Crash()
    {
        Invariant.Holds(IsUp);
        IsUp = false;
    }

    internal void Restart()
    {
        Invariant.Holds(!IsUp);
        _core = Recover();
        IsUp = true;
    }

    private RaftCore Recover()
    {
        _life++;
        var log = new LogSuffix(CoreScript.Group);
        foreach (byte[] record in _records)
        {
            bool isTaken = RecordHeader.TryRead(record, out RecordHeader header, out ReadOnlySpan<byte> whole)
                && log.AppendRecord(header, whole);
            Invariant.Holds(isTaken);
            log.ReleaseThrough(header.Index);
        }

        RaftOptions options = _options with { Seed = unchecked((_options.Seed * 1000) + _life) };
        return new RaftCore(options, new RaftRecovery(_term, _vote, _commit, log));
    }

    private void Turn(Action<RaftCore, Outputs> step)
    {
        Invariant.Holds(IsUp);
        _core.Tick(_now, _now, _outputs);
        step(_core, _outputs);
        while (Honour() is { } ticket)
        {
            _core.Persisted(ticket, _outputs);
        }
    }

    /// <summary>Does what the core asks for, in the order of <see cref="Outputs"/>.</summary>
    /// <returns>The newest ticket written; null when nothing was.</returns>
    private ulong? Honour()
    {
        ulong? ticket = null;
        foreach (ref readonly PersistItem item in _outputs.Persist)
        {
            Write(item);
            ticket = item.Ticket;
        }

        foreach (ref readonly OutboundMessage message in _outputs.SendNow)
        {
            _wire.Add(Gather(message));
        }

        // The medium is quick: what waits for it may leave with it.
        foreach (ref readonly OutboundMessage message in _outputs.SendAfterDurable)
        {
            _wire.Add(Gather(message));
        }

        Invariant.Holds(_outputs.Loads.Length == 0);
        ulong committed = _outputs.CommitProof.Index;
        _outputs.Clear();
        if (committed > 0)
        {
            _core.Applied(committed, _outputs);
        }

        return ticket;
    }

    private void Write(in PersistItem item)
    {
        switch (item.Kind)
        {
            case PersistKind.HardState:
                (_term, _vote, _commit) = (item.Term, item.Vote, item.Commit);
                break;
            case PersistKind.Truncate:
                _records.RemoveRange((int)item.Last, int.Max(0, _records.Count - (int)item.Last));
                break;
            default:
                Invariant.Holds(item.First == (ulong)_records.Count + 1);
                for (ulong i = item.First; i <= item.Last; i++)
                {
                    _records.Add(_core.Log.Record(i).ToArray());
                }

                _core.Log.ReleaseThrough(item.Last);
                break;
        }
    }

    private Letter Gather(in OutboundMessage message)
    {
        MessageBody whole = message.Body;
        ReadOnlySpan<byte> body = whole;
        ReadOnlySpan<byte> entries = message.Source == EntrySource.Suffix
            ? _core.Log.Bytes(message.FirstEntry, message.EntryCount)
            : default;
        Invariant.Holds(message.Source != EntrySource.Window);
        return new Letter(message.Header, [.. body[..message.BodyLength], .. entries]);
    }
}
