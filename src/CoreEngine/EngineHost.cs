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
using CoreEngine.IO.Ring;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Recovery;
using CoreEngine.Snapshots;

namespace CoreEngine;

/// <summary>Builds the shards from the options, places groups in them, and takes them down again. Cold paths
/// only.</summary>
[SuppressMessage("Design", "CA1001", Justification = "the end of the last shard releases the port and the lock")]
internal sealed class EngineHost
{
    private readonly DirectoryLock _lock;
    private readonly EngineShard[] _shards;
    private readonly ShardPlacement _placement;
    private readonly TransportListener _listener;
    private readonly Task _stopped;
    private readonly ulong _seed;
    private int _disposed;

    private EngineHost(
        EngineOptions options,
        DirectoryLock directoryLock,
        TransportListener listener,
        EngineShard[] shards,
        ShardPlacement placement)
    {
        Options = options;
        _lock = directoryLock;
        _listener = listener;
        _shards = shards;
        _placement = placement;
        _seed = options.Seed != 0 ? options.Seed : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        _stopped = EndAsync();
    }

    internal EngineOptions Options { get; }

    /// <summary>The first shard's loop.</summary>
    internal EngineLoop Loop => _shards[0].Loop;

    internal ReadOnlySpan<EngineShard> Shards => _shards;

    internal ClusterId Cluster => Loop.Log.Identity.Cluster;

    internal ulong Incarnation => Loop.Log.Identity.Incarnation;

    internal string ScrubText
    {
        get
        {
            (long bytes, long passes, long found, long repaired) = (0, 0, 0, 0);
            foreach (EngineShard shard in _shards)
            {
                LoopCounters counters = shard.Loop.Counters;
                bytes += counters.ScrubbedBytes;
                passes += counters.ScrubPasses;
                found += counters.DamageFound;
                repaired += counters.DamageRepaired;
            }

            return Options.ScrubBytesPerSecond == 0
                ? "off"
                : $"{bytes} bytes, {passes} passes, {found} damaged places found, {repaired} repaired";
        }
    }

    internal string RecoveryText => string.Join("; ", _shards.Select(static shard => shard.RecoveryText));

    internal string Backends =>
        string.Join("; ", _shards.Select(static shard => shard.Loop.Ring.Description)) + "; "
        + $"{Loop.Transport.Description}; {ChunkCodec.Description}";

    /// <summary>Any thread. Why the first of the shards stopped that has; null while all run.</summary>
    internal EngineFault? Fault
    {
        get
        {
            EngineFault? fault = null;
            foreach (EngineShard shard in _shards)
            {
                fault ??= shard.Loop.Fault;
            }

            return fault;
        }
    }

    internal static void Format(string directory, ClusterId cluster, uint replica, long segmentBytes, int shards)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        ArgumentOutOfRangeException.ThrowIfZero(replica);
        OptionsCheck.VerifySegment(segmentBytes);
        OptionsCheck.VerifyShards(shards);
        ShardStorage.Format(directory, cluster, replica, segmentBytes, shards);
    }

    internal static EngineHost Open(EngineOptions given)
    {
        EngineOptions options = given with { Log = new HostLog(given.Log).Write };
        using var undo = new UndoStack();
        try
        {
            return Open(options, undo);
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
    internal ValueTask<Group> OpenGroupAsync(
        string name, IStateMachine machine, GroupOptions options, CancellationToken cancellationToken)
    {
        uint[] members = [.. Options.Peers.Select(static peer => peer.Replica).Append(Options.Replica).Order()];
        var membership = new GroupMembership(members, _seed, Incarnation);
        EngineShard shard = _shards[_placement.Place(options.Group, options.Shard)];
        return shard.OpenGroupAsync(new GroupRequest(name, machine, options), membership, cancellationToken);
    }

    internal async ValueTask DisposeAsync()
    {
        if (_shards.Any(static shard => shard.IsInside))
        {
            throw new InvalidOperationException(
                "the engine cannot be disposed from inside Apply or a query: the shard would wait for itself");
        }

        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Array.ForEach(_shards, static shard => shard.Close());
        }

        await _stopped.ConfigureAwait(false);
    }

    private static EngineHost Open(EngineOptions options, UndoStack undo)
    {
        if (!Directory.Exists(options.Directory))
        {
            throw new EngineOpenException(
                $"the data directory {options.Directory} does not exist; run "
                + $"'coreengine format {options.Directory} --replica {options.Replica}' first");
        }

        DirectoryLock directoryLock = undo.Push(DirectoryLock.Acquire(options.Directory));
        var placement = new ShardPlacement(options.Shards);
        var storages = new ShardStorage[options.Shards];
        for (int shard = 0; shard < storages.Length; shard++)
        {
            storages[shard] = undo.Push(ShardStorage.Open(options, shard));
            VerifyLife(options, storages[0], storages[shard]);
            foreach (uint group in storages[shard].Recovery.Groups)
            {
                placement.Recall(group, shard);
            }
        }

        TransportListener listener = undo.Push(new TransportListener(TransportOptionsOf(options, storages[0])));
        var transports = new PipeTransport[options.Shards];
        var shards = new EngineShard[options.Shards];
        for (int shard = 0; shard < shards.Length; shard++)
        {
            transports[shard] = undo.Push(
                new PipeTransport(TransportOptionsOf(options, storages[shard]), listener.Acceptor));
            ITransport carrier = options.Taps?.Transport(transports[shard]) ?? transports[shard];
            shards[shard] = new EngineShard(options, storages[shard], carrier);
        }

        Array.ForEach(transports, static transport => transport.Start());
        listener.Acceptor.Start();
        var host = new EngineHost(options, directoryLock, listener, shards, placement);
        Array.ForEach(shards, static shard => shard.Start());
        undo.Keep();
        return host;
    }

    /// <summary>A shard whose directory came from elsewhere has promised other things than this replica.</summary>
    private static void VerifyLife(EngineOptions options, ShardStorage first, ShardStorage storage)
    {
        if (storage.Log.Identity != first.Log.Identity)
        {
            throw new EngineOpenException(
                $"replica {options.Replica} cannot open {options.Directory}: the directory of shard {storage.Number} "
                + $"is of incarnation {storage.Log.Identity.Incarnation:x16}, the data directory of "
                + $"{first.Log.Identity.Incarnation:x16}: they were not formatted together; restore the right one");
        }
    }

    private static EngineOpenException CannotOpen(EngineOptions options, Exception error) =>
        new($"replica {options.Replica} cannot open {options.Directory}: {error.Message}", error);

    private static TransportOptions TransportOptionsOf(EngineOptions options, ShardStorage storage)
    {
        return new TransportOptions
        {
            Replica = options.Replica,
            Incarnation = storage.Log.Identity.Incarnation,
            Cluster = storage.Log.Identity.Cluster,
            Admits = storage.Recovery.Peers.Admits,
            AcceptsUnknown = true,
            DialsAll = options.Join,
            Listen = options.Listen,
            Peers = [.. options.Peers.Select(static peer => new TransportPeer(peer.Replica, peer.Address))],
            Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
            Shard = (byte)storage.Number,
            Shards = (byte)options.Shards,
            Wake = storage.Ring.Wake,
            Log = options.Log!,
        };
    }

    /// <summary>A shard that stopped on a fault leaves the others serving; the last one releases what all
    /// share.</summary>
    private async Task EndAsync()
    {
        await Task.WhenAll(_shards.Select(static shard => shard.Stopped)).ConfigureAwait(false);
        _listener.Dispose();
        _lock.Dispose();
    }

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
