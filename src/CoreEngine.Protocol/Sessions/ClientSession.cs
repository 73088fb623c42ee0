using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Sessions;

/// <summary>One client's session: the newest sequences with what became of each, and the replies that are still
/// held.</summary>
internal sealed class ClientSession(ulong number, uint timeoutMs)
{
    private readonly TakenSequence[] _window = new TakenSequence[Limits.SessionWindow];

    /// <summary>Index of the entry that opened it.</summary>
    internal ulong Number => number;

    /// <summary>Without an entry for so long, by stamps, it may be expired.</summary>
    internal uint TimeoutMs => timeoutMs;

    /// <summary>Stamp of its newest entry.</summary>
    internal ulong LastStamp { get; set; }

    /// <summary>The highest sequence taken or settled; what lies a window below is forgotten.</summary>
    internal ulong Highest { get; private set; }

    internal ReplyRing Replies { get; } = new(Limits.SessionReplyBytesMax);

    internal ReadOnlySpan<TakenSequence> Window => _window;

    internal ulong HeaderHash() => StateHash.Of(Number, TimeoutMs, LastStamp, Highest, Replies.Tail);

    /// <summary>Too far below the newest one to be remembered.</summary>
    internal bool IsForgotten(ulong sequence) => sequence == 0 || sequence + Limits.SessionWindow <= Highest;

    /// <summary>The place of a sequence; empty when it was not taken.</summary>
    internal ref TakenSequence At(ulong sequence) => ref _window[sequence & (Limits.SessionWindow - 1)];

    internal void Take(in TakenSequence taken)
    {
        Invariant.Holds(!IsForgotten(taken.Sequence));
        Invariant.Holds(At(taken.Sequence).Sequence == 0);
        At(taken.Sequence) = taken;
        Highest = ulong.Max(Highest, taken.Sequence);
    }

    /// <summary>As it was written elsewhere.</summary>
    internal void Restore(in TakenSequence taken) => At(taken.Sequence) = taken;

    /// <summary>As it was written elsewhere.</summary>
    internal void Restore(ulong highest, ulong tail)
    {
        Highest = highest;
        Replies.Restore(tail);
    }
}

/// <summary>What is remembered of one sequence.</summary>
/// <param name="Sequence">0: the place is free.</param>
/// <param name="Index">Of the entry that took it.</param>
/// <param name="Term">Of that entry; 0 when it was settled without a command.</param>
/// <param name="Checksum">CRC-32C of the command.</param>
/// <param name="ReplyLength">Bytes of the machine's reply.</param>
/// <param name="ReplyPosition">Where they are in the ring.</param>
/// <param name="ReplyChecksum">CRC-32C of the reply.</param>
internal readonly record struct TakenSequence(
    ulong Sequence,
    ulong Index,
    ulong Term,
    uint Checksum,
    int ReplyLength,
    ulong ReplyPosition,
    uint ReplyChecksum)
{
    internal bool IsVoid => Term == 0;

    internal ulong Hash(ulong owner) => unchecked(
        StateHash.Of(owner, Sequence, Index, Term, Checksum)
        + StateHash.Of(owner, Sequence, (ulong)ReplyLength, ReplyPosition, ReplyChecksum));
}

/// <summary>Hashes whose sum is a digest of a state: what is taken away is subtracted.</summary>
internal static class StateHash
{
    internal static ulong Of(ulong a, ulong b, ulong c, ulong d, ulong e) =>
        Mix(Mix(Mix(Mix(Mix(0x9E3779B97F4A7C15, a), b), c), d), e);

    private static ulong Mix(ulong hash, ulong value)
    {
        // One step of SplitMix64's finaliser.
        hash = unchecked((hash ^ value) * 0xBF58476D1CE4E5B9);
        return hash ^ (hash >> 29);
    }
}
