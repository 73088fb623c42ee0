using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine;

/// <summary>What a session is to be like.</summary>
public sealed record SessionOptions
{
    /// <summary>
    /// After so long without an entry of the session the leader may expire it, by an entry of the log. Default a
    /// minute; from <see cref="Limits.SessionTimeoutMsMin"/> to <see cref="Limits.SessionTimeoutMsMax"/> milliseconds.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>True keeps an idle session open while the handle lives, by an entry every third of the timeout. Default
    /// true.</summary>
    public bool KeepAlive { get; init; } = true;

    internal ulong TimeoutMs => (ulong)Timeout.TotalMilliseconds;
}

/// <summary>
/// A client's session with a group: what it proposes takes effect exactly once, through lost answers, changes of the
/// leader and restarts of replicas.
/// </summary>
/// <remarks>
/// <para>The session is replicated state (Raft thesis, 6.3): a number, given by the log, and the newest
/// <see cref="Limits.SessionWindow"/> sequences with their replies. At most that many proposals may wait at a time. A
/// client that restarts goes on under the same number: <see cref="Group.ResumeSessionAsync"/>.</para>
/// <para>One handle per session at a time; its members may be called from any thread.</para>
/// </remarks>
public sealed class Session : IAsyncDisposable
{
    private const ulong Window = Limits.SessionWindow;

    private readonly GroupRuntime _runtime;
    private readonly SequenceState[] _states = new SequenceState[Window];
    private readonly Lock _lock = new();
    private readonly Timer? _keeper;
    private ulong _next;
    private bool _expired;
    private bool _disposed;
    private int _proposedSinceKept;

    internal Session(GroupRuntime runtime, SessionOptions options, in Receipt opening, ulong number, ulong next)
    {
        _runtime = runtime;
        Opening = opening;
        Number = number;
        _next = next;
        _expired = opening.Outcome != Outcome.Committed;
        if (options.KeepAlive && IsOpen)
        {
            TimeSpan period = options.Timeout / 3;
            _keeper = new Timer(static state => ((Session)state!).KeepAlive(), this, period, period);
        }
    }

    private enum SequenceState : byte
    {
        Settled = 0,
        InFlight,
        Unknown,
    }

    /// <summary>The session's number in its group: by it and <see cref="NextSequence"/> a client goes on after its
    /// restart.</summary>
    public ulong Number { get; }

    /// <summary>How opening ended. When not Committed there is no session, and every proposal is refused.</summary>
    public Receipt Opening { get; }

    /// <summary>The group held the session open when this handle heard of it last.</summary>
    public bool IsOpen => !Volatile.Read(ref _expired) && !Volatile.Read(ref _disposed);

    /// <summary>The sequence of the next proposal.</summary>
    public ulong NextSequence => Volatile.Read(ref _next);

    /// <summary>Sequences whose outcome this handle does not know: the wait was cancelled, or ended as Unknown. They
    /// can be settled by <see cref="ResolveAsync"/> until the window has passed over them.</summary>
    public IReadOnlyList<ulong> Unresolved
    {
        get
        {
            var found = new List<ulong>();
            lock (_lock)
            {
                ulong first = _next > Window ? _next - Window : 1;
                for (ulong sequence = first; sequence < _next; sequence++)
                {
                    if (_states[sequence % Window] == SequenceState.Unknown)
                    {
                        found.Add(sequence);
                    }
                }
            }

            return found;
        }
    }

