using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Diagnostics;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Recovery;
using CoreEngine.Snapshots;

namespace CoreEngine;

/// <summary>Builds a shard from its options, runs its thread, and takes it down again. Cold paths only.</summary>
[SuppressMessage("Design", "CA1001", Justification = "the shard's thread ends the meter when it ends")]
internal sealed class EngineHost
{
    private readonly DirectoryLock _lock;
    private readonly GroupOpenings _openings;
    private readonly Thread _thread;
    private readonly EngineMeter _meter;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ulong _seed;
    private bool _stopping;
    private int _disposed;

    private EngineHost(EngineOptions options, DirectoryLock directoryLock, Opened opened, EngineLoop loop)
    {
        Options = options;
        Loop = loop;
        Cluster = opened.Log.Identity.Cluster;
        Incarnation = opened.Log.Identity.Incarnation;
        RecoveryText = opened.Report;
        _openings = new GroupOpenings(loop, opened.Recovery, Admit);
        _lock = directoryLock;
        _seed = options.Seed != 0 ? options.Seed : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        _meter = new EngineMeter(loop);
        _thread = new Thread(Run) { IsBackground = true, Name = $"coreengine-{options.Replica}" };
    }

    internal EngineOptions Options { get; }

    internal EngineLoop Loop { get; }

    internal ClusterId Cluster { get; }

    internal ulong Incarnation { get; }

    internal string RecoveryText { get; }

    internal string Backends => $"{Loop.Ring.Description}; {Loop.Transport.Description}; {ChunkCodec.Description}";

    internal static void Format(string directory, ClusterId cluster, uint replica, long segmentBytes)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        ArgumentOutOfRangeException.ThrowIfZero(replica);
        OptionsCheck.VerifySegment(segmentBytes);
        try
        {
            Directory.CreateDirectory(directory);
            using var directoryLock = DirectoryLock.Acquire(directory);
            using PortableIoRing ring = PortableIoRing.Open(directory);
            ulong incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
            var logOptions = new LogOptions { SegmentBytes = segmentBytes, Seed = incarnation };
            var identity = new LogIdentity(cluster, replica, incarnation);
            LogOpenResult result = SegmentedLog.Format(ring, identity, logOptions);
            if (result.Status != LogOpenStatus.Formatted)
            {
                throw new EngineOpenException($"cannot format {directory}: {result.Message}");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineOpenException($"cannot format {directory}: {error.Message}", error);
        }
    }

    internal static EngineHost Open(EngineOptions given)
    {
        EngineOptions options = given with { Log = new HostLog(given.Log).Write };
        using var undo = new UndoStack();
        try
        {
            if (!Directory.Exists(options.Directory))
            {
                throw new EngineOpenException(
                    $"the data directory {options.Directory} does not exist; run "
                    + $"'coreengine format {options.Directory} --replica {options.Replica}' first");
            }

            DirectoryLock directoryLock = undo.Push(DirectoryLock.Acquire(options.Directory));
#pragma warning disable CA2000 // The undo stack disposes them when opening fails, the host's end otherwise.
            Storage storage = undo.Push(new Storage(PortableIoRing.Open(options.Directory)));
            PortableIoRing ring = storage.Ring;
            Opened opened = OpenLog(options, ring);
            storage.Log = opened.Log;
            SnapshotStore snapshots = undo.Push(SnapshotStore.Open(ring));
            opened.Recovery.Join(snapshots);
            snapshots.Notes.ForEach(note => options.Log?.Invoke(note));
            PipeTransport transport = undo.Push(new PipeTransport(TransportOptionsOf(options, opened, ring)));
#pragma warning restore CA2000
            uint life = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
            ITransport carrier = options.Taps?.Transport(transport) ?? transport;
            var setup = new LoopSetup(
                options, life, ring, carrier, opened.Log, PoolWorkers.Instance, opened.Recovery.Peers)
            {
                CoreTap = options.Taps?.Core,
                Snapshots = snapshots,
            };
            var host = new EngineHost(options, directoryLock, opened, new EngineLoop(setup));
            transport.Start();
            host._thread.Start();
            undo.Keep();
            return host;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException)
        {
            throw CannotOpen(options, error);
        }
        catch (InvalidOperationException error) when (error.InnerException is SocketException)
        {
            throw CannotOpen(options, error);
        }
    }

    /// <summary>Any thread.</summary>
    internal async ValueTask<Group> OpenGroupAsync(
        string name, IStateMachine machine, GroupOptions options, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<Group>(TaskCreationOptions.RunContinuationsAsynchronously);
        uint[] members = [.. Options.Peers.Select(static peer => peer.Replica).Append(Options.Replica).Order()];
        var membership = new GroupMembership(members, _seed, Incarnation);
        Loop.Post(() => _openings.Add(new GroupRequest(name, machine, options), membership, done, cancellationToken));
        Task ended = await Task.WhenAny(done.Task, _stopped.Task).WaitAsync(cancellationToken).ConfigureAwait(false);
        return ended == done.Task
            ? await done.Task.ConfigureAwait(false)
            : throw new EngineOpenException($"the engine stopped: {Loop.Fault?.Reason ?? "it is being disposed"}");
    }

