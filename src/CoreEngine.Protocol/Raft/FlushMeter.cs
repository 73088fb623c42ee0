using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>How long this replica's writes take to become durable: the median of the last ones.</summary>
/// <remarks>
/// A median, because one write behind a busy neighbour says nothing of the medium. One write at a time is measured,
/// from the turn that asks for it to the turn that hears of it.
/// </remarks>
internal sealed class FlushMeter
{
    /// <summary>Fewer are no evidence.</summary>
    internal const int SamplesMin = 8;

    private const int Samples = 16;
    private const long NsPerMicro = 1000;

    private uint[] _ring = [];
    private ulong _ticket;
    private long _startNs;

    /// <summary>Writes measured so far.</summary>
    internal long Count { get; private set; }

    /// <summary>The median in microseconds, 1 or more; 0 while there are too few samples.</summary>
    internal uint MedianMicros { get; private set; }

    /// <summary>A write was asked for.</summary>
    internal void Begin(ulong ticket, long nowNs)
    {
        if (_ticket == 0)
        {
            _ticket = ticket;
            _startNs = nowNs;
        }
    }

    /// <summary>Everything up to a ticket is durable.</summary>
    internal void End(ulong ticket, long nowNs)
    {
        if (_ticket == 0 || ticket < _ticket)
        {
            return;
        }

        Invariant.Holds(nowNs >= _startNs);
        _ticket = 0;
        if (_ring.Length == 0)
        {
            _ring = new uint[Samples];
        }

        _ring[Count % Samples] = (uint)long.Clamp((nowNs - _startNs) / NsPerMicro, 1, uint.MaxValue);
        Count++;
        MedianMicros = Count < SamplesMin ? 0 : Median();
    }

    private uint Median()
    {
        int count = (int)long.Min(Count, Samples);
        Span<uint> sorted = stackalloc uint[Samples];
        sorted = sorted[..count];
        _ring.AsSpan(0, count).CopyTo(sorted);
        sorted.Sort();
        return sorted[count / 2];
    }
}
