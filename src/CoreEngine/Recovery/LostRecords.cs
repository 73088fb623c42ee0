using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Recovery;

/// <summary>
/// What becomes of a group when records of it cannot be read: what neighbours name stays a claim; where nothing names
/// it, the next record may prove what is missing, or the group is in doubt.
/// </summary>
internal static class LostRecords
{
    /// <summary>Records stood here that a neighbour names.</summary>
    internal static void OnLost(RecoveredGroup group, in Run run)
    {
        switch (run.Type)
        {
            case RecordType.Entry when run.First > 0:
                Lose(group, run);
                break;
            case RecordType.HardState when run.Term >= group.Term:
                GroupRecovery.SetHardState(group, run.Term, run.Detail, run.First);
                break;
            case RecordType.Truncate:
                GroupRecovery.Truncate(group, run.First);
                break;
            case RecordType.Snapshot:
                group.Restart(run.First, run.Term);
                break;
            case RecordType.Trim:
                group.NoteTrim(run.First, run.Term);
                break;
            case RecordType.Doubt when run.First == 1:
                group.Doubt |= Doubt.Log;
                break;
            case RecordType.Repair when run.Term == ulong.MaxValue:
                OnRepair(group, RepairFlags.Cut, run.First, run.Term);
                break;
            default:
                // A descriptor is written again; copies that are lost leave their hole as it was.
                break;
        }
    }

    /// <summary>Nobody knows what stood here.</summary>
    internal static void OnUnknown(RecoveredGroup group)
    {
        group.Doubt = Doubt.Log | Doubt.Vote;
        group.IsGap = true;
    }

    /// <summary>Repair noted how far it had come.</summary>
    internal static void OnRepair(RecoveredGroup group, ushort flags, ulong index, ulong term)
    {
        if (flags == RepairFlags.Settled)
        {
            group.Doubt = Doubt.None;
            group.IsGap = false;
        }
        else if (flags == RepairFlags.Cut && GroupRecovery.TryTruncate(group, index))
        {
            group.IsGap = false;
            group.IsCut = false;
        }
        else if (flags == RepairFlags.Copies)
        {
            group.CopiesLeft = term - index + 1;
            group.Suffix.Holes.Fill(index, term);
        }
    }

    /// <summary>Decides whether the next entry of the log belongs to the group's line.</summary>
    internal static bool MayTake(RecoveredGroup group, ulong index, ulong term) =>
        !group.IsCut && (!group.IsGap || TryJoin(group, index, term));

    private static void Lose(RecoveredGroup group, in Run run)
    {
        if (group.IsCut || (group.IsGap && !TryJoin(group, run.First, run.Term)))
        {
            return;
        }

        group.BeginAt(run.First);
        if (run.First != group.Suffix.LastIndex + 1 || run.Term < group.Suffix.LastTerm)
        {
            group.Complaint ??= $"the lost entry {run.First} of term {run.Term} follows entry "
                + $"{group.Suffix.LastIndex} of term {group.Suffix.LastTerm}";
            return;
        }

        group.Suffix.AppendLost(new Hole(run.First, run.Last, run.Term, run.Checksum, IsChecked: true));
    }

    /// <summary>
    /// Behind a gap of which nothing is known. An entry of the same term as the last one before it proves that nothing
    /// was overwritten in between: that takes a newer term. So what is missing has this term too.
    /// </summary>
    private static bool TryJoin(RecoveredGroup group, ulong index, ulong term)
    {
        LogSuffix suffix = group.Suffix;
        bool joins = term == suffix.LastTerm && index > suffix.LastIndex;
        group.IsGap = false;
        group.IsCut = !joins;
        if (!joins)
        {
            return false;
        }

        if (index > suffix.LastIndex + 1)
        {
            suffix.AppendLost(new Hole(suffix.LastIndex + 1, index - 1, term, 0, IsChecked: false));
        }

        group.Doubt &= ~Doubt.Log;
        return true;
    }
}
