using System;
using System.Runtime.CompilerServices;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>
/// The two rings that the kernel shares with one thread: entries are written and completions read in place, a system
/// call only starts and awaits them.
/// </summary>
/// <remarks>The thread that created it alone may use it (SINGLE_ISSUER), but for <see cref="Dispose"/>. The kernel
/// writes completion tail and submission head, this side the two others; each with release order.</remarks>
internal sealed unsafe class UringQueues : IDisposable
{
    private const uint SetupDeferTaskRun = 1 << 13;
    private const uint FlagOverflow = 1 << 1;
    private const uint FlagTaskRun = 1 << 2;
    private const int CompletionBytes = 16;

    private readonly uint _submissionMask;
    private readonly uint _completionMask;
    private NativeMethods.MappedRing _ring;
    private uint _tail;

    private UringQueues(in NativeMethods.MappedRing ring)
    {
        _ring = ring;
        _submissionMask = ring.SubmissionEntries - 1;
        _completionMask = ring.CompletionEntries - 1;
        _tail = Volatile.Read(ref Word(ring.SubmissionTail));
    }

    /// <summary>How the kernel runs what completes here, for logs.</summary>
    internal string Method => (_ring.Flags & SetupDeferTaskRun) != 0
        ? "single issuer, deferred task run"
        : "cooperative task run, no single issuer before Linux 6.1";

    /// <summary>Entries that the kernel has not taken yet.</summary>
    internal uint Unsubmitted => _tail - Volatile.Read(ref Word(_ring.SubmissionHead));

    /// <summary>True when the kernel has work to run on this thread before completions can be seen.</summary>
    internal bool NeedsLook =>
        (Volatile.Read(ref Word(_ring.SubmissionFlags)) & (FlagOverflow | FlagTaskRun)) != 0;

    internal bool HasCompletion =>
        Volatile.Read(ref Word(_ring.CompletionTail)) != Word(_ring.CompletionHead);

    /// <summary>Sets up and maps; null with a negative errno when the kernel or a sandbox refuses.</summary>
    internal static UringQueues? TryCreate(uint entries, out int result)
    {
        result = NativeMethods.RingCreate(entries, out NativeMethods.MappedRing ring);
        return result < 0 ? null : new UringQueues(in ring);
    }

    /// <summary>Writes an entry; there must be room: the caller counts what is under way.</summary>
    internal void Push(in UringEntry entry)
    {
        Invariant.Holds(Unsubmitted <= _submissionMask);

        // In bounds by the mask; the kernel reads the place only behind the tail, which is published after it.
        ((UringEntry*)_ring.Submissions)[_tail & _submissionMask] = entry;
        _tail++;
        Volatile.Write(ref Word(_ring.SubmissionTail), _tail);
    }

    /// <summary>Starts what was pushed, and waits.</summary>
    /// <returns>Entries taken, or a negative errno.</returns>
    internal int Enter(uint wait, bool look, long timeoutNs) =>
        NativeMethods.RingEnter(_ring.File, Unsubmitted, wait, look, timeoutNs);

    /// <summary>Takes the oldest completion.</summary>
    internal bool TryPop(out ulong userData, out int result)
    {
        uint head = Word(_ring.CompletionHead);
        if (head == Volatile.Read(ref Word(_ring.CompletionTail)))
        {
            userData = 0;
            result = 0;
            return false;
        }

        // In bounds by the mask; the kernel does not write the place again before the head has passed it.
        byte* completion = (byte*)_ring.Completions + ((head & _completionMask) * CompletionBytes);
        userData = Unsafe.ReadUnaligned<ulong>(completion);
        result = Unsafe.ReadUnaligned<int>(completion + sizeof(ulong));
        Volatile.Write(ref Word(_ring.CompletionHead), head + 1);
        return true;
    }

    public void Dispose() => NativeMethods.RingDestroy(ref _ring);

    // The words stay mapped until the ring is destroyed.
    private static ref uint Word(nint address) => ref Unsafe.AsRef<uint>((void*)address);
}
