using System.Threading;

namespace CoreEngine.IO.Transport;

/// <summary>
/// One waiter, many callers: a call to <see cref="Set"/> lets one <see cref="Wait"/> pass. Cold paths only.
/// </summary>
internal sealed class Signal
{
    private readonly object _gate = new();
    private bool _set;

    /// <summary>Lets the waiter pass, now or when it comes.</summary>
    internal void Set()
    {
        lock (_gate)
        {
            _set = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits for <see cref="Set"/> and takes it back.</summary>
    internal void Wait()
    {
        lock (_gate)
        {
            while (!_set)
            {
                Monitor.Wait(_gate);
            }

            _set = false;
        }
    }
}
