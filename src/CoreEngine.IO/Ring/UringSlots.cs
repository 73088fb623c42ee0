using System;
using System.Text;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>
/// The operations under way in an io_uring: what each was, how far it has come, and what the kernel is asked for it.
/// </summary>
/// <remarks>Owner's thread only. Each slot has at most one entry with the kernel at a time.</remarks>
internal sealed class UringSlots : IDisposable
{
    internal const int Count = 256;

    private const int PathBytes = 256;
    private const int ZeroChunkBytes = 256 * 1024;
    private const int GenerationShift = 32;

    private readonly RingDirectory _directory;
    private readonly AlignedSlab _zeroes = new(ZeroChunkBytes);

    /// <summary>Two paths for each slot, each ended by a zero.</summary>
    private readonly AlignedSlab _paths = new(Count * 2 * PathBytes);
    private readonly Slot[] _slots = new Slot[Count];

    /// <summary>Numbers of unused slots: a stack.</summary>
    private readonly int[] _free = new int[Count];

    /// <summary>Slots that were taken and not yet started, in order: a ring.</summary>
    private readonly int[] _pending = new int[Count];
    private int _freeCount = Count;
    private int _pendingHead;
    private int _pendingCount;

    internal UringSlots(RingDirectory directory)
    {
        _directory = directory;
        for (int i = 0; i < Count; i++)
        {
            _free[i] = i;
        }
    }

    /// <summary>Takes a slot; false when all are under way.</summary>
    internal bool TryTake(in IoOp op, ulong token)
    {
        if (_freeCount == 0)
        {
            return false;
        }

        int number = _free[--_freeCount];
        ref Slot slot = ref _slots[number];
        slot.Op = op;
        slot.Token = token;
        slot.Done = 0;
        slot.Generation = unchecked(slot.Generation + 1);
        slot.IsBuffered = false;
        _pending[(_pendingHead + _pendingCount) % Count] = number;
        _pendingCount++;
        return true;
    }

    /// <summary>The next operation to start.</summary>
    internal bool TryNext(out UringEntry entry)
    {
        if (_pendingCount == 0)
        {
            entry = default;
            return false;
        }

        int number = _pending[_pendingHead];
        _pendingHead = (_pendingHead + 1) % Count;
        _pendingCount--;
        entry = EntryOf(number);
        return true;
    }

    /// <summary>The slot that a completion means; false when that use of it is over.</summary>
    internal bool TryFind(ulong userData, out int number)
    {
        number = unchecked((int)userData);
        return number is >= 0 and < Count && _slots[number].Generation == (uint)(userData >> GenerationShift);
    }

    internal IoOp OpOf(int number) => _slots[number].Op;

    /// <summary>Frees a slot; returns its token.</summary>
    internal ulong Release(int number)
    {
        ref Slot slot = ref _slots[number];
        slot.Op = default;
        slot.Generation = unchecked(slot.Generation + 1);
        _free[_freeCount++] = number;
        return slot.Token;
    }

    /// <summary>
    /// An entry has completed. True when the operation needs another one; otherwise <paramref name="result"/> becomes
    /// the operation's. Nothing that may have had an effect is done twice: a durable write that is short or fails has
    /// failed.
    /// </summary>
    internal bool TryContinue(int number, ref int result, out UringEntry entry)
    {
        ref Slot slot = ref _slots[number];
        bool goesOn = slot.Op.Kind switch
        {
            IoKind.Open => MustOpenAgain(ref slot, result),
            IoKind.Read => Advance(ref slot, ref result, mayEnd: true),
            IoKind.Write when (slot.Op.Flags & IoFlags.Durable) != 0 => JudgeDurable(in slot, ref result),
            IoKind.Write or IoKind.Zero => Advance(ref slot, ref result, mayEnd: false),
            _ => false,
        };
        entry = goesOn ? EntryOf(number) : default;
        return goesOn;
    }

    public void Dispose()
    {
        _paths.Free();
        _zeroes.Free();
    }

    private static bool JudgeDurable(in Slot slot, ref int result)
    {
        if (result >= 0 && result != slot.Op.Length)
        {
            result = -Errno.Io;
        }

        return false;
    }

