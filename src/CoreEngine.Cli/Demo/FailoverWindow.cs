using System;
using System.Diagnostics;

namespace CoreEngine.Cli.Demo;

/// <summary>A time in which the cluster took no writes because the demonstration had killed something.</summary>
/// <param name="Name">What was killed.</param>
/// <param name="Start">When, as CLOCK_MONOTONIC nanoseconds.</param>
/// <param name="End">When a write was acknowledged again.</param>
internal sealed record FailoverWindow(string Name, long Start, long End)
{
    internal TimeSpan Length => TimeSpan.FromTicks((End - Start) / 100);

    /// <summary>Whether an operation lived in it, if only in part.</summary>
    internal bool Touches(long invoked, long returned) => invoked <= End && returned >= Start;

    /// <summary>The clock that windows and histories share.</summary>
    internal static long Now() => Stopwatch.GetTimestamp();
}
