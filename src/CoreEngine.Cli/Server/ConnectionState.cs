using System;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>What a connection has asked for all its commands: how fresh its reads are, and the session in which it
/// writes.</summary>
/// <remarks>For one task at a time.</remarks>
internal sealed class ConnectionState : IDisposable
{
    /// <summary>Writes of a session under way at most: more would push the first of them out of its window.</summary>
    internal const int SessionWritesMax = Limits.SessionWindow / 2;

    private Read _level = Read.Linearizable;
    private SessionToken _token;
    private ulong _repeated;

    /// <summary>The session in which this connection writes; null: none.</summary>
    internal Session? Session { get; private set; }

    internal bool HasSession => Session is not null;

    /// <summary>Reads are to reflect what this connection has written and seen, at any replica.</summary>
    internal bool IsOwn { get; private set; }

    /// <summary>How the next reads are read. Before the connection has written or seen anything, one that asks for its
    /// own writes is given more than it asks for.</summary>
    internal Read Level => !IsOwn ? _level : _token.IsValid ? Read.AtLeast(_token) : Read.Linearizable;

    /// <summary>What the last read was given; null before the first.</summary>
    internal ReadResult? Last { get; private set; }

    internal void Use(Read level, bool isOwn)
    {
        _level = level;
        IsOwn = isOwn;
    }

    internal void Enter(Session session) => Session = session;

    /// <summary>The session is left.</summary>
    internal Session? Leave()
    {
        Session? left = Session;
        Session = null;
        _repeated = 0;
        return left;
    }

    /// <summary>The next write is one that was sent before, under this sequence.</summary>
    internal void Repeat(ulong sequence) => _repeated = sequence;

    /// <summary>A read was answered, or refused.</summary>
    internal void Seen(in ReadResult result)
    {
        Last = result;
        Wrote(result.Token);
    }

    /// <summary>A write was committed at this place: later reads do not go back behind it.</summary>
    internal void Wrote(in SessionToken token)
    {
        if (token.IsValid && (!_token.IsValid || token.Index > _token.Index))
        {
            _token = token;
        }
    }

    /// <summary>Proposes a write: in the session, when there is one.</summary>
    internal ValueTask<Receipt> Propose(Group group, ReadOnlySpan<byte> command, Memory<byte> reply)
    {
        ulong sequence = _repeated;
        _repeated = 0;
        return Session is null ? group.ProposeAsync(command, reply)
            : sequence == 0 ? Session.ProposeAsync(command, reply)
            : Session.RepeatAsync(sequence, command.ToArray(), reply);
    }

    /// <summary>What a client is told of a write whose fate is open. Allocates: they are rare.</summary>
    internal byte[] TextOfUnknown(in Receipt receipt) => Encoding.ASCII.GetBytes(HasSession
        ? $"UNKNOWN the write was not decided in time; it may or may not take effect, once: SESSION REPEAT "
            + $"{receipt.Sequence}, then the same command, settles it"
        : "UNKNOWN the write was not decided in time; it may or may not take effect");

    /// <summary>The connection has ended: its session stays open in the group until its timeout, to be
    /// resumed.</summary>
    public void Dispose() => _ = Leave()?.Detach();
}
