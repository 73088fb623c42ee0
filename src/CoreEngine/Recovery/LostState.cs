using System;
using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Recovery;

/// <summary>
/// What becomes of a group whose log goes on from a snapshot that cannot be read: nobody may be served from a state
/// that is not there, and the log behind it leads to none.
/// </summary>
/// <remarks>
/// The group opens empty and in doubt (CTRL, FAST'18, for entries that not even their names are left of): it gives no
/// vote and does not lead until a leader that was elected without it has confirmed what there is, and that leader sends
/// its snapshot or its whole log. Term and vote are known, and stay. The doubt outlives restarts, by a record that is
/// carried forward until a leader has confirmed.
/// </remarks>
internal static class LostState
{
    /// <summary>Throws away what leads nowhere, but for whom to ask.</summary>
    internal static void Doubt(RecoveredGroup group)
    {
        LogSuffix suffix = group.Suffix;
        ulong known = ulong.Clamp(group.Commit, suffix.BaseIndex, suffix.LastIndex);
        Configuration members = suffix.Configurations.At(known);
        group.LostBase = suffix.BaseIndex;
        suffix.Reset(0, 0);
        group.Commit = 0;
        group.Doubt |= Protocol.Raft.Doubt.Log;
        group.IsGap = false;
        group.IsCut = false;
        if (SnapshotRule.TryReadConfiguration(group.Remains.Span, out Configuration? read) && read is not null
            && read.Epoch > members.Epoch)
        {
            members = read;
        }

        // Others than the founders may be members by now. What comes with a snapshot takes its place.
        if (members.Epoch > suffix.Configurations.Base.Epoch)
        {
            suffix.Configurations.SetBase(members);
        }
    }

    /// <summary>Stages the records by which the next opening knows all of this.</summary>
    /// <returns>False when the log has no room now.</returns>
    internal static bool TryStage(SegmentedLog log, uint group)
    {
        Span<byte> marks = stackalloc byte[3 * RecordHeader.Bytes];
        Span<byte> cut = marks.Slice(RecordHeader.Bytes, RecordHeader.Bytes);
        RecordHeader.Seal(marks[..RecordHeader.Bytes], 0, RecordType.Doubt, 0, group, 1, 0);
        RecordHeader.Seal(cut, 0, RecordType.Repair, RepairFlags.Cut, group, 0, ulong.MaxValue);
        RecordHeader.Seal(marks[(2 * RecordHeader.Bytes)..], 0, RecordType.Trim, 0, group, 0, 0);
        return log.TryAppend(marks);
    }

    /// <summary>Stages the records of the doubt's end.</summary>
    /// <returns>False when the log has no room now.</returns>
    internal static bool TryStageSettled(SegmentedLog log, uint group)
    {
        Span<byte> marks = stackalloc byte[2 * RecordHeader.Bytes];
        RecordHeader.Seal(marks[..RecordHeader.Bytes], 0, RecordType.Repair, RepairFlags.Settled, group, 0, 0);
        RecordHeader.Seal(marks[RecordHeader.Bytes..], 0, RecordType.Doubt, 0, group, 0, 0);
        return log.TryAppend(marks);
    }
}
