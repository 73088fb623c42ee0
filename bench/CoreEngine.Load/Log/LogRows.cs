using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.Load.Log;

/// <summary>
/// The engine's log by itself: records appended, grouped and made durable on one thread, as a shard does it.
/// </summary>
internal sealed class LogRows : IDisposable
{
    private const int StampBytes = 8;
    private const int SampleAllBelow = 64;
    private const int SampleMask = 31;
    private const long ParkNs = 1_000_000_000;

    private readonly IoEvent[] _events = new IoEvent[256];
    private readonly IIoRing _ring;
    private readonly SegmentedLog _log;
    private ulong _index;

    private LogRows(IIoRing ring, SegmentedLog log)
    {
        _ring = ring;
        _log = log;
    }

    /// <summary>Formats a directory and opens its log.</summary>
    /// <exception cref="IOException">The directory cannot be used.</exception>
    internal static LogRows Open(string directory, DiskRing kind)
    {
        Directory.CreateDirectory(directory);
        IIoRing ring = DiskRingChoice.Open(kind, directory, note: null);
        var options = new LogOptions();
        var identity = new LogIdentity(new ClusterId(1, 1), Replica: 1, Incarnation: 1);
        LogOpenResult result = SegmentedLog.Format(ring, identity, options);
        if (result.Status == LogOpenStatus.Formatted)
        {
            result = SegmentedLog.Open(ring, options, replica: 1, cluster: null, new NothingExpected());
        }

        if (result.Log is null)
        {
            ring.Dispose();
            throw new IOException($"the log in {directory} cannot be opened: {result.Message}");
        }

        return new LogRows(ring, result.Log);
    }

    /// <summary>
    /// A closed loop on this thread: <paramref name="outstanding"/> records under way, each replaced when it is
    /// durable.
    /// </summary>
    internal Measurement Measure(int payload, int outstanding, double seconds, CancellationToken cancellationToken)
    {
        var loop = new Loop(this, payload, outstanding);
        loop.Run(double.Min(0.3, seconds), latencies: null, cancellationToken);
        var latencies = new Latencies();
        ulong written = _log.BatchesDurable;
        Counters before = Counters.AtStart();
        (long count, double elapsed) = loop.Run(seconds, latencies, cancellationToken);
        Usage usage = Counters.AtEnd().Since(before);
        loop.Finish(cancellationToken);
        return new Measurement
        {
            Key = new RowKey("log", payload, outstanding),
            Rate = count / elapsed,
            P50Us = latencies.PercentileUs(0.5),
            P99Us = latencies.PercentileUs(0.99),
            MeanUs = latencies.MeanUs,
            BytesPerOp = (double)usage.AllocatedBytes / count,
            Collections = usage.Collections,
            CpuUsPerOp = usage.CpuUs / count,
            WritesPerSecond = (_log.BatchesDurable - written) / usage.Seconds,
            Durability = "local/power",
        };
    }

    /// <summary>Seals the log.</summary>
    /// <exception cref="IOException">It could not be sealed.</exception>
    internal void Seal()
    {
        if (!_log.Seal())
        {
            throw new IOException($"the log could not be sealed: {_log.Fault?.ToString() ?? "the disk is full"}");
        }
    }

    public void Dispose()
    {
        _ring.Dispose();
        _log.Dispose();
    }

    private bool TryAppend(Span<byte> record, int bodyLength)
    {
        RecordHeader.Seal(record, bodyLength, RecordType.Entry, 0, 1, _index + 1, 1);
        if (!_log.TryAppend(record))
        {
            return false;
        }

        _index++;
        return true;
    }

    /// <summary>Takes what has ended; parks while writes are in flight.</summary>
    private void Reap()
    {
        int count = _ring.SubmitAndReap(_events, _log.InFlight > 0 ? ParkNs : 0);
        foreach (IoEvent ended in _events.AsSpan(0, count))
        {
            bool owned = _log.OnEvent(ended);
            Invariant.Holds(owned);
        }

        if (_log.Fault is not null)
        {
            throw new IOException($"the log stopped: {_log.Fault}");
        }
    }

    /// <summary>One row's records under way.</summary>
    private sealed class Loop
    {
        private readonly LogRows _owner;
        private readonly Queue<(ulong End, long Started)> _pending;
        private readonly byte[] _record;
        private readonly int _bodyLength;
        private readonly int _outstanding;
        private readonly int _sampleMask;

        /// <summary>
        /// When the places that are filled now became free: waiting for this thread is part of a record's latency.
        /// </summary>
        private long _freedAt;

        internal Loop(LogRows owner, int payload, int outstanding)
        {
            _owner = owner;
            _outstanding = outstanding;
            _sampleMask = outstanding < SampleAllBelow ? 0 : SampleMask;
            _bodyLength = StampBytes + payload;
            _record = new byte[RecordHeader.SizeOf(_bodyLength)];
            _pending = new Queue<(ulong End, long Started)>(outstanding);
            new Random(payload).NextBytes(_record);
        }

        /// <returns>How many records became durable, and in how many seconds.</returns>
        internal (long Count, double Elapsed) Run(
            double seconds, Latencies? latencies, CancellationToken cancellationToken)
        {
            long started = Stopwatch.GetTimestamp();
            _freedAt = _freedAt == 0 ? started : _freedAt;
            long count = 0;
            double elapsed = 0;
            while (elapsed < seconds)
            {
                cancellationToken.ThrowIfCancellationRequested();
                do
                {
                    Fill();
                }
                while (_owner._log.TrySubmit());

                _owner.Reap();
                int taken = Take(latencies);
                count += taken;
                _freedAt = taken > 0 ? Stopwatch.GetTimestamp() : _freedAt;
                elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
            }

            return (count, elapsed);
        }

        /// <summary>Waits for what is under way.</summary>
        internal void Finish(CancellationToken cancellationToken)
        {
            while (_pending.Count > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _ = _owner._log.TrySubmit();
                _owner.Reap();
                Take(latencies: null);
            }
        }

        private void Fill()
        {
            while (_pending.Count < _outstanding)
            {
                long started = ((int)(_owner._index & int.MaxValue) & _sampleMask) == 0 ? _freedAt : 0;
                if (!_owner.TryAppend(_record, _bodyLength))
                {
                    return;
                }

                _pending.Enqueue((_owner._log.StagedEnd, started));
            }
        }

        private int Take(Latencies? latencies)
        {
            int count = 0;
            while (_pending.TryPeek(out (ulong End, long Started) oldest) && oldest.End <= _owner._log.DurableEnd)
            {
                _pending.Dequeue();
                count++;
                if (oldest.Started != 0)
                {
                    latencies?.RecordSince(oldest.Started);
                }
            }

            return count;
        }
    }

    /// <summary>A fresh log holds nothing.</summary>
    private sealed class NothingExpected : ILogVisitor
    {
        public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record) =>
            throw new InvariantException($"a fresh log holds a record: {header}");

        public void OnDamage(LogDamage damage) =>
            throw new InvariantException($"a fresh log is damaged: {damage}");
    }
}
