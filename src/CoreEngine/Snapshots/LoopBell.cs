using System.Threading;
using CoreEngine.IO.Ring;

namespace CoreEngine.Snapshots;

/// <summary>Wakes the shard from a worker, as long as there is a shard: a host's stream may outlive it.</summary>
internal sealed class LoopBell(IIoRing ring)
{
    private readonly Lock _lock = new();
    private bool _isMuted;

    /// <summary>Any thread.</summary>
    internal void Ring()
    {
        lock (_lock)
        {
            if (!_isMuted)
            {
                ring.Wake();
            }
        }
    }

    /// <summary>Ends a host's stream. Needs no disposal: no timer, no handle.</summary>
    internal static CancellationTokenSource NewEnd() => new();

    /// <summary>The shard has ended: its ring is not touched any more.</summary>
    internal void Mute()
    {
        lock (_lock)
        {
            _isMuted = true;
        }
    }
}
