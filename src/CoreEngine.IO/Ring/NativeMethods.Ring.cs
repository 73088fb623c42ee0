using System.Runtime.InteropServices;

namespace CoreEngine.IO.Ring;

/// <summary>io_uring through the C library: set-up, enter, and the descriptor that wakes who is parked.</summary>
internal static partial class NativeMethods
{
    private static readonly NativeRingCalls RingCalls = BindRing(Calls.Library);

    /// <summary>Why io_uring cannot be used from here; empty when the library offers it.</summary>
    internal static string RingReason => RingCalls.Reason;

    /// <summary>Sets a ring up and maps it: zero, or a negative errno. Only without a
    /// <see cref="RingReason"/>.</summary>
    internal static unsafe int RingCreate(uint entries, out MappedRing ring) => RingCalls.Create(entries, out ring);

    /// <summary>Submits, and waits for completions: entries taken, or a negative errno.</summary>
    /// <param name="file">The ring.</param>
    /// <param name="submit">Entries to take.</param>
    /// <param name="wait">Completions to wait for; 0 does not wait.</param>
    /// <param name="look">Runs what is due, also without waiting.</param>
    /// <param name="timeoutNs">Longest wait; negative: without an end.</param>
    internal static unsafe int RingEnter(int file, uint submit, uint wait, bool look, long timeoutNs) =>
        RingCalls.Enter(file, submit, wait, look ? 1 : 0, timeoutNs);

    /// <summary>Unmaps and closes; a second call does nothing.</summary>
    internal static unsafe void RingDestroy(ref MappedRing ring) => RingCalls.Destroy(ref ring);

    /// <summary>A new event descriptor, or a negative errno.</summary>
    internal static unsafe int EventOpen() => RingCalls.EventOpen();

    /// <summary>Makes the descriptor readable: zero, or a negative errno. Any thread.</summary>
    internal static unsafe int EventSignal(int file) => RingCalls.EventSignal(file);

    /// <summary>Makes the descriptor unreadable: zero, or a negative errno.</summary>
    internal static unsafe int EventClear(int file) => RingCalls.EventClear(file);

    private static unsafe NativeRingCalls BindRing(nint library)
    {
        if (library == 0)
        {
            return new NativeRingCalls(Calls.Reason);
        }

        bool hasAll = NativeLibrary.TryGetExport(library, "ce_ring_create", out nint create)
            & NativeLibrary.TryGetExport(library, "ce_ring_enter", out nint enter)
            & NativeLibrary.TryGetExport(library, "ce_ring_destroy", out nint destroy)
            & NativeLibrary.TryGetExport(library, "ce_eventfd", out nint open)
            & NativeLibrary.TryGetExport(library, "ce_eventfd_signal", out nint signal)
            & NativeLibrary.TryGetExport(library, "ce_eventfd_clear", out nint clear);
        return new NativeRingCalls(hasAll ? string.Empty : "the native library was built without io_uring")
        {
            Create = (delegate* unmanaged<uint, out MappedRing, int>)create,
            Enter = (delegate* unmanaged<int, uint, uint, int, long, int>)enter,
            Destroy = (delegate* unmanaged<ref MappedRing, void>)destroy,
            EventOpen = (delegate* unmanaged<int>)open,
            EventSignal = (delegate* unmanaged<int, int>)signal,
            EventClear = (delegate* unmanaged<int, int>)clear,
        };
    }

    /// <summary>A mapped ring, as <c>struct ce_ring</c> of native/coreengine_native.h has it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MappedRing
    {
        internal int File;
        internal uint Flags;
        internal uint Features;
        internal uint SubmissionEntries;
        internal uint CompletionEntries;
        internal uint Reserved;
        internal nint Rings;
        internal ulong RingsBytes;
        internal nint Submissions;
        internal ulong SubmissionsBytes;
        internal nint SubmissionHead;
        internal nint SubmissionTail;
        internal nint SubmissionFlags;
        internal nint CompletionHead;
        internal nint CompletionTail;
        internal nint Completions;
    }

    /// <summary>Addresses of the library's functions; none may be called unless the reason is empty.</summary>
    private sealed unsafe class NativeRingCalls(string reason)
    {
        internal string Reason { get; } = reason;

        internal delegate* unmanaged<uint, out MappedRing, int> Create { get; init; }

        internal delegate* unmanaged<int, uint, uint, int, long, int> Enter { get; init; }

        internal delegate* unmanaged<ref MappedRing, void> Destroy { get; init; }

        internal delegate* unmanaged<int> EventOpen { get; init; }

        internal delegate* unmanaged<int, int> EventSignal { get; init; }

        internal delegate* unmanaged<int, int> EventClear { get; init; }
    }
}
