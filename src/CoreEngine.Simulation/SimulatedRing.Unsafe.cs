using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>How a replica's disk behaves.</summary>
internal sealed record DiskTiming(long WriteMinNs = 70_000, long WriteMaxNs = 250_000, long ReadNs = 40_000);

/// <summary>A ring over a simulated disk: operations end in virtual time, in any order, with seeded latency.</summary>
/// <remarks>
/// Unsafe: an operation's buffer is native memory that its owner keeps alive until the event was reaped, as with any
/// ring; it is only
/// read or written within the operation's length.
/// </remarks>
internal sealed unsafe class SimulatedRing(SimulatedDisk disk, Prng chance, Func<long> clock, DiskTiming timing)
    : IIoRing
{
    private const int InvalidArgument = -22;
    private const int NoEntry = -2;
    private const int NoSpace = -28;
    private const int IoError = -5;

    private readonly List<SimulatedFile?> _files = [];
    private readonly PriorityQueue<Operation, (long EndsAt, long Sequence)> _operations = new();
    private readonly Queue<Operation> _ended = new();
    private long _sequence;

    /// <summary>Fails the write or sync that comes when the count has run down to zero. Negative: never.</summary>
    internal int FailAfter { get; set; } = -1;

    /// <summary>A write or sync has failed: nothing more may be acknowledged.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Syncs and durable writes started.</summary>
    internal long DurableOperations { get; private set; }

    public string Description => "simulated disk";

    /// <summary>When the next operation ends; <see cref="long.MaxValue"/> when none is under way.</summary>
    internal long NextEnd => _ended.Count > 0 ? clock()
        : IsHeld ? long.MaxValue
        : _operations.TryPeek(out _, out (long EndsAt, long Sequence) next) ? next.EndsAt
        : long.MaxValue;

    /// <summary>The disk stands still: operations start and do not end.</summary>
    internal bool IsHeld { get; set; }

    /// <summary>Operations under way.</summary>
    internal int UnderWay => _operations.Count;

    /// <summary>How fast the disk is for what starts from now on.</summary>
    internal DiskTiming Timing { get; set; } = timing;

    /// <summary>Is told of every operation that ended.</summary>
    internal Action<ulong, int>? Ended { get; set; }

    public IReadOnlyList<string> ListFiles() => [.. disk.Names];

    public bool TryEnqueue(in IoOp op, ulong token)
    {
        bool slow = op.Kind is IoKind.Write or IoKind.Sync or IoKind.SyncDirectory;
        long latency = slow ? chance.Between(Timing.WriteMinNs, Timing.WriteMaxNs) : Timing.ReadNs;
        DurableOperations += slow ? 1 : 0;
        long sequence = _sequence++;
        _operations.Enqueue(new Operation(op, token, sequence), (clock() + latency, sequence));
        return true;
    }

    public int SubmitAndReap(Span<IoEvent> events, long timeoutNs)
    {
        int count = 0;
        while (count < events.Length && TryTakeEnded(timeoutNs > 0 && count == 0, out Operation operation))
        {
            int result = Perform(operation.Op);
            events[count++] = new IoEvent(operation.Token, result);
            Ended?.Invoke(operation.Token, result);
        }

        return count;
    }

    public void Wake()
    {
        // The world turns every loop that has something to do; nobody sleeps.
    }

    /// <summary>Some write is under way.</summary>
    internal bool IsWriting
    {
        get
        {
            foreach ((Operation operation, _) in _operations.UnorderedItems)
            {
                if (operation.Op.Kind == IoKind.Write)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The power fails: durable writes under way are torn, everything else about them is forgotten.</summary>
    internal void PowerCut()
    {
        foreach (Operation operation in InOrder())
        {
            IoOp op = operation.Op;
            if (op.Kind == IoKind.Write && op.File < _files.Count && _files[op.File] is { } file)
            {
                file.Tear(op.Offset, new ReadOnlySpan<byte>((void*)op.Buffer, op.Length), chance);
            }
        }

        _operations.Clear();
        disk.PowerCut(chance);
    }

    /// <summary>The process dies: of what is under way the kernel finishes some, in the order of its start.</summary>
    internal void Kill()
    {
        foreach (Operation operation in InOrder())
        {
            if (operation.Op.Kind == IoKind.Write && chance.Chance(1, 2))
            {
                _ = Perform(operation.Op);
            }
        }

        _operations.Clear();
    }

    public void Dispose() => _operations.Clear();

    private List<Operation> InOrder()
    {
        var operations = new List<Operation>();
        foreach ((Operation operation, _) in _operations.UnorderedItems)
        {
            operations.Add(operation);
        }

        operations.Sort(static (left, right) => left.Sequence.CompareTo(right.Sequence));
        return operations;
    }

    /// <summary>While the disk is held, one write ends all the same: in the turn that follows, before any
    /// other.</summary>
    /// <param name="place">Its place among the writes under way, in the order of their start.</param>
    internal void EndWrite(int place)
    {
        Invariant.Holds(IsHeld);
        List<Operation> writes = InOrder().FindAll(static operation => operation.Op.Kind == IoKind.Write);
        Operation chosen = writes[place];
        var others = new List<(Operation, (long, long))>();
        foreach ((Operation operation, (long EndsAt, long Sequence) at) in _operations.UnorderedItems)
        {
            if (operation.Sequence != chosen.Sequence)
            {
                others.Add((operation, at));
            }
        }

        _operations.Clear();
        _operations.EnqueueRange(others);
        _ended.Enqueue(chosen);
    }

    private bool TryTakeEnded(bool blocking, out Operation taken)
    {
        if (_ended.TryDequeue(out taken))
        {
            return true;
        }

        // Recovery blocks on the ring: it has the virtual machine to itself, so its operations end at once.
        if (_operations.Count == 0 || (!blocking && NextEnd > clock()))
        {
            taken = default;
            return false;
        }

        taken = _operations.Dequeue();
        return true;
    }

    private int Perform(in IoOp op)
    {
        bool writes = op.Kind is IoKind.Write or IoKind.Sync or IoKind.Zero or IoKind.SyncDirectory;
        if (writes && FailAfter >= 0 && FailAfter-- == 0)
        {
            HasFailed = true;
            return IoError;
        }

        return op.Kind switch
        {
            IoKind.Open => Open(op),
            IoKind.Close => Close(op),
            IoKind.Rename => disk.Rename(op.Path!, op.TargetPath!) ? 0 : NoEntry,
            IoKind.Delete => disk.Delete(op.Path!) ? 0 : NoEntry,
            IoKind.SyncDirectory => SyncNames(),
            _ => op.File >= 0 && op.File < _files.Count && _files[op.File] is { } file
                ? OnFile(op, file)
                : InvalidArgument,
        };
    }

    private int OnFile(in IoOp op, SimulatedFile file)
    {
        switch (op.Kind)
        {
            case IoKind.Read:
                return disk.Mishaps.TakeReadFailure()
                    ? IoError
                    : file.Read(op.Offset, new Span<byte>((void*)op.Buffer, op.Length));
            case IoKind.Write:
                return Write(op, file);
            case IoKind.Sync:
                file.Sync();
                return 0;
            case IoKind.Zero:
                return Zero(op, file);
            default:
                return InvalidArgument;
        }
    }

    private int Write(in IoOp op, SimulatedFile file)
    {
        var source = new ReadOnlySpan<byte>((void*)op.Buffer, op.Length);
        if ((op.Flags & IoFlags.Durable) != 0 && disk.IsLying)
        {
            file.PretendDurably(op.Offset, source);
        }
        else if ((op.Flags & IoFlags.Durable) != 0)
        {
            WriteByFate(op.Offset, source, file);
        }
        else
        {
            file.Write(op.Offset, source);
        }

        return op.Length;
    }

    private void WriteByFate(long offset, ReadOnlySpan<byte> source, SimulatedFile file)
    {
        switch (disk.Mishaps.TakeFate())
        {
            case WriteFate.Lost:
                disk.Mishaps.Lost = (disk.SegmentOf(file), offset, source.Length);
                break;
            case WriteFate.Misdirected:
                disk.Mishaps.Lost = (disk.SegmentOf(file), offset, source.Length);
                long pages = long.Max(1, offset / SimulatedFile.PageBytes);
                file.WriteDurably(disk.Mishaps.Amount % pages * SimulatedFile.PageBytes, source);
                break;
            default:
                file.WriteDurably(offset, source);
                break;
        }
    }

    private int Zero(in IoOp op, SimulatedFile file)
    {
        if (op.Length > disk.BytesFree)
        {
            return NoSpace;
        }

        disk.BytesFree -= disk.BytesFree == long.MaxValue ? 0 : op.Length;
        file.Zero(op.Offset, op.Length);
        return op.Length;
    }

    private int SyncNames()
    {
        disk.SyncNames();
        return 0;
    }

    private int Open(in IoOp op)
    {
        SimulatedFile? file = disk.Find(op.Path!);
        if (file is null && (op.Flags & IoFlags.Create) == 0)
        {
            return NoEntry;
        }

        _files.Add(file ?? disk.Create(op.Path!));
        return _files.Count - 1;
    }

    private int Close(in IoOp op)
    {
        _files[op.File] = null;
        return 0;
    }

    private readonly record struct Operation(IoOp Op, ulong Token, long Sequence);
}