    /// <summary>Proposes a command under the next sequence, again and again until it is decided.</summary>
    /// <param name="command">Copied before the call returns; at most <see cref="Limits.EntryBytesMax"/> bytes.</param>
    /// <param name="reply">Receives the machine's reply before the await ends.</param>
    /// <param name="cancellationToken">Stops the wait and the repeating; what was proposed may still take effect,
    /// once.</param>
    /// <returns>
    /// Committed: it took effect once, and the reply is that of this one time. Refused: it never will. Unknown: the
    /// group stopped, or the session expired between two tries; <see cref="Receipt.Sequence"/> names it. Await it once.
    /// </returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<Receipt> ProposeAsync(
        ReadOnlySpan<byte> command, Memory<byte> reply, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!TryTake(out ulong sequence, out Refusal refusal))
        {
            return new ValueTask<Receipt>(Receipts.Refused(refusal));
        }

        _proposedSinceKept = 1;
        var terms = new ProposalTerms(EntryIdentity.OfSession(Number, sequence), IsRetried: true, this);
        ProposalSource? source = _runtime.TryEnqueue(
            command, reply, terms, out refusal, out ValueTask<Receipt> result, cancellationToken);
        if (source is not null)
        {
            return result;
        }

        Note(sequence, SequenceState.Settled);
        return new ValueTask<Receipt>(Receipts.Refused(refusal));
    }

    /// <inheritdoc cref="ProposeAsync(ReadOnlySpan{byte}, Memory{byte}, CancellationToken)"/>
    public ValueTask<Receipt> ProposeAsync(
        ReadOnlySpan<byte> command, CancellationToken cancellationToken = default) =>
        ProposeAsync(command, default, cancellationToken);

    /// <summary>Proposes a command under a sequence that was used before, as a client does that has restarted and does
    /// not know what became of it.</summary>
    /// <param name="sequence">Below <see cref="NextSequence"/>.</param>
    /// <param name="command">The same command as before: another one is refused.</param>
    /// <param name="reply">Receives the reply: that of the first time, when there was one.</param>
    /// <param name="cancellationToken">As for the first proposal.</param>
    /// <returns>As for a first proposal; Unknown when the sequence lies below the window.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The sequence was not given out yet.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<Receipt> RepeatAsync(
        ulong sequence,
        ReadOnlyMemory<byte> command,
        Memory<byte> reply = default,
        CancellationToken cancellationToken = default)
    {
        Verify(sequence);
        Receipt receipt = await AskAsync(
            EntryIdentity.OfSession(Number, sequence), command, reply, cancellationToken).ConfigureAwait(false);
        return Settled(sequence, receipt);
    }

    /// <summary>Settles a sequence without its command: whatever the answer, it is the last word.</summary>
    /// <param name="sequence">One that this client has used.</param>
    /// <param name="reply">Receives the machine's reply, when the command took effect and the reply is still
    /// kept.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>
    /// Committed: it took effect, at the coordinate. Refused (SequenceSettled): it did not, and never will, even if a
    /// copy of it still arrives. Unknown: the session no longer knows.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The sequence was not given out yet.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<Receipt> ResolveAsync(
        ulong sequence, Memory<byte> reply = default, CancellationToken cancellationToken = default)
    {
        Verify(sequence);
        var settle = EntryIdentity.OfControl(SessionControl.Settle, Number, sequence);
        Receipt receipt = await AskAsync(settle, default, reply, cancellationToken).ConfigureAwait(false);
        return Settled(sequence, receipt);
    }

    /// <summary>Shows the group that the client lives.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<Receipt> KeepAliveAsync(CancellationToken cancellationToken = default)
    {
        var alive = EntryIdentity.OfControl(SessionControl.KeepAlive, Number, 0);
        Receipt receipt = await AskAsync(alive, default, default, cancellationToken).ConfigureAwait(false);
        NoteExpiry(receipt);
        return receipt;
    }

    /// <summary>Closes the session in the group, when it can be reached; else it expires there.</summary>
    public async ValueTask DisposeAsync()
    {
        bool wasOpen = IsOpen;
        Volatile.Write(ref _disposed, true);
        if (_keeper is not null)
        {
            await _keeper.DisposeAsync().ConfigureAwait(false);
        }

        if (wasOpen)
        {
            var close = new ProposalTerms(EntryIdentity.OfControl(SessionControl.Close, Number, 0), IsRetried: false);
            _ = await _runtime.AskAsync(close, default, default, default).ConfigureAwait(false);
        }
    }

    /// <summary>Stops the handle without a word to the group: the client goes on elsewhere, under the same
    /// number.</summary>
    /// <returns>The first sequence that was not used here.</returns>
    public ulong Detach()
    {
        Volatile.Write(ref _disposed, true);
        _keeper?.Dispose();
        return NextSequence;
    }

    /// <summary>The shard's thread: a proposal of this session was decided.</summary>
    internal void Ended(in Receipt receipt)
    {
        Note(receipt.Sequence, receipt.Outcome == Outcome.Unknown ? SequenceState.Unknown : SequenceState.Settled);
        NoteExpiry(receipt);
    }

    private void Verify(ulong sequence)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, NextSequence);
    }

    private bool TryTake(out ulong sequence, out Refusal refusal)
    {
        sequence = 0;
        if (!IsOpen)
        {
            refusal = new Refusal(RefusalCode.SessionExpired, Number);
            return false;
        }

        lock (_lock)
        {
            bool isFree = _states[_next % Window] != SequenceState.InFlight;
            refusal = isFree ? default : new Refusal(RefusalCode.QueueFull, Window);
            if (isFree)
            {
                sequence = _next++;
                _states[sequence % Window] = SequenceState.InFlight;
            }

            return isFree;
        }
    }

    private void Note(ulong sequence, SequenceState state)
    {
        lock (_lock)
        {
            if (sequence + Window >= _next)
            {
                _states[sequence % Window] = state;
            }
        }
    }

    private Receipt Settled(ulong sequence, Receipt receipt)
    {
        bool isForgotten = receipt.Refusal.Code is RefusalCode.SessionExpired or RefusalCode.SequenceTooOld;
        receipt = receipt with
        {
            Sequence = sequence,
            Outcome = isForgotten ? Outcome.Unknown : receipt.Outcome,
        };
        if (receipt.Outcome == Outcome.Committed || receipt.Refusal.Code == RefusalCode.SequenceSettled)
        {
            Note(sequence, SequenceState.Settled);
        }

        NoteExpiry(receipt);
        return receipt;
    }

    private void NoteExpiry(in Receipt receipt)
    {
        if (receipt.Refusal.Code == RefusalCode.SessionExpired)
        {
            Volatile.Write(ref _expired, true);
        }
    }

    private void KeepAlive()
    {
        // Whatever it proposed since has shown that it lives.
        if (Interlocked.Exchange(ref _proposedSinceKept, 0) == 0 && IsOpen)
        {
            _ = KeepAliveAsync().AsTask();
        }
    }

    private ValueTask<Receipt> AskAsync(
        EntryIdentity identity, ReadOnlyMemory<byte> command, Memory<byte> reply, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _runtime.AskAsync(
            new ProposalTerms(identity, IsRetried: true), command, reply, cancellationToken);
    }
}