    /// <summary>Goes on after a part; a read may also find the end of the file.</summary>
    private static bool Advance(ref Slot slot, ref int result, bool mayEnd)
    {
        if (mayEnd && result == -Errno.Interrupted)
        {
            return true;
        }

        if (result <= 0)
        {
            int ended = mayEnd ? slot.Done : -Errno.Io;
            result = result < 0 ? result : slot.Op.Length == 0 ? 0 : ended;
            return false;
        }

        slot.Done += result;
        result = slot.Done;
        return slot.Done < slot.Op.Length;
    }

    private bool MustOpenAgain(ref Slot slot, int result)
    {
        _ = _directory.Executor.ModeOf(slot.Op.Flags, out bool isDirect);
        if (result == -Errno.Invalid && isDirect && !slot.IsBuffered)
        {
            slot.IsBuffered = true;
            return true;
        }

        return result == -Errno.Interrupted;
    }

    private UringEntry EntryOf(int number)
    {
        ref Slot slot = ref _slots[number];
        IoOp op = slot.Op;
        var entry = new UringEntry
        {
            UserData = ((ulong)slot.Generation << GenerationShift) | (uint)number,
            Flags = (op.Flags & IoFlags.Background) != 0 ? UringEntry.Async : (byte)0,
            File = op.File,
        };
        switch (op.Kind)
        {
            case IoKind.Read or IoKind.Write:
                bool isDurable = op.Kind == IoKind.Write && (op.Flags & IoFlags.Durable) != 0;
                entry.Op = op.Kind == IoKind.Read ? UringOp.Read : UringOp.Write;
                entry.Address = (ulong)(op.Buffer + slot.Done);
                entry.Length = (uint)(op.Length - slot.Done);
                entry.Offset = (ulong)(op.Offset + slot.Done);
                entry.OpFlags = isDurable ? NativeMethods.WriteDataSync : 0u;
                break;
            case IoKind.Zero:
                // Small pieces, so that a foreground write waits behind one of them at most.
                entry.Op = UringOp.Write;
                entry.Address = (ulong)_zeroes.Address;
                entry.Length = (uint)int.Min(ZeroChunkBytes, op.Length - slot.Done);
                entry.Offset = (ulong)(op.Offset + slot.Done);
                break;
            case IoKind.Sync:
                entry.Op = UringOp.Sync;
                entry.OpFlags = UringEntry.DataSync;
                break;
            case IoKind.SyncDirectory:
                entry.Op = UringOp.Sync;
                entry.File = _directory.File;
                break;
            case IoKind.Close:
                entry.Op = UringOp.Close;
                break;
            default:
                AddPaths(number, in op, slot.IsBuffered, ref entry);
                break;
        }

        return entry;
    }

    private void AddPaths(int number, in IoOp op, bool isBuffered, ref UringEntry entry)
    {
        entry.File = _directory.File;
        entry.Address = (ulong)PathOf(2 * number, op.Path!);
        switch (op.Kind)
        {
            case IoKind.Open:
                int mode = _directory.Executor.ModeOf(op.Flags, out _);
                entry.Op = UringOp.OpenAt;
                entry.Length = IoExecutor.FileMode;
                entry.OpFlags = (uint)(isBuffered ? mode & ~NativeMethods.OpenDirect : mode);
                break;
            case IoKind.Rename:
                entry.Op = UringOp.RenameAt;
                entry.Length = (uint)_directory.File;
                entry.Offset = (ulong)PathOf((2 * number) + 1, op.TargetPath!);
                break;
            default:
                Invariant.Holds(op.Kind == IoKind.Delete);
                entry.Op = UringOp.UnlinkAt;
                break;
        }
    }

    /// <summary>Copies a path to where the kernel reads it.</summary>
    private nint PathOf(int place, string path)
    {
        Span<byte> target = _paths.Slice(place * PathBytes, PathBytes);

        // Names of the engine are short; a longer one is a bug of ours, not of anybody's input.
        Invariant.Holds(Encoding.UTF8.GetByteCount(path) < PathBytes);
        int written = Encoding.UTF8.GetBytes(path, target);
        target[written] = 0;
        return _paths.Address + (place * PathBytes);
    }

    private struct Slot
    {
        internal IoOp Op;
        internal ulong Token;
        internal uint Generation;

        /// <summary>Bytes that are done, of reads, plain writes and zeroes.</summary>
        internal int Done;

        /// <summary>The file system refused this file to be opened past its cache.</summary>
        internal bool IsBuffered;
    }
}
