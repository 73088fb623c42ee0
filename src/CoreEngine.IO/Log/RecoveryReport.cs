using System.Collections.Generic;
using System.Globalization;
using System.Text;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Records of one group that cannot be read any more.</summary>
/// <param name="Group">Their group.</param>
/// <param name="Type">Entry for entries and configurations.</param>
/// <param name="First">First index; for other types than entries without meaning.</param>
/// <param name="Last">Last index; <see cref="ulong.MaxValue"/> when the end is not known.</param>
internal readonly record struct DamagedRange(uint Group, RecordType Type, ulong First, ulong Last)
{
    public override string ToString()
    {
        if (Type != RecordType.Entry)
        {
            return string.Create(CultureInfo.InvariantCulture, $"group {Group}: {Type} records");
        }

        return Last == ulong.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $"group {Group}: index {First} and whatever followed it")
            : string.Create(CultureInfo.InvariantCulture, $"group {Group}: index {First}..{Last}");
    }
}

/// <summary>A place where acknowledged or possibly acknowledged bytes are not what was written.</summary>
/// <param name="Segment">Number of the segment.</param>
/// <param name="Offset">Byte in its file of the first bad page.</param>
/// <param name="Lsn">Where in the stream the first bad batch starts.</param>
/// <param name="EndLsn">Where what is readable goes on.</param>
/// <param name="Finding">What was found.</param>
/// <param name="Ranges">What is lost, as neighbours tell it; for people.</param>
internal sealed record LogDamage(
    ulong Segment, long Offset, ulong Lsn, ulong EndLsn, PageFinding Finding, IReadOnlyList<DamagedRange> Ranges)
{
    /// <summary>The lost records in their order, where neighbours tell all of them; null when they do not.</summary>
    internal IReadOnlyList<Run>? Lost { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder();
        _ = text.Append(CultureInfo.InvariantCulture, $"{LogFormat.SegmentName(Segment)} at byte {Offset}: {Finding}");
        _ = text.Append(Ranges.Count == 0 && Lost is null ? "; identity of the records unknown" : "; ");
        return text.AppendJoin(", ", Ranges).ToString();
    }
}

/// <summary>What opening a log found.</summary>
internal sealed record RecoveryReport
{
    /// <summary>Segments that hold data.</summary>
    internal int Segments { get; set; }

    internal long Batches { get; set; }

    internal long Records { get; set; }

    /// <summary>Bytes of pages that were checked.</summary>
    internal long Bytes { get; set; }

    /// <summary>Writes that never completed were cut off the end: nothing of it had been acknowledged.</summary>
    internal bool IsTailCut { get; set; }

    /// <summary>Where the log ends; new batches start here.</summary>
    internal ulong EndLsn { get; set; }

    /// <summary>Everything below was durable as far as any whole batch or header tells.</summary>
    internal ulong DurableLsn { get; set; }

    /// <summary>The last batch is the seal of a clean close.</summary>
    internal bool IsSealed { get; set; }

    /// <summary>Appending goes on in a fresh segment.</summary>
    internal bool IsFreshSegment { get; set; }

    /// <summary>Damage that redundancy made good: a bad copy of a superblock or header page.</summary>
    internal List<string> Notes { get; } = [];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Segments} segments, {Batches} batches, {Records} records, {Bytes} bytes checked, end {EndLsn}, "
        + $"tail {(IsTailCut ? "cut" : "whole")}, {(IsSealed ? "sealed" : "not sealed")}");
}
