using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using CoreEngine.IO.Ring;

namespace CoreEngine.IO.Tests.Log;

/// <summary>What an injected fault does to the operation that it meets.</summary>
internal enum FaultKind
{
    /// <summary>Nothing is written; the errno comes back.</summary>
    Fail,

    /// <summary>Half is written and the shorter length comes back.</summary>
    ShortWrite,
}

/// <summary>A disk in memory behind the ring's interface, that can lose power.</summary>
/// <remarks>
/// Two views of each file: what reads see, and what is on the medium. A durable write reaches the medium when it
/// completes, other writes
/// with a sync of the file, names with a sync of the directory. Operations complete by themselves at the next reap, or,
/// with
/// <see cref="Manual"/>, when the test says so. <see cref="Crash"/> makes the disk that the next start finds.
/// </remarks>
internal sealed class MemoryIoRing : IIoRing
{
    private const int Sector = 512;

    private readonly List<Pending> _queued = [];
    private readonly Queue<IoEvent> _ended = new();
    private readonly Dictionary<int, Inode> _open = [];
    private SortedDictionary<string, Inode> _names = new(StringComparer.Ordinal);
    private SortedDictionary<string, Inode> _durableNames = new(StringComparer.Ordinal);
    private int _nextFile = 3;

    public string Description => "memory";

    /// <summary>
    /// Durable writes stay in flight until <see cref="Complete"/>; everything else still completes by itself.
    /// </summary>
    internal bool Manual { get; set; }

    /// <summary>Called before an operation is carried out; a result means a fault.</summary>
    internal Func<IoOp, (FaultKind Kind, int Errno)?>? Fault { get; set; }

    /// <summary>Bytes that files may take together.</summary>
    internal long Capacity { get; set; } = long.MaxValue;

    /// <summary>Every durable write and sync, in the order of their start.</summary>
    internal List<IoOp> Syncing { get; } = [];

    /// <summary>Durable writes that are in flight, oldest first.</summary>
    internal IReadOnlyList<Pending> InFlight => [.. _queued.Where(IsDurableWrite)];

    public IReadOnlyList<string> ListFiles() => [.. _names.Keys];

    public bool TryEnqueue(in IoOp op, ulong token)
    {
        // The kernel may take the bytes at any time from now on; the tests take them now.
        byte[] bytes = op.Kind == IoKind.Write ? ReadMemory(op.Buffer, op.Length) : [];
        _queued.Add(new Pending(op, token, bytes));
        if (op.Kind == IoKind.Sync || (op.Flags & IoFlags.Durable) != 0)
        {
            Syncing.Add(op);
        }

        return true;
    }

    public int SubmitAndReap(Span<IoEvent> events, long timeoutNs)
    {
        if (_ended.Count == 0)
        {
            foreach (Pending pending in _queued.ToArray())
            {
                if (!Manual || !IsDurableWrite(pending))
                {
                    _ = _queued.Remove(pending);
                    _ended.Enqueue(new IoEvent(pending.Token, Execute(pending)));
                }
            }
        }

        if (_ended.Count == 0 && timeoutNs != 0)
        {
            throw new InvalidOperationException("Parked for ever: nothing can complete.");
        }

        int count = 0;
        while (count < events.Length && _ended.TryDequeue(out IoEvent ended))
        {
            events[count++] = ended;
        }

        return count;
    }

    public void Wake()
    {
    }

    public void Dispose()
    {
    }

    /// <summary>Completes one durable write in flight; its event is reaped next.</summary>
    internal void Complete(Pending pending)
    {
        Assert(_queued.Remove(pending));
        _ended.Enqueue(new IoEvent(pending.Token, Execute(pending)));
    }

    /// <summary>Loses power. What was not durable is as <paramref name="reached"/> says, sector by sector.</summary>
    /// <param name="reached">
    /// Whether this sector of a write in flight reached the medium: the write's number and the sector in it.
    /// </param>
    /// <param name="keepCache">
    /// Whether writes that were not synced and names that were not synced survive all the same (a killed process).
    /// </param>
    internal MemoryIoRing Crash(Func<int, int, bool> reached, bool keepCache = false)
    {
        var after = new MemoryIoRing();
        var copies = new Dictionary<Inode, Inode>();
        foreach ((string name, Inode inode) in keepCache ? _names : _durableNames)
        {
            copies[inode] = new Inode(inode.Share(isSeen: keepCache));
            after._names[name] = copies[inode];
        }

        after._durableNames = new SortedDictionary<string, Inode>(after._names, StringComparer.Ordinal);
        int number = 0;
        foreach (Pending pending in InFlight)
        {
            if (copies.TryGetValue(_open[pending.Op.File], out Inode? target))
            {
                for (int sector = 0; sector < pending.Bytes.Length / Sector; sector++)
                {
                    if (reached(number, sector))
                    {
                        int start = sector * Sector;
                        target.Write(pending.Bytes.AsSpan(start, Sector), pending.Op.Offset + start, isDurable: true);
                    }
                }
            }

            number++;
        }

        return after;
    }

    /// <summary>The bytes of a file on the medium, for the test to look at or to change.</summary>
    internal byte[] Medium(string name) => _durableNames[name].Medium;

    /// <summary>A disk with the same content.</summary>
    internal MemoryIoRing Copy() => Crash((_, _) => true);

    /// <summary>Changes a file on both views.</summary>
    internal void Change(string name, Action<byte[]> change) => _names[name].Change(change);

