using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.ExceptionServices;
using System.Threading;

namespace CoreEngine.Load.Raw;

/// <summary>
/// The limit of the disk: durable 4 KiB overwrites, one file after the other write, or three files at once.
/// </summary>
internal sealed class RawDisk : IDisposable
{
    private const long FileBytes = 64L * 1024 * 1024;

    private readonly DurableFile[] _files;

    /// <summary>Makes and fills the files.</summary>
    internal RawDisk(string directory)
    {
        Directory.CreateDirectory(directory);
        _files = [.. Enumerable.Range(1, 3)
            .Select(i => new DurableFile(Path.Combine(directory, $"raw-{i}"), FileBytes))];
    }

    /// <summary>Writes for a while to the first <paramref name="fileCount"/> files, one thread each.</summary>
    internal Measurement Measure(int fileCount, double seconds, CancellationToken cancellationToken)
    {
        var writers = new Writer[fileCount];
        for (int i = 0; i < fileCount; i++)
        {
            writers[i] = new Writer(_files[i], cancellationToken);
        }

        Counters before = Counters.AtStart();
        foreach (Writer writer in writers)
        {
            writer.Start(seconds);
        }

        var latencies = new Latencies();
        double rate = 0;
        foreach (Writer writer in writers)
        {
            rate += writer.Join();
            latencies.Add(writer.Latencies);
        }

        Usage usage = Counters.AtEnd().Since(before);
        return new Measurement
        {
            Key = new RowKey("disk", DurableFile.BlockBytes, fileCount),
            Rate = rate,
            P50Us = latencies.PercentileUs(0.5),
            P99Us = latencies.PercentileUs(0.99),
            MeanUs = latencies.MeanUs,
            BytesPerOp = (double)usage.AllocatedBytes / latencies.Count,
            Collections = usage.Collections,
            CpuUsPerOp = usage.CpuUs / latencies.Count,
            WritesPerSecond = rate,
            Durability = "local/power",
            Remark = (fileCount == 1 ? "one file" : $"{fileCount} files at once")
                + (_files[0].IsDirect ? "" : ", buffered"),
        };
    }

    public void Dispose()
    {
        foreach (DurableFile file in _files)
        {
            file.Dispose();
        }
    }

    /// <summary>One thread that writes to one file.</summary>
    private sealed class Writer
    {
        private readonly DurableFile _file;
        private readonly CancellationToken _cancellationToken;
        private readonly Thread _thread;
        private ExceptionDispatchInfo? _failure;
        private double _seconds;
        private double _rate;

        internal Writer(DurableFile file, CancellationToken cancellationToken)
        {
            _file = file;
            _cancellationToken = cancellationToken;
            _thread = new Thread(Run) { IsBackground = true, Name = "raw-disk" };
        }

        internal Latencies Latencies { get; } = new();

        internal void Start(double seconds)
        {
            _seconds = seconds;
            _thread.Start();
        }

        /// <returns>Writes per second.</returns>
        internal double Join()
        {
            _thread.Join();
            _failure?.Throw();
            return _rate;
        }

        private void Run()
        {
            try
            {
                long started = Stopwatch.GetTimestamp();
                double elapsed = 0;
                long count = 0;
                while (elapsed < _seconds)
                {
                    _cancellationToken.ThrowIfCancellationRequested();
                    long at = Stopwatch.GetTimestamp();
                    _file.WriteNext();
                    Latencies.RecordSince(at);
                    count++;
                    elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
                }

                _rate = count / elapsed;
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                _failure = ExceptionDispatchInfo.Capture(error);
            }
        }
    }
}
