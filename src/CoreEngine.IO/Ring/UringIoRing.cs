using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>The ring on io_uring: one system call starts what is queued and awaits what has ended.</summary>
/// <remarks>
/// The kernel's ring belongs to the thread that uses it (SINGLE_ISSUER, DEFER_TASKRUN): it is set up when a thread
/// first submits, and again when another takes over, which it may only while nothing is under way. Slots carry a
/// generation, so that a late completion cannot end another operation. Nothing is allocated per operation: paths are
/// copied into memory of the ring.
/// </remarks>
internal sealed class UringIoRing : IIoRing
{
    /// <summary>Operations that may be under way at once.</summary>
    internal const int SlotsMax = UringSlots.Count;

    /// <summary>More entries than slots: the one that wakes takes a place too, and there is always room.</summary>
    private const uint Entries = 2 * SlotsMax;
    private const ulong WakeMark = ulong.MaxValue;
    private const int Running = 0;
    private const int Parked = 1;
    private const int Signalled = 2;
    private const int DrainSeconds = 30;

    private readonly RingDirectory _directory;
    private readonly UringSlots _slots;
    private readonly int _wake;

    /// <summary>Files opened and not yet closed: closed at the end. Owner's thread only.</summary>
    private readonly List<int> _files = new(64);

    private UringQueues? _queues;
    private Thread? _owner;
    private int _underWay;
    private bool _isArmed;
    private bool _isDisposed;
    private int _word;

