using System.Threading;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>What other threads may see of a group: written by the shard once per turn, read without locks.</summary>
/// <remarks>A sequence lock: odd while being written; a reader that meets a change reads again.</remarks>
internal sealed class GroupView
{
    private long _version;
    private FrontierValues _frontiers;
    private CoreStatus _status;

    /// <summary>The shard's thread only.</summary>
    internal void Publish(in FrontierValues frontiers, in CoreStatus status)
    {
        if (_frontiers == frontiers && _status == status)
        {
            return;
        }

        long version = _version;
        Volatile.Write(ref _version, version + 1);
        Interlocked.MemoryBarrier();
        _frontiers = frontiers;
        _status = status;
        Volatile.Write(ref _version, version + 2);
    }

    internal (FrontierValues Frontiers, CoreStatus Status) Read()
    {
        var spin = default(SpinWait);
        while (true)
        {
            long before = Volatile.Read(ref _version);
            if ((before & 1) == 0)
            {
                FrontierValues frontiers = _frontiers;
                CoreStatus status = _status;
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _version) == before)
                {
                    return (frontiers, status);
                }
            }

            spin.SpinOnce();
        }
    }
}
