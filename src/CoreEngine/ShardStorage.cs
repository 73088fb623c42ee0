using System;
using System.IO;
using System.Security.Cryptography;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;
using CoreEngine.Recovery;

namespace CoreEngine;

/// <summary>What one shard has on disk: its directory's ring, log and snapshots, opened and recovered.</summary>
/// <remarks>Shard 0 lives in the data directory itself, the others each in a directory below it.</remarks>
internal sealed class ShardStorage : IDisposable
{
    private SegmentedLog? _log;
    private SnapshotStore? _snapshots;

    private ShardStorage(int number, IIoRing ring)
    {
        Number = number;
        Ring = ring;
    }

    /// <summary>The shard, from 0.</summary>
    internal int Number { get; }

    internal IIoRing Ring { get; }

    internal SegmentedLog Log => _log!;

    internal SnapshotStore Snapshots => _snapshots!;

    internal GroupRecovery Recovery { get; } = new();

    /// <summary>What was found. For people.</summary>
    internal string Report { get; private set; } = string.Empty;

    /// <summary>A shard's own directory.</summary>
    internal static string DirectoryOf(string directory, int shard) =>
        shard == 0 ? directory : Path.Combine(directory, $"shard-{shard}");

    /// <summary>Makes a directory ready for one replica: the shard whose directory tells of the others comes
    /// last.</summary>
    /// <exception cref="EngineOpenException">It cannot be used.</exception>
    internal static void Format(string directory, ClusterId cluster, uint replica, long segmentBytes, int shards)
    {
        try
        {
            Directory.CreateDirectory(directory);
            using var directoryLock = DirectoryLock.Acquire(directory);
            ulong incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
            var identity = new LogIdentity(cluster, replica, incarnation);
            for (int shard = shards - 1; shard >= 0; shard--)
            {
                string home = DirectoryOf(directory, shard);
                Directory.CreateDirectory(home);
                using PortableIoRing ring = PortableIoRing.Open(home);
                LogOptions options = OptionsOf(segmentBytes, shard, shards) with { Seed = incarnation + (uint)shard };
                LogOpenResult result = SegmentedLog.Format(ring, identity, options);
                if (result.Status != LogOpenStatus.Formatted)
                {
                    throw new EngineOpenException($"cannot format {home}: {result.Message}");
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineOpenException($"cannot format {directory}: {error.Message}", error);
        }
    }

    /// <summary>Opens a shard's log and walks it. Blocking.</summary>
    /// <exception cref="EngineOpenException">The directory cannot be used; the message says why.</exception>
    internal static ShardStorage Open(EngineOptions options, int shard)
    {
        string home = DirectoryOf(options.Directory, shard);
        if (!Directory.Exists(home))
        {
            throw new EngineOpenException(
                $"replica {options.Replica} cannot open {options.Directory}: the directory of shard {shard}, {home}, "
                + "is missing. Restore it, or remove this replica from its groups and add it with an empty directory");
        }

#pragma warning disable CA2000 // The storage owns the ring from here on.
        IIoRing ring = DiskRingChoice.Open(options.DiskRing, home, options.Log);
#pragma warning restore CA2000
        var storage = new ShardStorage(shard, options.Taps?.Ring(shard, ring) ?? ring);
        bool isOpen = false;
        try
        {
            storage.Open(options, home);
            isOpen = true;
            return storage;
        }
        finally
        {
            if (!isOpen)
            {
                storage.Dispose();
            }
        }
    }

    /// <summary>Ends the ring, then the log: until its threads have ended, the ring may touch buffers.</summary>
    public void Dispose()
    {
        Ring.Dispose();
        _log?.Dispose();
        _snapshots?.Dispose();
    }

    private static LogOptions OptionsOf(long segmentBytes, int shard, int shards) =>
        new() { SegmentBytes = segmentBytes, Shard = (uint)shard, Shards = (uint)shards };

    private void Open(EngineOptions options, string home)
    {
        ulong seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        LogOptions logOptions = OptionsOf(options.SegmentBytes, Number, options.Shards) with { Seed = seed };
        LogOpenResult result = SegmentedLog.Open(Ring, logOptions, options.Replica, options.Cluster, Recovery);
        _log = result.Log ?? throw new EngineOpenException(
            $"replica {options.Replica} cannot open {home}: {result.Message}");
        Report = result.Report.ToString();
        _snapshots = SnapshotStore.Open(Ring);
        Recovery.Join(_snapshots, _log.Index);
        _snapshots.Notes.ForEach(note => options.Log?.Invoke(note));
    }
}
