using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>The ring that needs nothing but Linux: a few disk threads, each blocked in its own system call.</summary>
/// <remarks>
/// Reads and durable writes go to the foreground threads, operations marked <see cref="IoFlags.Background"/> to one
/// thread of their own.
/// Nothing is allocated per operation on any thread. Parking: store the flag, full fence, recheck, sleep
/// (architecture.md, section 6).
/// </remarks>
internal sealed class PortableIoRing : IIoRing
{
    /// <summary>Operations that may be under way at once.</summary>
    internal const int SlotsMax = 256;

    private const int ForegroundThreads = 4;
    private const int StopSlot = SlotsMax;
    private const int QueueCells = SlotsMax * 2;
    private const int ThreadStackBytes = 256 * 1024;
    private const int Running = 0;
    private const int Parked = 1;
    private const int Signalled = 2;

    private readonly RingDirectory _directory;
    private readonly IoOp[] _ops = new IoOp[SlotsMax];
    private readonly ulong[] _tokens = new ulong[SlotsMax];
    private readonly int[] _results = new int[SlotsMax];

    /// <summary>Numbers of unused slots: a stack. Shard's thread only.</summary>
    private readonly int[] _free = new int[SlotsMax];

    /// <summary>
    /// Slots that were enqueued and not yet handed to a thread, in order: a ring. Shard's thread only.
    /// </summary>
    private readonly int[] _pending = new int[SlotsMax];

    private readonly WorkQueue _foreground = new(QueueCells);
    private readonly WorkQueue _background = new(QueueCells);
    private readonly CompletionQueue _ended = new(QueueCells);
    private readonly Futex _park = new();
    private readonly Thread[] _threads = new Thread[ForegroundThreads + 1];

    /// <summary>Files opened and not yet closed: closed at the end. Shard's thread only.</summary>
    private readonly List<int> _files = new(64);

    private ExceptionDispatchInfo? _failure;
    private int _freeCount = SlotsMax;
    private int _pendingHead;
    private int _pendingCount;
    private bool _isDisposed;

    private PortableIoRing(RingDirectory directory, string description)
    {
        _directory = directory;
        Description = description;
        for (int i = 0; i < SlotsMax; i++)
        {
            _free[i] = i;
        }

        for (int i = 0; i < _threads.Length; i++)
        {
            WorkQueue queue = i < ForegroundThreads ? _foreground : _background;
            _threads[i] = new Thread(() => Work(queue), ThreadStackBytes) { IsBackground = true, Name = $"disk-{i}" };
            _threads[i].Start();
        }
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Opens the ring of a directory and finds out how to write durably there.</summary>
    /// <exception cref="IOException">The directory is missing, or nothing durable can be written to it.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    internal static PortableIoRing Open(string directory) => Open(directory, isReadOnly: false);

    /// <summary>Opens a ring that can only look: for inspection of a directory, also of one that is in use.</summary>
    /// <exception cref="IOException">The directory is missing.</exception>
    internal static PortableIoRing OpenReadOnly(string directory) => Open(directory, isReadOnly: true);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles() => _directory.ListFiles();

    /// <inheritdoc/>
    public bool TryEnqueue(in IoOp op, ulong token)
    {
        Invariant.Holds(!_isDisposed);
        Invariant.Holds(op.Length >= 0);
        Invariant.Holds(op.Offset >= 0);
        if (_freeCount == 0)
        {
            return false;
        }

        int slot = _free[--_freeCount];
        _ops[slot] = op;
        _tokens[slot] = token;
        _pending[(_pendingHead + _pendingCount) % SlotsMax] = slot;
        _pendingCount++;
        return true;
    }

    /// <inheritdoc/>
    public int SubmitAndReap(Span<IoEvent> events, long timeoutNs)
    {
        Invariant.Holds(!_isDisposed);
        Invariant.Holds(events.Length > 0);
        Volatile.Read(ref _failure)?.Throw();
        Submit();
        int count = Reap(events);
        if (count > 0 || timeoutNs == 0)
        {
            return count;
        }

        Park(timeoutNs);
        Submit();
        return Reap(events);
    }

    /// <inheritdoc/>
    public void Wake()
    {
        // What the caller published must be visible before it is decided that nobody needs waking.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _park.Word) != Signalled && Interlocked.Exchange(ref _park.Word, Signalled) == Parked)
        {
            _park.Wake(1);
        }
    }

    /// <summary>Waits for what is under way, ends the threads, closes the files.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        for (int i = 0; i < _threads.Length; i++)
        {
            WorkQueue queue = i < ForegroundThreads ? _foreground : _background;
            bool published = queue.TryPublish(StopSlot);
            Invariant.Holds(published);
            queue.Release(1);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        // An open that ended unreaped still owns a file.
        while (_ended.TryTake(out int slot))
        {
            TrackFile(_ops[slot], _results[slot]);
        }

        foreach (int file in _files)
        {
            _ = NativeMethods.Close(file);
        }

        _directory.Dispose();
    }

    private static PortableIoRing Open(string directory, bool isReadOnly)
    {
        RingDirectory opened = RingDirectory.Open(directory, isReadOnly);
        return new PortableIoRing(
            opened,
            $"portable ring on {directory}: {opened.Executor.Method}; "
            + (isReadOnly ? "no writes" : "durability class power"));
    }

    private void Submit()
    {
        int foreground = 0;
        int background = 0;
        while (_pendingCount > 0)
        {
            int slot = _pending[_pendingHead];
            bool isBackground = (_ops[slot].Flags & IoFlags.Background) != 0;
            if (!(isBackground ? _background : _foreground).TryPublish(slot))
            {
                break;
            }

            _pendingHead = (_pendingHead + 1) % SlotsMax;
            _pendingCount--;
            foreground += isBackground ? 0 : 1;
            background += isBackground ? 1 : 0;
        }

        if (foreground > 0)
        {
            _foreground.Release(foreground);
        }

        if (background > 0)
        {
            _background.Release(background);
        }
    }

    private int Reap(Span<IoEvent> events)
    {
        int count = 0;
        while (count < events.Length && _ended.TryTake(out int slot))
        {
            events[count++] = new IoEvent(_tokens[slot], _results[slot]);
            TrackFile(_ops[slot], _results[slot]);
            _ops[slot] = default;
            _free[_freeCount++] = slot;
        }

        return count;
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

    private void Park(long timeoutNs)
    {
        if (Interlocked.CompareExchange(ref _park.Word, Parked, Running) == Running && !_ended.HasNext)
        {
            _park.Wait(Parked, timeoutNs);
        }

        _ = Interlocked.Exchange(ref _park.Word, Running);
    }

    private void Work(WorkQueue queue)
    {
        while (true)
        {
            int slot = queue.Take();
            if (slot == StopSlot)
            {
                return;
            }

            _results[slot] = ExecuteGuarded(slot);
            _ended.Publish(slot);

            // The exchange is a full fence: either this thread sees the parked flag, or the shard's recheck sees the
            // completion.
            if (Interlocked.CompareExchange(ref _park.Word, Signalled, Parked) == Parked)
            {
                _park.Wake(1);
            }
        }
    }

    /// <summary>
    /// A bug here must not end the host's process: the shard's thread meets the exception at its next turn.
    /// </summary>
    private int ExecuteGuarded(int slot)
    {
        try
        {
            return _directory.Executor.Execute(in _ops[slot]);
        }
        catch (Exception exception)
        {
            Volatile.Write(ref _failure, ExceptionDispatchInfo.Capture(exception));
            return -Errno.Io;
        }
    }
}
