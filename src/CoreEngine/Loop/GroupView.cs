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
    private ProgressNotes _notes;

    /// <summary>The shard's thread only.</summary>
    internal void Publish(in FrontierValues frontiers, in CoreStatus status, in ProgressNotes notes)
    {
        long version = _version;
        Volatile.Write(ref _version, version + 1);
        Interlocked.MemoryBarrier();
        _frontiers = frontiers;
        _status = status;
        _notes = notes;
        Volatile.Write(ref _version, version + 2);
    }

    /// <summary>What was noted last; the shard's thread only.</summary>
    internal ref readonly ProgressNotes Notes => ref _notes;

    internal (FrontierValues Frontiers, CoreStatus Status) Read()
    {
        (FrontierValues frontiers, CoreStatus status, _) = ReadAll();
        return (frontiers, status);
    }

    internal (FrontierValues Frontiers, CoreStatus Status, ProgressNotes Notes) ReadAll()
    {
        var spin = default(SpinWait);
        while (true)
        {
            long before = Volatile.Read(ref _version);
            if ((before & 1) == 0)
            {
                FrontierValues frontiers = _frontiers;
                CoreStatus status = _status;
                ProgressNotes notes = _notes;
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _version) == before)
                {
                    return (frontiers, status, notes);
                }
            }

            spin.SpinOnce();
        }
    }
}
