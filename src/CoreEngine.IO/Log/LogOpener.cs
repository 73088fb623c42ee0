using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Opens a log step by step: superblock, identity, syncs, headers, walk, end, fresh segment where one is due.
/// </summary>
internal sealed class LogOpener : IDisposable
{
    private const string NothingLeft = "No segment of the log is left whose header can be read: this replica has "
        + "nothing to go on from. Remove it from its group and add it again with an empty directory.";

    /// <summary>Of a segment that is gone: no page of it is ever read.</summary>
    private const uint NoSalt = 1;

    private readonly IIoRing _ring;
    private readonly LogOptions _options;
    private readonly BlockingIo _io;
    private readonly LogScanner _scanner;
    private readonly RecoveryObserver _observer;
    private readonly Prng _salts;
    private LogFormatter _formatter;
    private SuperblockReading _superblock = new();
    private LogIdentity _identity;

    internal LogOpener(IIoRing ring, LogOptions options, ILogVisitor visitor)
    {
        options.Verify();
        _ring = ring;
        _options = options;
        _io = new BlockingIo(ring);
        _observer = new RecoveryObserver(visitor);
        _scanner = new LogScanner(_io, _observer, options);
        _salts = new Prng(options.Seed);
        _formatter = new LogFormatter(ring, options);
    }

    /// <summary>Set when the log may open.</summary>
    internal SegmentedLog.OpenState? State { get; private set; }

    internal SuperblockWriter? SuperblockWriter { get; private set; }

    internal SpareSegments? Spares { get; private set; }

    internal LogOpenResult Open(uint replica, ClusterId? cluster)
    {
        IReadOnlyList<string> files = _ring.ListFiles();
        _superblock = SuperblockReading.Read(_io, files, isReadOnly: false);
        if (_superblock.Refusal is { } refusal)
        {
            return Refuse(refusal.Status, refusal.Message);
        }

        Superblock superblock = _superblock.Chosen;
        _identity = superblock.Identity;
        if (CheckIdentity(in superblock, replica, cluster) is { } foreign)
        {
            return foreign;
        }

        int synced = SyncAll(files);
        if (synced < 0)
        {
            return Refuse(
                LogOpenStatus.IoFailed,
                $"A sync before reading failed ({Errno.Text(-synced)}): the medium is not to be trusted.");
        }

        _scanner.Report.Notes.AddRange(_superblock.Notes);
        SegmentMap map = _scanner.ReadHeaders(files, in superblock, out string reason);
        if (reason.Length > 0)
        {
            return Refuse(
                LogOpenStatus.NewerFormat, $"A segment cannot be read: {reason}. Use the program that wrote it.");
        }

        if (_scanner.Error == 0 && map.Live.Count > 0)
        {
            _scanner.Walk(map, in superblock);
        }

        if (_scanner.Error != 0)
        {
            return Refuse(LogOpenStatus.IoFailed, $"Cannot read {_scanner.ErrorFile} ({Errno.Text(_scanner.Error)}).");
        }

        return map.Live.Count == 0 ? Refuse(LogOpenStatus.Damaged, NothingLeft) : Prepare(map, files);
    }

    public void Dispose()
    {
        _scanner.Dispose();
        if (State is null)
        {
            SuperblockWriter?.Dispose();
        }
    }

    private LogOpenResult Refuse(LogOpenStatus status, string message) => new(status, message)
    {
        Identity = _identity,
        Report = _scanner.Report,
        Damages = _scanner.Damages,
    };

    private LogOpenResult? CheckIdentity(in Superblock superblock, uint replica, ClusterId? cluster)
    {
        if (cluster is { } expected && superblock.Identity.Cluster != expected)
        {
            return Refuse(
                LogOpenStatus.ForeignCluster,
                $"The directory belongs to cluster {superblock.Identity.Cluster}, not to {expected}. "
                + "Name the right directory.");
        }

        if (superblock.Identity.Replica != replica)
        {
            return Refuse(
                LogOpenStatus.OtherReplica,
                $"The directory belongs to replica {superblock.Identity.Replica}, not to {replica}. "
                + "Name the right directory.");
        }

        if (superblock.Shards != _options.Shards)
        {
            return Refuse(
                LogOpenStatus.OtherReplica,
                $"The directory was formatted for {superblock.Shards} shard(s), and {_options.Shards} are asked for: "
                + "groups of the shards left out would be lost. "
                + $"Set Shards to {superblock.Shards}; another number needs a new directory, joined as a new replica.");
        }

        return superblock.Shard == _options.Shard
            ? null
            : Refuse(
                LogOpenStatus.OtherReplica,
                $"The log belongs to shard {superblock.Shard}, not to {_options.Shard}. Name the right directory.");
    }