    internal void Remove(string name)
    {
        Assert(_names.Remove(name));
        Assert(_durableNames.Remove(name));
    }

    internal void Truncate(string name, int length)
    {
        var shorter = new Inode(_names[name].Seen[..length]);
        _names[name] = shorter;
        _durableNames[name] = shorter;
    }

    private static bool IsDurableWrite(Pending pending) =>
        pending.Op.Kind == IoKind.Write && (pending.Op.Flags & IoFlags.Durable) != 0;

    private static byte[] ReadMemory(nint address, int length)
    {
        byte[] bytes = new byte[length];
        Marshal.Copy(address, bytes, 0, length);
        return bytes;
    }

    private static void Assert(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("The test uses the disk wrongly.");
        }
    }

    private int Execute(Pending pending)
    {
        IoOp op = pending.Op;

        // The buffer belongs to the ring until its event was reaped: nobody may have touched it.
        Assert(op.Kind != IoKind.Write || ReadMemory(op.Buffer, op.Length).AsSpan().SequenceEqual(pending.Bytes));
        if (Fault?.Invoke(op) is { } fault)
        {
            if (fault.Kind == FaultKind.Fail)
            {
                return -fault.Errno;
            }

            int half = op.Length / 2;
            _open[op.File].Write(pending.Bytes.AsSpan(0, half), op.Offset, isDurable: true);
            return half;
        }

        return op.Kind switch
        {
            IoKind.Open => Open(op),
            IoKind.Close => _open.Remove(op.File) ? 0 : -Errno.BadFile,
            IoKind.Read => Read(op),
            IoKind.Write => Write(op, pending.Bytes),
            IoKind.Zero => Zero(op),
            IoKind.Sync => Sync(op),
            IoKind.Rename => Rename(op),
            IoKind.Delete => _names.Remove(op.Path!) ? 0 : -Errno.NoEntry,
            _ => SyncDirectory(),
        };
    }

    private int Open(in IoOp op)
    {
        if (!_names.TryGetValue(op.Path!, out Inode? inode))
        {
            if ((op.Flags & IoFlags.Create) == 0)
            {
                return -Errno.NoEntry;
            }

            inode = new Inode([]);
            _names[op.Path!] = inode;
        }

        _open[_nextFile] = inode;
        return _nextFile++;
    }

    private int Read(in IoOp op)
    {
        byte[] seen = _open[op.File].Seen;
        int count = (int)Math.Clamp(seen.Length - op.Offset, 0, op.Length);
        Marshal.Copy(seen, (int)Math.Min(op.Offset, seen.Length), op.Buffer, count);
        return count;
    }

    private int Write(in IoOp op, byte[] bytes)
    {
        _open[op.File].Write(bytes, op.Offset, (op.Flags & IoFlags.Durable) != 0);
        return op.Length;
    }

    private int Zero(in IoOp op)
    {
        long used = _names.Values.Distinct().Sum(inode => (long)inode.Seen.Length);
        if (used + op.Length > Capacity)
        {
            return -Errno.NoSpace;
        }

        _open[op.File].Write(new byte[op.Length], op.Offset, isDurable: false);
        return op.Length;
    }

    private int Sync(in IoOp op)
    {
        _open[op.File].Sync();
        return 0;
    }

    private int Rename(in IoOp op)
    {
        if (!_names.Remove(op.Path!, out Inode? inode))
        {
            return -Errno.NoEntry;
        }

        _names[op.TargetPath!] = inode;
        return 0;
    }

    private int SyncDirectory()
    {
        _durableNames = new SortedDictionary<string, Inode>(_names, StringComparer.Ordinal);
        return 0;
    }

    /// <summary>An operation with the bytes that it writes.</summary>
    internal sealed record Pending(IoOp Op, ulong Token, byte[] Bytes);

    /// <summary>
    /// A file: what reads see and what a power cut leaves. Both are one array as long as everything is synced.
    /// </summary>
    private sealed class Inode(byte[] bytes)
    {
        private bool _isShared = true;

        internal byte[] Seen { get; private set; } = bytes;

        internal byte[] Medium { get; private set; } = bytes;

        /// <summary>The arrays are handed out: the next write takes copies.</summary>
        internal byte[] Share(bool isSeen)
        {
            _isShared = true;
            return isSeen ? Seen : Medium;
        }

        internal void Write(ReadOnlySpan<byte> source, long offset, bool isDurable)
        {
            bool isSynced = ReferenceEquals(Seen, Medium);
            if (_isShared || (isSynced && !isDurable) || offset + source.Length > Seen.Length)
            {
                Seen = Grown(Seen, offset + source.Length);
            }

            source.CopyTo(Seen.AsSpan((int)offset));
            if (isDurable && isSynced)
            {
                Medium = Seen;
            }
            else if (isDurable)
            {
                Medium = Grown(Medium, offset + source.Length);
                source.CopyTo(Medium.AsSpan((int)offset));
            }

            _isShared = false;
        }

        internal void Sync() => Medium = Seen;

        internal void Change(Action<byte[]> change)
        {
            Seen = Grown(Seen, 0);
            change(Seen);
            Medium = Seen;
            _isShared = false;
        }

        private static byte[] Grown(byte[] bytes, long length)
        {
            byte[] grown = new byte[Math.Max(bytes.Length, length)];
            bytes.CopyTo(grown, 0);
            return grown;
        }
    }
}
