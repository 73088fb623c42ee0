using System;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>One pending proposal: the host awaits it, the loop completes it, then it is used again.</summary>
/// <remarks>
/// A place is free again only after both ends let go: the host took the result (or was cancelled), and the loop
/// decided.
/// Three fields arbitrate: <c>_settled</c> (who came first, the loop or a cancellation), <c>_ends</c> (which ends let
/// go), <c>_ready</c>
/// (a ticket's receipt may be taken).
/// </remarks>
internal sealed class ProposalSource(int slot) : IValueTaskSource<Receipt>, IResumable
{
    private const int ByLoop = 1;
    private const int ByCancellation = 2;
    private const int HostEnd = 1;
    private const int LoopEnd = 2;
    private const int KeptReplyBytesMax = 4096;
    private const long ReadyMark = 1L << 32;

    /// <summary>What it takes to propose it again; the loop's, once the proposal is queued.</summary>
    internal RetryNote Retry;

    private ManualResetValueTaskSourceCore<Receipt> _core;
    private CancellationTokenRegistration _registration;
    private Memory<byte> _callerReply;
    private byte[] _reply = [];
    private Receipt _receipt;
    private int _settled;
    private int _ends;

    /// <summary>A ticket's receipt waits to be taken: the generation with <see cref="ReadyMark"/>; else 0.</summary>
    private long _ready;

    /// <summary>Free: slot number + 1 of the next free place.</summary>
    internal int NextFree;

    internal int Slot { get; } = slot;

    /// <summary>The group whose proposal it is; of the last one when free.</summary>
    internal ProposalSlots? Owner { get; set; }

    /// <summary>Undecided: the one that is given up before it.</summary>
    internal ProposalSource? Earlier { get; set; }

    /// <summary>Undecided: the one that is given up after it.</summary>
    internal ProposalSource? Later { get; set; }

    /// <summary>Which use of the place; rises by one at each rent.</summary>
    internal uint Generation { get; private set; }

    /// <summary>True when the receipt is polled by ticket, not awaited.</summary>
    internal bool IsTicket { get; private set; }

    /// <summary>The loop's own note; other threads leave it alone once the proposal is queued.</summary>
    internal ProposalStage Stage { get; set; }

    /// <summary>When the loop gives up on it. Monotonic nanoseconds.</summary>
    internal long Deadline { get; set; }

    /// <summary>Where it was appended last; one that is proposed again may stand in the log more than once.</summary>
    internal (ulong Index, ulong Term) LastEntry { get; set; }

    /// <summary>The number by which queue, log and peers know this use of the place.</summary>
    internal ulong Correlation => ((ulong)Generation << 32) | (uint)Slot;

    /// <summary>The host no longer waits.</summary>
    internal bool IsAbandoned => Volatile.Read(ref _settled) == ByCancellation;

    internal void Rent(Memory<byte> callerReply, bool isTicket)
    {
        Retry.Clear();
        Generation = unchecked(Generation + 1);
        IsTicket = isTicket;
        Stage = ProposalStage.Queued;
        Deadline = 0;
        _callerReply = callerReply;
        _settled = 0;
        _ends = 0;
        _ready = 0;
    }

    /// <summary>The host's side: what <c>ProposeAsync</c> returns.</summary>
    internal ValueTask<Receipt> Await(CancellationToken cancellationToken)
    {
        // Without a token the continuation runs on the completer's own pool thread; with one it must not run inside
        // Cancel().
        _core.RunContinuationsAsynchronously = cancellationToken.CanBeCanceled;
        short version = _core.Version;
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (source, token) => ((ProposalSource)source!).Cancel(token), this);
        }

        return new ValueTask<Receipt>(this, version);
    }

    /// <summary>The host's side, before the proposal was queued: the queue was full after all.</summary>
    internal void Withdraw()
    {
        _registration.Dispose();
        _registration = default;
        Free();
    }

    /// <summary>
    /// The loop's side: decides. False when a cancellation came first, or for a ticket: then nobody needs to be
    /// resumed.
    /// </summary>
    internal bool Decide(in Receipt receipt, ReadOnlySpan<byte> reply)
    {
        Invariant.Holds(Stage != ProposalStage.Free);
        Stage = ProposalStage.Decided;
        if (!IsTicket && Interlocked.CompareExchange(ref _settled, ByLoop, 0) != 0)
        {
            LetGo(LoopEnd);
            return false;
        }

        KeepReply(reply);
        _receipt = receipt with { ReplyLength = reply.Length };
        if (IsTicket)
        {
            _settled = ByLoop;
            Volatile.Write(ref _ready, ReadyMark | Generation);
            return false;
        }

        return true;
    }

    /// <summary>A worker's side: resumes the host, after <see cref="Decide"/> said so.</summary>
    public void Resume() => _core.SetResult(_receipt);

    /// <summary>The host's side: polls a ticket.</summary>
    internal bool TryTake(uint generation, Span<byte> reply, out Receipt receipt)
    {
        receipt = default;
        long expected = ReadyMark | generation;
        if (Interlocked.CompareExchange(ref _ready, 0, expected) != expected)
        {
            return false;
        }

        receipt = _receipt;
        CopyReply(reply);
        Stage = ProposalStage.Free;
        Owner!.Return(this);
        return true;
    }

    Receipt IValueTaskSource<Receipt>.GetResult(short token)
    {
        // A second await, or one before the end, must not free the place: let the core throw first.
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            return _core.GetResult(token);
        }

        bool cancelled = Volatile.Read(ref _settled) == ByCancellation;
        try
        {
            Receipt receipt = _core.GetResult(token);
            CopyReply(_callerReply.Span);
            return receipt;
        }
        finally
        {
            End(cancelled);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<Receipt>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<Receipt>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void End(bool cancelled)
    {
        _registration.Dispose();
        _registration = default;
        _callerReply = default;
        if (cancelled)
        {
            LetGo(HostEnd);
            return;
        }

        Free();
    }

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _settled, ByCancellation, 0) == 0)
        {
            _core.SetException(new OperationCanceledException(
                "the wait was cancelled; the proposal was not withdrawn and may still commit", token));
        }
    }

    private void LetGo(int end)
    {
        if ((Interlocked.Or(ref _ends, end) | end) == (HostEnd | LoopEnd))
        {
            Free();
        }
    }

    private void Free()
    {
        _core.Reset();
        Stage = ProposalStage.Free;
        Owner!.Return(this);
    }

    private void KeepReply(ReadOnlySpan<byte> reply)
    {
        if (reply.Length > _reply.Length || _reply.Length > KeptReplyBytesMax)
        {
            _reply = reply.IsEmpty ? [] : new byte[int.Max(reply.Length, 64)];
        }

        reply.CopyTo(_reply);
    }

    private void CopyReply(Span<byte> target)
    {
        int length = int.Min(_receipt.ReplyLength, target.Length);
        _reply.AsSpan(0, length).CopyTo(target);
    }
}

/// <summary>Where a proposal is, as the loop sees it.</summary>
internal enum ProposalStage : byte
{
    Free = 0,

    /// <summary>In the queue; it has left no trace elsewhere.</summary>
    Queued,

    /// <summary>In the leader's log, here.</summary>
    InLog,

    /// <summary>On its way to, or in the log of, another leader.</summary>
    Forwarded,

    /// <summary>Of a session, and not decided: waits to be queued again.</summary>
    Retrying,

    /// <summary>The receipt is made.</summary>
    Decided,
}
