using System;
using System.Globalization;

namespace CoreEngine.Simulation;

/// <summary>What an event of the world was.</summary>
internal enum TraceKind : byte
{
    Sent,
    Lost,
    Delivered,
    Completed,
    Turned,
    Started,
    Killed,
    PowerCut,
    Fault,
    Proposed,
    Answered,
    Read,
    Refused,
}

/// <summary>
/// A rolling hash over every event of a world: two runs of a seed are the same run exactly when it is the same.
/// </summary>
/// <remarks>Takes numbers only, never addresses or strings' hashes: those differ per process.</remarks>
internal sealed class Trace
{
    /// <summary>Of everything so far.</summary>
    internal ulong Hash { get; private set; } = 0xCBF29CE484222325;

    internal long Events { get; private set; }

    /// <summary>When set, is given every event as a line.</summary>
    internal Action<string>? Writer { get; set; }

    /// <summary>After so many events each, <see cref="HashWriter"/> is given their number and the hash so
    /// far.</summary>
    internal long HashEvery { get; set; } = long.MaxValue;

    /// <summary>Where two runs part can be found between two of its calls.</summary>
    internal Action<long, ulong>? HashWriter { get; set; }

    internal void Add(long now, TraceKind kind, uint replica, ulong first, ulong second)
    {
        Events++;
        Mix(unchecked((ulong)now));
        Mix(((ulong)kind << 32) | replica);
        Mix(first);
        Mix(second);
        if (Events % HashEvery == 0)
        {
            HashWriter?.Invoke(Events, Hash);
        }

        Writer?.Invoke(string.Create(
            CultureInfo.InvariantCulture,
            $"{Events,8} {now / 1_000_000.0,12:F6} ms  {kind,-9} replica {replica}  {first:x} {second:x}"));
    }

    private void Mix(ulong value)
    {
        unchecked
        {
            ulong mixed = (Hash ^ value) * 0x9E3779B97F4A7C15;
            Hash = mixed ^ (mixed >> 29);
        }
    }
}
