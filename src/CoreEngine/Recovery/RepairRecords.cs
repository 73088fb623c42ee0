using System;
using CoreEngine.IO.Log;
using CoreEngine.Model;

namespace CoreEngine.Recovery;

/// <summary>The small records with which repair notes how far it has come.</summary>
internal static class RepairRecords
{
    /// <summary>Stages one.</summary>
    /// <returns>False when the log has no room now.</returns>
    internal static bool TryAppend(SegmentedLog log, uint group, ushort flags, ulong index, ulong term)
    {
        Span<byte> record = stackalloc byte[RecordHeader.Bytes];
        RecordHeader.Seal(record, 0, RecordType.Repair, flags, group, index, term);
        return log.TryAppend(record);
    }

    /// <summary>The log goes on behind an index, whatever stands there now.</summary>
    internal static bool TryAppendCut(SegmentedLog log, uint group, ulong index) =>
        TryAppend(log, group, RepairFlags.Cut, index, ulong.MaxValue);
}