    private UringIoRing(RingDirectory directory, int wake, string method)
    {
        _directory = directory;
        _wake = wake;
        _slots = new UringSlots(directory);
        Description =
            $"io_uring ring on {directory.Path}: {directory.Executor.Method}, {method}; durability class power";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Completions of operations that were no longer known. Zero, or something is broken.</summary>
    internal long Strays { get; private set; }

    /// <summary>Opens the ring of a directory; null with the reason where io_uring cannot be used.</summary>
    /// <exception cref="IOException">The directory is missing, or nothing durable can be written to it.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    internal static UringIoRing? TryOpen(string directory, out string reason)
    {
        RingDirectory.RequireLinux();
        reason = NativeMethods.RingReason;
        string? method = reason.Length > 0 ? null : Probe(out reason);
        if (method is null)
        {
            return null;
        }

        RingDirectory opened = RingDirectory.Open(directory, isReadOnly: false);
        int wake = opened.Executor.HasWriteSync ? NativeMethods.EventOpen() : -Errno.NotSupported;
        if (wake < 0)
        {
            opened.Dispose();
            reason = opened.Executor.HasWriteSync
                ? $"no event descriptor ({Errno.Text(-wake)})"
                : "the file system does not support RWF_DSYNC";
            return null;
        }

        return new UringIoRing(opened, wake, method);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles() => _directory.ListFiles();

    /// <inheritdoc/>
    public bool TryEnqueue(in IoOp op, ulong token)
    {
        Invariant.Holds(!_isDisposed);
        Invariant.Holds(op.Length >= 0);
        Invariant.Holds(op.Offset >= 0);
        return _slots.TryTake(in op, token);
    }

    /// <inheritdoc/>
    public int SubmitAndReap(Span<IoEvent> events, long timeoutNs)
    {
        Invariant.Holds(!_isDisposed);
        Invariant.Holds(events.Length > 0);
        UringQueues queues = Own();
        Push(queues);
        int count = Reap(queues, events);
        bool mayPark = count == 0 && timeoutNs != 0;
        if (mayPark && Park(queues, timeoutNs))
        {
            return Reap(queues, events);
        }

        if (queues.Unsubmitted > 0 || queues.NeedsLook)
        {
            Enter(queues, wait: 0, timeoutNs: 0);
        }

        return count > 0 ? count : Reap(queues, events);
    }

    /// <inheritdoc/>
    public void Wake()
    {
        // What the caller published must be visible before it is decided that nobody needs waking.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _word) != Signalled && Interlocked.Exchange(ref _word, Signalled) == Parked)
        {
            int result = NativeMethods.EventSignal(_wake);
            Invariant.Holds(result == 0);
        }
    }

    /// <summary>Waits for what is under way, unmaps the rings, closes the files.</summary>
    /// <remarks>On the owner's thread; on any other while nothing is under way.</remarks>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (_queues is not null)
        {
            Drain(_queues);
            _queues.Dispose();
        }

        foreach (int file in _files)
        {
            _ = NativeMethods.Close(file);
        }

        _ = NativeMethods.Close(_wake);
        _slots.Dispose();
        _directory.Dispose();
    }

    /// <summary>What the kernel grants; null with the reason when that is nothing.</summary>
    private static string? Probe(out string reason)
    {
        using UringQueues? probed = UringQueues.TryCreate(Entries, out int result);
        reason = probed is null ? $"the kernel refuses io_uring ({Errno.Text(-result)})" : string.Empty;
        return probed?.Method;
    }

    private UringQueues Own()
    {
        if (_queues is not null && ReferenceEquals(_owner, Thread.CurrentThread))
        {
            return _queues;
        }

        // The kernel lets one thread in; what is under way belongs to it.
        Invariant.Holds(_underWay == 0);
        _queues?.Dispose();
        _isArmed = false;
        _owner = Thread.CurrentThread;
        _queues = UringQueues.TryCreate(Entries, out int result) ?? throw new IOException(
            $"The kernel no longer grants an io_uring ({Errno.Text(-result)}); the ring of {_directory.Path} had one.");
        return _queues;
    }

    private void Push(UringQueues queues)
    {
        while (_slots.TryNext(out UringEntry entry))
        {
            queues.Push(in entry);
            _underWay++;
        }
    }

    /// <returns>False when there was no time to park: somebody has called.</returns>
    private bool Park(UringQueues queues, long timeoutNs)
    {
        bool parks = Interlocked.CompareExchange(ref _word, Parked, Running) == Running;
        if (parks)
        {
            ArmWake(queues);
            Enter(queues, wait: 1, timeoutNs);
        }

        _ = Interlocked.Exchange(ref _word, Running);
        return parks;
    }

    /// <summary>A call while this thread is parked shows as a completion.</summary>
    private void ArmWake(UringQueues queues)
    {
        if (_isArmed)
        {
            return;
        }

        _isArmed = true;
        var entry = new UringEntry
        {
            Op = UringOp.PollAdd,
            File = _wake,
            OpFlags = UringEntry.PollIn,
            UserData = WakeMark,
        };
        queues.Push(in entry);
    }

    private void Enter(UringQueues queues, uint wait, long timeoutNs)
    {
        int result = queues.Enter(wait, look: true, timeoutNs);

        // Interrupted and out of time are ends of waiting; busy and not now: completions are to be taken first.
        bool isFine = result >= 0
            || result is -Errno.Interrupted or -Errno.TimedOut or -Errno.Busy or -Errno.WouldBlock;
        if (!isFine)
        {
            throw new IOException($"The io_uring of {_directory.Path} fails ({Errno.Text(-result)}).");
        }
    }

    private int Reap(UringQueues queues, Span<IoEvent> events)
    {
        int count = 0;
        while (count < events.Length && queues.TryPop(out ulong userData, out int result))
        {
            if (userData == WakeMark)
            {
                _isArmed = false;
                _ = NativeMethods.EventClear(_wake);
            }
            else if (TakeEnd(queues, userData, result, out IoEvent ended))
            {
                events[count++] = ended;
            }
        }

        return count;
    }

    /// <returns>False when the operation goes on, or nobody knows it.</returns>
    private bool TakeEnd(UringQueues queues, ulong userData, int result, out IoEvent ended)
    {
        ended = default;
        if (!_slots.TryFind(userData, out int slot))
        {
            Strays++;
            return false;
        }

        if (_slots.TryContinue(slot, ref result, out UringEntry entry))
        {
            queues.Push(in entry);
            return false;
        }

        _underWay--;
        IoOp op = _slots.OpOf(slot);
        TrackFile(in op, result);
        ended = new IoEvent(_slots.Release(slot), result);
        return true;
    }

    private void TrackFile(in IoOp op, int result)
    {
        if (op.Kind == IoKind.Open && result >= 0)
        {
            _files.Add(result);
        }
        else if (op.Kind == IoKind.Close)
        {
            _ = _files.Remove(op.File);
        }
    }

    /// <summary>Buffers go back to their owners after this: until then the kernel may write to them. Nobody but the
    /// owner can learn when it has ended.</summary>
    private void Drain(UringQueues queues)
    {
        Invariant.Holds(_underWay == 0 || ReferenceEquals(_owner, Thread.CurrentThread));
        Span<IoEvent> events = stackalloc IoEvent[16];
        long start = Stopwatch.GetTimestamp();
        while (_underWay > 0)
        {
            if (Reap(queues, events) == 0)
            {
                Enter(queues, wait: 1, timeoutNs: 1_000_000_000);
            }

            if (Stopwatch.GetElapsedTime(start).TotalSeconds > DrainSeconds)
            {
                throw new IOException(
                    $"{_underWay} operations on {_directory.Path} have not ended within {DrainSeconds} s: their "
                    + "buffers cannot be given back.");
            }
        }
    }
}
