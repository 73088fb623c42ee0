using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>What a batch is beside its records.</summary>
[Flags]
internal enum BatchFlags : ushort
{
    None = 0,

    /// <summary>The log was closed in good order: nothing was in flight.</summary>
    Seal = 1,
}

/// <summary>The 64 bytes at the start of a batch, at a page's start.</summary>
/// <remarks>
/// <c>u32 magic | u32 crc | u32 length | u32 records | u64 lsn | u64 durable | u64 previous lsn | u32 previous crc |
/// u16 flags |
/// u16 previous runs | u16 runs | u16 zero | u32 records end | u64 time</c>. Behind it: a copy of the previous batch's
/// runs, the records, at
/// <see cref="RecordsEnd"/> the own runs, then zeroes up to the page's end. Any single batch may be lost without losing
/// what it held.
/// </remarks>
/// <param name="Length">Stream bytes up to the end of the own runs.</param>
/// <param name="Records">How many records.</param>
/// <param name="Lsn">Where the batch stands.</param>
/// <param name="DurableLsn">Everything below was durable when this batch was submitted.</param>
/// <param name="PreviousLsn">The batch before; zero for none.</param>
/// <param name="PreviousChecksum">Checksum over the page checksums of the batch before.</param>
/// <param name="Flags">See <see cref="BatchFlags"/>.</param>
/// <param name="PreviousRuns">Runs in the copy of the previous batch's list.</param>
/// <param name="Runs">Runs in the own list.</param>
/// <param name="RecordsEnd">Stream offset in the batch behind the last record.</param>
/// <param name="Time">Wall clock of the submission in nanoseconds; for people only.</param>
internal readonly record struct BatchHeader(
    int Length,
    int Records,
    ulong Lsn,
    ulong DurableLsn,
    ulong PreviousLsn,
    uint PreviousChecksum,
    BatchFlags Flags,
    int PreviousRuns,
    int Runs,
    int RecordsEnd,
    long Time)
{
    internal const int Bytes = 64;

    private const uint Magic = 0x54424543;
    private const int ChecksumOffset = 4;

    /// <summary>Where the first record may stand.</summary>
    internal int RecordsStart => Bytes + (PreviousRuns * Run.Bytes);

    /// <summary>Whole pages that the batch fills.</summary>
    internal int Pages => LogFormat.PagesFor(Length);

    /// <summary>LSN behind the batch.</summary>
    internal ulong EndLsn => Lsn + ((ulong)Pages * LogFormat.StreamBytes);

    internal void Write(Span<byte> target)
    {
        target = target[..Bytes];
        target.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], Records);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], DurableLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], PreviousLsn);
        BinaryPrimitives.WriteUInt32LittleEndian(target[40..], PreviousChecksum);
        BinaryPrimitives.WriteUInt16LittleEndian(target[44..], (ushort)Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(target[46..], (ushort)PreviousRuns);
        BinaryPrimitives.WriteUInt16LittleEndian(target[48..], (ushort)Runs);
        BinaryPrimitives.WriteInt32LittleEndian(target[52..], RecordsEnd);
        BinaryPrimitives.WriteInt64LittleEndian(target[56..], Time);
        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumOffset..], Crc32C.Compute(target));
    }

    /// <summary>Reads and checks a header: magic, checksum, and that its lengths agree with each other.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out BatchHeader header)
    {
        Span<byte> copy = stackalloc byte[Bytes];
        source[..Bytes].CopyTo(copy);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(copy[ChecksumOffset..]);
        copy.Slice(ChecksumOffset, 4).Clear();
        header = new BatchHeader(
            BinaryPrimitives.ReadInt32LittleEndian(copy[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(copy[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(copy[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(copy[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(copy[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(copy[40..]),
            (BatchFlags)BinaryPrimitives.ReadUInt16LittleEndian(copy[44..]),
            BinaryPrimitives.ReadUInt16LittleEndian(copy[46..]),
            BinaryPrimitives.ReadUInt16LittleEndian(copy[48..]),
            BinaryPrimitives.ReadInt32LittleEndian(copy[52..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[56..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(copy) == Magic
            && Crc32C.Compute(copy) == checksum
            && header.IsPlausible();
    }

    private bool IsPlausible() =>
        Runs <= LogFormat.RunsMax
        && PreviousRuns <= LogFormat.RunsMax
        && Length is >= Bytes and <= LogFormat.BatchPagesMax * LogFormat.StreamBytes
        && RecordsEnd >= RecordsStart
        && RecordsEnd <= Length
        && Length - RecordsEnd == Runs * Run.Bytes
        && DurableLsn <= Lsn
        && PreviousLsn < Lsn;
}
