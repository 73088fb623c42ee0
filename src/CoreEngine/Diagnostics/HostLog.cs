using System;
using System.Threading;

namespace CoreEngine.Diagnostics;

/// <summary>The host's log, behind a guard: one that throws loses the line, never a thread of the engine.</summary>
internal sealed class HostLog(Action<string>? target)
{
    private long _lost;

    /// <summary>Lines that the host's log did not take.</summary>
    internal long Lost => Volatile.Read(ref _lost);

    /// <summary>Any thread.</summary>
    internal void Write(string line)
    {
        try
        {
            target?.Invoke(line);
        }
        catch (Exception)
        {
            // There is no second place to tell it: count it.
            Interlocked.Increment(ref _lost);
        }
    }
}
