using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>
/// A closed loop of reads: each takes one value of 16 bytes from the machine, at the point that its level allows.
/// </summary>
/// <remarks>
/// Every answer is checked: granted, with a valid certificate of its group, and at or above the place that the level
/// promises: for Linearizable, Lease and AtLeast that of a write committed before the read began.
/// </remarks>
internal sealed class ReadLoad(Group group, ReadLevel level, int outstanding)
{
    private const int SampleEvery = 32;

    private static readonly TimeSpan StaleBound = TimeSpan.FromMilliseconds(500);

    private readonly long[] _done = new long[outstanding];
    private readonly long[] _refused = new long[outstanding];
    private SessionToken _token;
    private Latencies? _latencies;
    private string? _violation;
    private Refusal _refusal;
    private bool _stopping;

    /// <summary>Runs the loop.</summary>
    internal async Task<ReplicaRun> RunAsync(double warmSeconds, double seconds)
    {
        await WriteOnceAsync();
        Read read = ReadOf();
        Task[] callers = [.. Enumerable.Range(0, outstanding).Select(caller => CallAsync(caller, read))];
        Stretch.Pass(warmSeconds, CancellationToken.None);
        Counters before = Counters.AtStart();
        long first = Sum(_done);
        long refusedBefore = Sum(_refused);
        var latencies = new Latencies();
        Volatile.Write(ref _latencies, latencies);
        Stretch.Pass(seconds, CancellationToken.None);
        Volatile.Write(ref _latencies, null);
        long done = Sum(_done) - first;
        long refused = Sum(_refused) - refusedBefore;
        Usage usage = Counters.AtEnd().Since(before);
        Volatile.Write(ref _stopping, true);
        await Task.WhenAll(callers);
        return new ReplicaRun(
            done / usage.Seconds,
            done,
            latencies.PercentileUs(0.5),
            latencies.PercentileUs(0.99),
            latencies.MeanUs,
            refused,
            0,
            refused > 0 ? _refusal.ToString() : null,
            _violation,
            new ReplicaCosts(usage.Seconds, usage.AllocatedBytes, usage.Collections, usage.CpuUs, usage.Writes));
    }

    private static long Sum(long[] counts)
    {
        long sum = 0;
        foreach (ref long count in counts.AsSpan())
        {
            sum += Volatile.Read(ref count);
        }

        return sum;
    }

    private Read ReadOf() => level switch
    {
        ReadLevel.Linearizable => Read.Linearizable,
        ReadLevel.Lease => Read.Lease,
        ReadLevel.Stale => Read.Stale(StaleBound),
        ReadLevel.AtLeast => Read.AtLeast(_token),
        ReadLevel.Local => Read.Local,
        _ => throw new ArgumentException($"no row reads at {level}"),
    };

    /// <summary>What the reads must see, and their token.</summary>
    private async Task WriteOnceAsync()
    {
        byte[] command = new byte[PagedState.ValueBytes];
        Receipt receipt = await group.ProposeAsync(command).ConfigureAwait(false);
        if (receipt.Outcome != Outcome.Committed)
        {
            _violation = $"the write before the reads was not committed: {receipt}";
        }

        _token = receipt.Token;
    }

    private async Task CallAsync(int caller, Read read)
    {
        await Task.Yield();
        for (ulong i = (ulong)caller; !Volatile.Read(ref _stopping); i++)
        {
            long started = i % SampleEvery == 0 ? Stopwatch.GetTimestamp() : 0;
            QueryResult<UInt128> answer = await group.QueryAsync<LedgerMachine, ulong, UInt128>(
                static (machine, key) => machine.Value(key), i, read).ConfigureAwait(false);
            if (!answer.Point.IsGranted)
            {
                _refusal = answer.Point.Refusal;
                Volatile.Write(ref _refused[caller], _refused[caller] + 1);
                await Task.Yield();
                continue;
            }

            if (started != 0)
            {
                Volatile.Read(ref _latencies)?.RecordSince(started);
            }

            Check(answer.Point);
            Volatile.Write(ref _done[caller], _done[caller] + 1);
        }
    }

    private void Check(in ReadResult point)
    {
        bool isBound = level is ReadLevel.Linearizable or ReadLevel.Lease or ReadLevel.AtLeast;
        bool isWhole = !isBound || point.Index >= _token.Index;
        bool isFresh = level != ReadLevel.Stale || point.Age <= StaleBound;
        if (!isWhole || !isFresh || (level != ReadLevel.Stale && point.Guarantee != ReadOf().Promise))
        {
            _violation = string.Create(
                CultureInfo.InvariantCulture,
                $"a read at {level} was answered at {point.Index}, age {point.Age}, with {point.Guarantee}; "
                + $"written before: {_token.Index}");
        }
    }
}
