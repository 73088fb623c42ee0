using System;
using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>
/// Entries read back from the log in one piece: for a follower that lags behind memory, or for a machine that does.
/// </summary>
/// <remarks>
/// One load at a time; the bytes stay until the next <see cref="Start(ulong, ulong, int)"/>. Shard's thread only.
/// The buffer is made on first use, and kept.
/// </remarks>
internal sealed class LogWindow(EngineLoop loop, GroupRuntime group, uint peer)
{
    private const int ApplyBytesMax = 256 * 1024;

    private LogCursor? _cursor;
    private byte[] _bytes = [];
    private int _length;
    private int _limit;
    private ulong _wanted;
    private bool _isLoading;

    /// <summary>The follower that the entries are for; 0 for the machine.</summary>
    internal uint Peer => peer;

    /// <summary>First entry held.</summary>
    internal ulong First { get; private set; } = 1;

    /// <summary>Last entry held; below <see cref="First"/> when none is.</summary>
    internal ulong Last { get; private set; }

    /// <summary>A load is under way.</summary>
    internal bool IsLoading => _isLoading;

    /// <summary>Starts what the core asked for in this turn.</summary>
    internal static void StartAsked(EngineLoop loop, GroupRuntime group)
    {
        foreach (ref readonly LoadRequest load in group.Outputs.Loads)
        {
            group.WindowOf(loop, load.Peer).Start(load.First, load.Last, load.BytesMax);
        }
    }

    /// <summary>Starts to load for the machine; does nothing while a load is under way.</summary>
    internal void Start(ulong first, ulong last) => Start(first, last, ApplyBytesMax);

    /// <summary>Starts to load entries, as many as fit into <paramref name="bytesMax"/>, at least one.</summary>
    internal void Start(ulong first, ulong last, int bytesMax)
    {
        if (_isLoading)
        {
            return;
        }

        Invariant.Holds(first <= last);
        First = first;
        Last = first - 1;
        _wanted = last;
        _length = 0;
        _limit = int.Min(bytesMax, Limits.AppendBytesMax);
        _isLoading = true;

        // Opening the cursor, or entries that it holds already, raise no event.
        loop.TurnAgain = true;
        bool isElsewhere = _cursor is not null
            && (_cursor.NextIndex != first || _cursor.State is CursorState.Faulted or CursorState.Idle);
        if (_cursor is not null && isElsewhere)
        {
            _ = _cursor.Seek(group.Number, first);
        }
    }

    /// <summary>
    /// Goes on with the load. True when it has just ended: <see cref="First"/> to <see cref="Last"/> are held.
    /// </summary>
    internal bool TryFinish()
    {
        if (!_isLoading || (_cursor is null && !TryOpen()))
        {
            return false;
        }

        while (Last < _wanted && _cursor!.TryNext(out RecordHeader header, out ReadOnlySpan<byte> record))
        {
            if (header.Type != RecordType.Entry)
            {
                continue;
            }

            Invariant.Holds(header.Index == Last + 1);
            Take(record);
            if (_length >= _limit)
            {
                break;
            }
        }

        if (Last < _wanted && _length < _limit && _cursor!.State == CursorState.Pending)
        {
            return false;
        }

        End();
        return true;
    }

    /// <summary>The records of some of the entries held.</summary>
    internal ReadOnlySpan<byte> Bytes(ulong first, int count)
    {
        Invariant.Holds(first >= First);
        Invariant.Holds(first + (ulong)count - 1 <= Last);
        int start = OffsetOf(0, first - First);
        return _bytes.AsSpan(start, OffsetOf(start, (ulong)count) - start);
    }

    /// <summary>What is held from <paramref name="from"/> to <paramref name="last"/> at most.</summary>
    internal bool TryRange(ulong from, ulong last, out ReadOnlySpan<byte> records, out int count)
    {
        records = default;
        count = 0;
        if (_isLoading || from < First || from > Last)
        {
            return false;
        }

        count = (int)(ulong.Min(last, Last) - from + 1);
        records = Bytes(from, count);
        return true;
    }

    /// <summary>Gives its memory back unless a load is under way.</summary>
    internal void Rest()
    {
        if (!_isLoading)
        {
            _bytes = [];
            First = 1;
            Last = 0;
            _cursor?.Dispose();
            _cursor = null;
        }
    }

    private bool TryOpen()
    {
        _cursor = loop.Log.TryOpenCursor();
        _ = _cursor?.Seek(group.Number, First);
        return _cursor is not null;
    }

    private void Take(ReadOnlySpan<byte> record)
    {
        if (_length + record.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, int.Max(2 * _bytes.Length, _length + record.Length));
        }

        record.CopyTo(_bytes.AsSpan(_length));
        _length += record.Length;
        Last++;
    }

    private void End()
    {
        _isLoading = false;
        if (_cursor!.State == CursorState.Faulted)
        {
            NoteUnreadable(_cursor.Fault!);
        }

        // At the end of what was asked for: memory serves the rest, and the cursor's buffers and file can go.
        if (Last >= _wanted || _cursor.State != CursorState.Ready)
        {
            _cursor.Dispose();
            _cursor = null;
        }
    }

    /// <summary>Peers have what cannot be read here; where there are none, nobody goes on without it.</summary>
    private void NoteUnreadable(CursorFault fault)
    {
        if (group.Core.Unreadable(Last + 1, _wanted, group.Outputs))
        {
            loop.Options.Log?.Invoke(
                $"group {group.Number} '{group.Name}': an entry is unreadable and is fetched from peers: {fault}");
            return;
        }

        loop.Fail(group, new EngineFault(
            $"an entry of group '{group.Name}' cannot be read back: {fault}; restore this replica from its peers",
            null));
    }

    private int OffsetOf(int start, ulong entries)
    {
        int offset = start;
        for (ulong i = 0; i < entries; i++)
        {
            offset += RecordHeader.SizeOf(RecordHeader.Read(_bytes.AsSpan(offset)).BodyLength);
        }

        return offset;
    }
}
