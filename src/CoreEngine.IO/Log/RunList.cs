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
/// <param name="First">Index of the first.</param>
/// <param name="Term">Term of the first; for other kinds than entries of the last.</param>
internal readonly record struct Run(uint Group, RecordType Type, int Count, ulong First, ulong Term)
{
    /// <summary>Bytes on the disk: <c>u32 group | u24 count, u8 type | u64 first | u64 term</c>.</summary>
    internal const int Bytes = 24;

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
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]));
    }

    internal void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Group);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)Count | ((uint)Type << 24));
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Term);
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

    internal void Clear() => _count = 0;

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
    /// <returns>False when the list is full.</returns>
    internal bool TryAdd(in RecordHeader header)
    {
        bool isOnLine = IsOnLine(header.Type);
        RecordType type = isOnLine ? RecordType.Entry : header.Type;
        for (int i = _count - 1; i >= 0 && i >= _count - LookBack; i--)
        {
            ref Run run = ref _runs[i];
            if (run.Group != header.Group || run.Type != type)
            {
                continue;
            }

            if (!isOnLine)
            {
                run = run with { Count = run.Count + 1, Term = header.Term };
                return true;
            }

            if (run.Term == header.Term && run.First + (ulong)run.Count == header.Index)
            {
                run = run with { Count = run.Count + 1 };
                return true;
            }

            break;
        }

        if (_count == LogFormat.RunsMax)
        {
            return false;
        }

        MakeRoom(_count + 1);
        _runs[_count++] = new Run(header.Group, type, 1, header.Index, header.Term);
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
