using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>Entries of earlier leaders of which a new one does not know yet whether they are committed (LeaseGuard's
/// limbo region).</summary>
internal static class LimboRegion
{
    private const ulong EntriesMax = 4096;

    /// <summary>True when some entry of the region may change what a read of the key returns, or that cannot be
    /// told.</summary>
    internal static bool MayTouch(LogSuffix log, ulong first, ulong last, IKeyedMachine machine, ulong key)
    {
        if (first < log.FirstCached || last > log.LastIndex || last - first >= EntriesMax)
        {
            return true;
        }

        for (ulong index = first; index <= last; index++)
        {
            System.ReadOnlySpan<byte> record = log.Record(index);
            bool read = EntryCodec.TryRead(RecordHeader.Read(record), record, out Entry entry);
            Invariant.Holds(read);
            bool isOwn = (entry.Flags & EntryFlags.OwnMask) != 0
                || (entry.Flags & EntryFlags.Key) == EntryFlags.SessionControl;
            if (!isOwn && machine.MayTouch(entry.Payload, key))
            {
                return true;
            }
        }

        return false;
    }
}