    /// <summary>What a crash left in caches must not vanish after it was read (TigerBeetle does the same).</summary>
    private int SyncAll(IReadOnlyList<string> files)
    {
        foreach (string name in files)
        {
            if (name != LogFormat.SuperblockFile && !LogFormat.TryParseSegment(name, out _))
            {
                continue;
            }

            int file = _io.Run(new IoOp(IoKind.Open, IoFlags.Direct, 0, 0, 0, 0, name));
            if (file < 0)
            {
                return file;
            }

            int synced = _io.Run(new IoOp(IoKind.Sync, IoFlags.None, file, 0, 0, 0));
            _ = _io.Run(new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0));
            if (synced < 0)
            {
                return synced;
            }
        }

        return _io.Run(new IoOp(IoKind.SyncDirectory, IoFlags.None, 0, 0, 0, 0));
    }

    /// <summary>
    /// The log is sound: clears away what is of no use, finds the place to append, makes the state of the open log.
    /// </summary>
    private LogOpenResult Prepare(SegmentMap map, IReadOnlyList<string> files)
    {
        Superblock superblock = _superblock.Chosen;
        _formatter = new LogFormatter(_ring, _options with { SegmentBytes = superblock.SegmentBytes });
        var segments = new SegmentTable();
        foreach (LiveSegment live in map.Live)
        {
            AddLost(segments, live.Header.Sequence, live.Header.BaseLsn);
            segments.Add(live.Header.Sequence, live.Header.BaseLsn, live.Salt);

            // A salt is drawn per life of a segment: no seed may bring back one that is in use.
            _ = _salts.Next();
        }

        ulong newest = Math.Max(superblock.NewestSegment, _scanner.NewestKnown);
        if (segments.Newest.Sequence < newest)
        {
            AddLost(segments, newest + 1, _scanner.Report.EndLsn);
        }

        int result = ClearAway(map, files, segments.Newest.Sequence);
        if (result >= 0)
        {
            Spares = new SpareSegments(_ring, superblock.SegmentBytes, _options.SparesWanted);
            Spares.Begin(segments.Newest.Sequence + 1);
            result = AdoptSpares(map, superblock.SegmentBytes);
        }

        int file = result;
        if (result >= 0)
        {
            file = _scanner.Report.IsFreshSegment
                ? StartFresh(segments, in superblock)
                : _io.Run(new IoOp(
                    IoKind.Open, IoFlags.Direct, 0, 0, 0, 0, LogFormat.SegmentName(segments.Newest.Sequence)));
        }

        result = file < 0 ? file : UpdateSuperblock(in superblock, segments.Newest.Sequence);
        if (result < 0)
        {
            return Refuse(LogOpenStatus.IoFailed, $"The log cannot be made ready for writing ({Errno.Text(-result)}).");
        }

        State = new SegmentedLog.OpenState(
            SuperblockNow(in superblock, segments.Newest.Sequence),
            segments,
            _observer.Index,
            _observer.Carried,
            _salts,
            file,
            _scanner.Report.EndLsn,
            _scanner.PreviousLsn,
            _scanner.PreviousChecksum,
            _scanner.PreviousRuns,
            _scanner.Damages);
        return new LogOpenResult(LogOpenStatus.Opened, OpenedText())
        {
            Identity = _identity,
            Report = _scanner.Report,
            Damages = _scanner.Damages,
        };
    }

    private string OpenedText() => _scanner.Damages.Count == 0
        ? "Opened."
        : $"Opened with damage: {string.Join("; ", _scanner.Damages)}. What was acknowledged there keeps its place and "
            + "is asked of the other replicas.";

    /// <summary>Segments that are gone keep their numbers: nobody may take them for unused ones.</summary>
    private static void AddLost(SegmentTable segments, ulong next, ulong baseLsn)
    {
        while (segments.Count > 0 && segments.Newest.Sequence + 1 < next)
        {
            segments.Add(segments.Newest.Sequence + 1, baseLsn, NoSalt);
        }
    }

    /// <summary>
    /// Removes half-made files, and segments whose header never became whole with all spares behind them.
    /// </summary>
    private int ClearAway(SegmentMap map, IReadOnlyList<string> files, ulong newest)
    {
        var names = new List<string>();
        foreach (string name in files)
        {
            bool isGivenUp = LogFormat.TryParseSegment(name, out ulong sequence)
                && sequence < _superblock.Chosen.OldestSegment;
            if (isGivenUp || name is LogFormat.SegmentTemporary or LogFormat.SuperblockTemporary)
            {
                names.Add(name);
            }
        }

        ulong expected = newest + 1;
        map.Spares.RemoveAll(spare =>
        {
            bool isNext = map.Void.Count == 0 && spare == expected && spare - newest <= SpareSegments.ReadyMax;
            expected += isNext ? 1UL : 0;
            if (!isNext)
            {
                names.Add(LogFormat.SegmentName(spare));
            }

            return !isNext;
        });
        foreach (ulong sequence in map.Void)
        {
            names.Add(LogFormat.SegmentName(sequence));
        }

        foreach (string name in names)
        {
            int result = _io.Run(new IoOp(IoKind.Delete, IoFlags.None, 0, 0, 0, 0, name));
            if (result < 0)
            {
                return result;
            }
        }

        return names.Count == 0 ? 0 : _io.Run(new IoOp(IoKind.SyncDirectory, IoFlags.None, 0, 0, 0, 0));
    }

    private int AdoptSpares(SegmentMap map, long segmentBytes)
    {
        using var slab = new AlignedSlab(LogFormat.PageBytes);
        int result = 0;
        foreach (ulong sequence in map.Spares)
        {
            int file = _io.Run(new IoOp(IoKind.Open, IoFlags.Direct, 0, 0, 0, 0, LogFormat.SegmentName(sequence)));
            if (file < 0)
            {
                result = file;
                break;
            }

            // A file that ends early would grow under the log's writes: complete it with zeroes first.
            int read = _io.Run(new IoOp(
                IoKind.Read,
                IoFlags.None,
                file,
                segmentBytes - LogFormat.PageBytes,
                slab.Address,
                LogFormat.PageBytes));
            if (read is >= 0 and < LogFormat.PageBytes)
            {
                read = _io.Run(new IoOp(IoKind.Zero, IoFlags.None, file, 0, 0, (int)segmentBytes));
                read = read < 0 ? read : _io.Run(new IoOp(IoKind.Sync, IoFlags.None, file, 0, 0, 0));
            }

            if (read < 0)
            {
                result = read;
                break;
            }

            Spares!.Adopt(sequence, file);
        }

        return result;
    }

    /// <summary>Nothing is ever appended behind a tear: the next segment's header voids what lies there.</summary>
    private int StartFresh(SegmentTable segments, in Superblock superblock)
    {
        ulong sequence = segments.Newest.Sequence + 1;
        int file;
        if (Spares!.TryTake(out SpareSegments.Spare spare))
        {
            Invariant.Holds(spare.Sequence == sequence);
            file = spare.File;
        }
        else
        {
            int created = _formatter.CreateSegment(sequence, out file);
            if (created < 0)
            {
                return created;
            }

            Spares.Begin(sequence + 1);
        }

        ulong end = _scanner.Report.EndLsn;
        var header = new SegmentHeader(
            superblock.Identity,
            superblock.Shard,
            sequence,
            end,
            end,
            _scanner.PreviousLsn,
            _scanner.PreviousChecksum,
            superblock.SegmentBytes);
        uint salt = LogFormatter.SaltFrom(_salts);
        int result = _formatter.WriteHeader(file, in header, salt);
        if (result < 0)
        {
            return result;
        }

        segments.Add(sequence, end, salt);
        return file;
    }

    private Superblock SuperblockNow(in Superblock superblock, ulong newest) => superblock with
    {
        Version = _superblock.IsWhole && newest == superblock.NewestSegment
            ? superblock.Version
            : superblock.Version + 1,
        NewestSegment = newest,
        DurableLsn = newest == superblock.NewestSegment ? superblock.DurableLsn : _scanner.Report.EndLsn,
    };

    /// <summary>Brings all four copies to one version when they differ or when a segment was added.</summary>
    private int UpdateSuperblock(in Superblock superblock, ulong newest)
    {
        int file = _io.Run(new IoOp(IoKind.Open, IoFlags.Direct, 0, 0, 0, 0, LogFormat.SuperblockFile));
        if (file < 0)
        {
            return file;
        }

        Superblock now = SuperblockNow(in superblock, newest);
        SuperblockWriter = new SuperblockWriter(_ring, file, now);
        return now == superblock ? 0 : SuperblockReading.WriteBoth(_io, file, in now, _superblock.Agreeing);
    }

    /// <summary>Builds the index and passes on records and damage.</summary>
    private sealed class RecoveryObserver(ILogVisitor visitor) : ILogScanObserver
    {
        internal LogIndex Index { get; } = new();

        internal CarriedRecords Carried { get; } = new();

        public void OnSegment(in SegmentHeader header, uint salt)
        {
        }

        public void OnBatch(in BatchHeader header, ulong segment, long offset, RunList runs)
        {
        }

        public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record, ulong batchLsn, ulong lsn)
        {
            Index.Add(in header, batchLsn, lsn);
            Carried.Note(in header, record, batchLsn);
            visitor.OnRecord(in header, record);
        }

        public void OnDamage(LogDamage damage)
        {
            Index.AddDamage(damage);
            visitor.OnDamage(damage);
        }
    }
}
