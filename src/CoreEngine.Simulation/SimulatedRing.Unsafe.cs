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
    private readonly List<Operation> _operations = [];
    private long _sequence;

    /// <summary>Fails the write or sync that comes when the count has run down to zero. Negative: never.</summary>
    internal int FailAfter { get; set; } = -1;

    /// <summary>Syncs and durable writes started.</summary>
    internal long DurableOperations { get; private set; }

    public string Description => "simulated disk";

    /// <summary>When the next operation ends; <see cref="long.MaxValue"/> when none is under way.</summary>
    internal long NextEnd
    {
        get
        {
            long next = long.MaxValue;
            foreach (Operation operation in _operations)
            {
                next = long.Min(next, operation.EndsAt);
            }

            return next;
        }
    }

    public IReadOnlyList<string> ListFiles() => [.. disk.Names];

    public bool TryEnqueue(in IoOp op, ulong token)
    {
        bool slow = op.Kind is IoKind.Write or IoKind.Sync or IoKind.SyncDirectory;
        long latency = slow ? chance.Between(timing.WriteMinNs, timing.WriteMaxNs) : timing.ReadNs;
        DurableOperations += slow ? 1 : 0;
        _operations.Add(new Operation(op, token, clock() + latency, _sequence++));
        return true;
    }

    public int SubmitAndReap(Span<IoEvent> events, long timeoutNs)
    {
        int count = 0;
        while (count < events.Length && TryTakeEnded(timeoutNs > 0 && count == 0, out Operation operation))
        {
            events[count++] = new IoEvent(operation.Token, Perform(operation.Op));
        }

        return count;
    }

    public void Wake()
    {
        // The world turns every loop that has something to do; nobody sleeps.
    }

    /// <summary>The power fails: durable writes under way are torn, everything else about them is forgotten.</summary>
    internal void PowerCut()
    {
        foreach (Operation operation in _operations)
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

    public void Dispose() => _operations.Clear();

    private bool TryTakeEnded(bool blocking, out Operation taken)
    {
        int best = -1;
        for (int i = 0; i < _operations.Count; i++)
        {
            if (best < 0 || _operations[i].CompareTo(_operations[best]) < 0)
            {
                best = i;
            }
        }

        // Recovery blocks on the ring: it has the virtual machine to itself, so its operations end at once.
        if (best < 0 || (!blocking && _operations[best].EndsAt > clock()))
        {
            taken = default;
            return false;
        }

        taken = _operations[best];
        _operations.RemoveAt(best);
        return true;
    }

    private int Perform(in IoOp op)
    {
        bool writes = op.Kind is IoKind.Write or IoKind.Sync or IoKind.Zero or IoKind.SyncDirectory;
        if (writes && FailAfter >= 0 && FailAfter-- == 0)
        {
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
                return file.Read(op.Offset, new Span<byte>((void*)op.Buffer, op.Length));
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

    private static int Write(in IoOp op, SimulatedFile file)
    {
        var source = new ReadOnlySpan<byte>((void*)op.Buffer, op.Length);
        if ((op.Flags & IoFlags.Durable) != 0)
        {
            file.WriteDurably(op.Offset, source);
        }
        else
        {
            file.Write(op.Offset, source);
        }

        return op.Length;
    }

    private int Zero(in IoOp op, SimulatedFile file)
    {
        if (op.Length > disk.BytesFree)
        {
            return NoSpace;
        }

        disk.BytesFree -= disk.BytesFree == long.MaxValue ? 0 : op.Length;
        file.Write(op.Offset, new byte[op.Length]);
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

    private readonly record struct Operation(IoOp Op, ulong Token, long EndsAt, long Sequence) : IComparable<Operation>
    {
        public int CompareTo(Operation other)
        {
            int ends = EndsAt.CompareTo(other.EndsAt);
            return ends != 0 ? ends : Sequence.CompareTo(other.Sequence);
        }
    }
}
