using System;
using System.Buffers.Binary;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Consecutive records of one group and kind in one batch: what they were, even when they cannot be read any more.
/// </summary>
/// <param name="Group">Their group.</param>
/// <param name="Type">Entry and configuration share one kind, Entry: both stand on the group's line.</param>
/// <param name="Count">How many.</param>
/// <param name="First">Index of the first; for hard states of the last.</param>
/// <param name="Term">Term of the first; for other kinds than entries of the last.</param>
/// <param name="Checksum">Checksum over the checksums of the records, in order.</param>
/// <param name="Detail">The first four bytes of a small record's body: the vote of a hard state. 0 for entries.</param>
internal readonly record struct Run(
    uint Group, RecordType Type, int Count, ulong First, ulong Term, uint Checksum = 0, uint Detail = 0)
{
    /// <summary>
    /// Bytes on the disk: <c>u32 group | u24 count, u8 type | u64 first | u64 term | u32 checksum | u32 detail</c>.
    /// </summary>
    internal const int Bytes = 32;

    /// <summary>Index of the last record.</summary>
    internal ulong Last => First + (ulong)Count - 1;

    internal static Run Read(ReadOnlySpan<byte> source)
    {
        uint packed = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
        return new Run(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            (RecordType)(packed >> 24),
            (int)(packed & 0xFFFFFF),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[28..]));
    }

    internal void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Group);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)Count | ((uint)Type << 24));
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Term);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], Detail);
    }
}

/// <summary>The runs of a batch, bounded by <see cref="LogFormat.RunsMax"/>.</summary>
internal sealed class RunList
{
    private const int LookBack = 4;

    private const int PlacesFirst = 16;

    /// <summary>Grows to the most that a batch had, and stays.</summary>
    private Run[] _runs = new Run[PlacesFirst];
    private int _count;

    /// <summary>Copies of damaged entries that follow their marker.</summary>
    private ulong _repairsLeft;

    internal int Count => _count;

    /// <summary>Bytes that the list takes on the disk.</summary>
    internal int Bytes => _count * Run.Bytes;

    internal ReadOnlySpan<Run> Runs => _runs.AsSpan(0, _count);

    /// <summary>True when a record of a line stands on it by its index.</summary>
    internal static bool IsOnLine(RecordType type) => type is RecordType.Entry or RecordType.Configuration;

    /// <summary>Runs that whole records make at most.</summary>
    internal static int CountAtMost(ReadOnlySpan<byte> records)
    {
        int runs = 0;
        RecordHeader before = default;
        while (records.Length >= RecordHeader.Bytes)
        {
            RecordHeader header = RecordHeader.Read(records);
            bool follows = header.Group == before.Group && header.Term == before.Term
                && IsOnLine(header.Type) && IsOnLine(before.Type) && header.Index == before.Index + 1;
            runs += follows ? 0 : 1;
            before = header;
            records = records[RecordHeader.SizeOf(header.BodyLength)..];
        }

        return runs;
    }

    internal void Clear()
    {
        _count = 0;
        _repairsLeft = 0;
    }

    internal void CopyFrom(RunList other)
    {
        MakeRoom(other._count);
        other.Runs.CopyTo(_runs);
        _count = other._count;
    }

    /// <summary>Takes the list from its place on the disk.</summary>
    internal void Load(ReadOnlySpan<byte> source, int count)
    {
        Invariant.Holds(count <= LogFormat.RunsMax);
        MakeRoom(count);
        for (int i = 0; i < count; i++)
        {
            _runs[i] = Run.Read(source[(i * Run.Bytes)..]);
        }

        _count = count;
    }

    /// <summary>Adds a record: lengthens a recent run or begins another.</summary>
    /// <param name="header">Of the record.</param>
    /// <param name="detail">The first four bytes of its body when it is not on a line; else 0.</param>
    /// <returns>False when the list is full.</returns>
    internal bool TryAdd(in RecordHeader header, uint detail)
    {
        bool isOnLine = IsOnLine(header.Type);
        if (isOnLine && _repairsLeft > 0)
        {
            // Named by the marker before them: they are not the group's next entries.
            _repairsLeft--;
            return true;
        }

        RecordType type = isOnLine ? RecordType.Entry : header.Type;
        for (int i = _count - 1; i >= 0 && i >= _count - LookBack; i--)
        {
            if (_runs[i].Group != header.Group)
            {
                continue;
            }

            if (TryLengthen(ref _runs[i], in header, type, detail, out bool isLast))
            {
                return true;
            }

            if (isLast)
            {
                break;
            }
        }

        if (_count == LogFormat.RunsMax)
        {
            return false;
        }

        MakeRoom(_count + 1);
        uint checksum = RecordChain.Add(0, header.Checksum);
        _runs[_count++] = new Run(header.Group, type, 1, header.Index, header.Term, checksum, detail);
        bool isRepair = type == RecordType.Repair && header.Flags == RepairFlags.Copies;
        _repairsLeft = isRepair ? header.Term - header.Index + 1 : 0;
        return true;
    }

    /// <param name="isLast">No run before this one may be lengthened: the order of the two matters.</param>
    private static bool TryLengthen(
        ref Run run, in RecordHeader header, RecordType type, uint detail, out bool isLast)
    {
        isLast = run.Type == type || run.Type is RecordType.Truncate or RecordType.Repair or RecordType.Snapshot;
        bool follows = run.Type == type && type switch
        {
            RecordType.Entry => run.Term == header.Term && run.First + (ulong)run.Count == header.Index,
            RecordType.HardState => true,
            _ => false,
        };
        if (!follows)
        {
            return false;
        }

        uint checksum = RecordChain.Add(run.Checksum, header.Checksum);
        run = type == RecordType.Entry
            ? run with { Count = run.Count + 1, Checksum = checksum }
            : new Run(run.Group, type, run.Count + 1, header.Index, header.Term, checksum, detail);
        return true;
    }

    private void MakeRoom(int count)
    {
        if (count > _runs.Length)
        {
            Array.Resize(ref _runs, int.Min(LogFormat.RunsMax, (int)BitOperations.RoundUpToPowerOf2((uint)count)));
        }
    }
}