    internal async ValueTask DisposeAsync()
    {
        if (Thread.CurrentThread == _thread || Applier.IsInside(Loop))
        {
            throw new InvalidOperationException(
                "the engine cannot be disposed from inside Apply or a query: the shard would wait for itself");
        }

        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Loop.Post(() =>
            {
                Closing.Begin(Loop);
                Volatile.Write(ref _stopping, true);
            });
        }

        await _stopped.Task.ConfigureAwait(false);
    }

    private static EngineOpenException CannotOpen(EngineOptions options, Exception error) =>
        new($"replica {options.Replica} cannot open {options.Directory}: {error.Message}", error);

    private static Opened OpenLog(EngineOptions options, PortableIoRing ring)
    {
        var recovery = new GroupRecovery();
        ulong seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var logOptions = new LogOptions { SegmentBytes = options.SegmentBytes, Seed = seed };
        LogOpenResult result = SegmentedLog.Open(ring, logOptions, options.Replica, options.Cluster, recovery);
        return result.Log is null
            ? throw new EngineOpenException(
                $"replica {options.Replica} cannot open {options.Directory}: {result.Message}")
            : new Opened(result.Log, recovery, result.Report.ToString());
    }

    private static TransportOptions TransportOptionsOf(EngineOptions options, Opened opened, PortableIoRing ring)
    {
        return new TransportOptions
        {
            Replica = options.Replica,
            Incarnation = opened.Log.Identity.Incarnation,
            Cluster = opened.Log.Identity.Cluster,
            Admits = opened.Recovery.Peers.Admits,
            AcceptsUnknown = true,
            DialsAll = options.Join,
            Listen = options.Listen,
            Peers = [.. options.Peers.Select(static peer => new TransportPeer(peer.Replica, peer.Address))],
            Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
            Wake = ring.Wake,
            Log = options.Log!,
        };
    }

    private void Admit(GroupRuntime group)
    {
        Loop.Add(group);
        _meter.Add(group);
    }

    private void Run()
    {
        try
        {
            TurnUntilStopped();
        }
        catch (Exception error)
        {
            // The outermost frame: whatever broke stops this shard, never the host's process.
            Loop.Stop(new EngineFault($"the shard of replica {Options.Replica} failed: {error.Message}", error));
            Options.Log?.Invoke($"fault: {error}");
        }

        _meter.Dispose();
        TearDown();
        _stopped.SetResult();
    }

    private void TurnUntilStopped()
    {
        long giveUpAt = long.MaxValue;
        while (Loop.Fault is null)
        {
            long now = MonotonicClock.Now();
            long wall = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
            bool any = Loop.Turn(now, wall);
            any |= !_stopping && _openings.Step();
            if (_stopping)
            {
                giveUpAt = long.Min(giveUpAt, now + (Options.CloseTimeout.Ticks * 100));
                if (Closing.IsDrained(Loop) || now >= giveUpAt)
                {
                    Closing.Seal(Loop);
                    return;
                }
            }

            if (!any)
            {
                Loop.Park();
            }
        }
    }

    private void TearDown()
    {
        var fault = Loop.Fault ?? new EngineFault("the engine was disposed", null);
        foreach (GroupRuntime group in Loop.Groups)
        {
            Loop.Fail(group, fault);
        }

        // A worker may still be inside the host's machine: it answers its queries first, and touches nothing of this
        // shard afterwards.
        foreach (GroupRuntime group in Loop.Groups)
        {
            group.Applier.WaitUntilIdle();
            group.Snapshots.Mute();
        }

        Loop.IsStopped = true;
        Loop.DrainAll();
        Loop.Transport.Dispose();

        // The ring first: until its threads have ended, the log's buffers may still be read or written.
        Loop.Ring.Dispose();
        Loop.Log.Dispose();
        Loop.Snapshots.Dispose();
        _lock.Dispose();
    }

    /// <summary>Ends the ring, then the log: until its threads have ended, the ring may touch buffers.</summary>
    private sealed class Storage(PortableIoRing ring) : IDisposable
    {
        internal PortableIoRing Ring => ring;

        internal SegmentedLog? Log { get; set; }

        public void Dispose()
        {
            ring.Dispose();
            Log?.Dispose();
        }
    }

    private sealed record Opened(SegmentedLog Log, GroupRecovery Recovery, string Report);

    /// <summary>Disposes what was opened so far when opening fails half way.</summary>
    private sealed class UndoStack : IDisposable
    {
        private readonly Stack<IDisposable> _opened = new();

        internal T Push<T>(T item)
            where T : IDisposable
        {
            _opened.Push(item);
            return item;
        }

        internal void Keep() => _opened.Clear();

        public void Dispose()
        {
            while (_opened.TryPop(out IDisposable? item))
            {
                item.Dispose();
            }
        }
    }
}
