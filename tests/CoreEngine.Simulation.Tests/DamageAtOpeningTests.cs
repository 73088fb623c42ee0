using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Recovery;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: damage in records that are not entries loses no more than it destroyed. Method: recovery and the log's map are
/// shown the records and the damage directly, in the order of the log, as the seeds had them that found the bugs.
/// </summary>
public sealed class DamageAtOpeningTests
{
    private const ulong DamagedAt = 4096;
    private const ulong NextAt = 8192;

    [Fact]
    public void ALostMarkOfASnapshot_IsKnownFromItsNeighbour()
    {
        var recovery = new GroupRecovery();
        Show(recovery, 1, 1);
        recovery.OnDamage(Damage(new Run(1, RecordType.Snapshot, 1, First: 10, Term: 2)));
        Show(recovery, 11, 2);
        RecoveredGroup found = recovery.Find(1);
        Assert.Null(found.Complaint);
        Assert.True(found.IsRestarted);
        Assert.Equal((10UL, 11UL), (found.Suffix.BaseIndex, found.Suffix.LastIndex));
    }

    [Fact]
    public void ALostMarkOfATrim_IsKnownFromItsNeighbour()
    {
        var recovery = new GroupRecovery();
        Show(recovery, 1, 1);
        Show(recovery, 2, 1);
        recovery.OnDamage(Damage(new Run(1, RecordType.Trim, 1, First: 2, Term: 1)));
        Assert.Equal((2UL, 1UL), recovery.Find(1).Trimmed);
    }

    [Fact]
    public void ACutBelowTheOldestSegment_IsWhereTheLineGoesOn()
    {
        var recovery = new GroupRecovery();
        Show(recovery, 50, 1);
        byte[] cut = new byte[RecordHeader.SizeOf(0)];
        RecordHeader.Seal(cut, 0, RecordType.Repair, RepairFlags.Cut, 1, 40, ulong.MaxValue);
        recovery.OnRecord(RecordHeader.Read(cut), cut);
        Show(recovery, 41, 2);
        RecoveredGroup found = recovery.Find(1);
        Assert.Null(found.Complaint);
        Assert.Equal((40UL, 41UL), (found.Suffix.BaseIndex, found.Suffix.LastIndex));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DamagedEntriesWhoseCopiesStandElsewhere_KeepTheirSegment_UntilTheyAreTrimmed(bool isNamed)
    {
        var index = new LogIndex();
        index.AddDamage(isNamed ? Damage(new Run(1, RecordType.Entry, 1, First: 1, Term: 1)) : Damage());
        index.Add(Header(RecordType.Entry, 2, 1), NextAt, NextAt + 64);
        index.Add(Header(RecordType.Entry, 3, 1), 2 * NextAt, (2 * NextAt) + 64);
        index.Add(Header(RecordType.Repair, 1, 1, RepairFlags.Copies), 3 * NextAt, (3 * NextAt) + 64);
        index.Add(Header(RecordType.Entry, 1, 1), 3 * NextAt, (3 * NextAt) + 96);
        Assert.Equal(DamagedAt, index.Needed());
        index.Add(Header(RecordType.Trim, 2, 1), 4 * NextAt, (4 * NextAt) + 64);
        Assert.InRange(index.Needed(), NextAt, 2 * NextAt);
    }

    private static void Show(GroupRecovery recovery, ulong index, ulong term)
    {
        byte[] record = new byte[RecordHeader.SizeOf(0)];
        RecordHeader.Seal(record, 0, RecordType.Entry, 0, 1, index, term);
        recovery.OnRecord(RecordHeader.Read(record), record);
    }

    private static RecordHeader Header(RecordType type, ulong index, ulong term, ushort flags = 0) =>
        new(0, type, 0, flags, 1, 0, index, term);

    private static LogDamage Damage(params Run[] lost) =>
        new(1, 4096, DamagedAt, NextAt, PageFinding.Damaged, []) { Lost = lost.Length > 0 ? lost : null };
}
