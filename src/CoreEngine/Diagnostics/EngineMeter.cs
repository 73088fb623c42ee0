using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Globalization;
using CoreEngine.IO.Ring;
using CoreEngine.Loop;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Time;

namespace CoreEngine.Diagnostics;

/// <summary>
/// An engine's figures (requirements S4-21) through <see cref="System.Diagnostics.Metrics"/>: the shard counts plainly,
/// and is looked at when a collector asks. Groups are summed, or the worst is told: the number of series does not grow
/// with the number of groups.
/// </summary>
internal sealed class EngineMeter : IDisposable
{
    private const double Second = 1_000_000_000;

    private readonly Meter _meter;
    private readonly EngineLoop _loop;
    private GroupRuntime[] _groups = [];

    internal EngineMeter(EngineLoop loop, int shard)
    {
        _loop = loop;
        string replica = loop.Replica.ToString(CultureInfo.InvariantCulture);
        KeyValuePair<string, object?>[] tags = [new("replica", replica), new("shard", shard)];
        _meter = new Meter(new MeterOptions(Engine.MeterName) { Tags = tags });
        Histogram<double> flush = _meter.CreateHistogram<double>(
            "coreengine.flush.duration", "s", "From a write's start until it is durable; one at a time is measured.");
        Histogram<double> commit = _meter.CreateHistogram<double>(
            "coreengine.commit.duration", "s", "From a proposal's entry into the log until it is committed; sampled.");
        loop.Latencies = new LatencyTaps(
            nanoseconds => flush.Record(nanoseconds / Second), nanoseconds => commit.Record(nanoseconds / Second));
        AddGroups();
        AddShard();
    }

    /// <summary>The shard's thread: a group takes part.</summary>
    internal void Add(GroupRuntime group) => _groups = [.. _groups, group];

    public void Dispose() => _meter.Dispose();

    private void AddGroups()
    {
        Count("coreengine.elections", "Campaigns of this replica.", () => Sum(static (n, _) => (long)n.Core.Elections));
        Count("coreengine.view_changes", "Terms that this replica entered.", () => _loop.Counters.ViewChanges);
        Count(
            "coreengine.read.rounds",
            "Rounds that confirmed authority, in the terms led now.",
            () => Sum(static (n, s) => s.Role == Role.Leader ? (long)n.Core.ReadRounds : 0));
        Gauge(
            "coreengine.lag.replication",
            "{entry}",
            "Entries that the slowest voter misses, of the groups led here.",
            () => Max(static (n, _) => (long)n.Core.LagMax));
        Gauge(
            "coreengine.lag.apply",
            "{entry}",
            "Committed entries that the machine has not taken in.",
            () => MaxOf(static group => (long)(group.View.Read().Frontiers.Committed
                - group.View.Read().Frontiers.Applied)));
        Gauge(
            "coreengine.quorum.silence",
            "ms",
            "How long ago a quorum was last heard, of the groups led here: time in a partition.",
            () => Max((n, s) => s.Role == Role.Leader ? Since(n.Core.QuorumHeardNs) : 0));
        Gauge(
            "coreengine.leaderless",
            "ms",
            "How long nobody has led, of the group that waits longest.",
            () => Max((n, _) => n.LeaderlessSinceNs == 0 ? 0 : Since(n.LeaderlessSinceNs)));
        Gauge(
            "coreengine.closed_timestamp.age",
            "ms",
            "How old the newest closed timestamp is, of the group where it is oldest.",
            () => Max(static (n, _) => n.Core.ClosedStamp == 0 ? 0 : AgeMs(n.Core.ClosedStamp)));
        Gauge(
            "coreengine.leases",
            "{group}",
            "Groups led here under a lease.",
            () => Sum(static (n, _) => n.Core.IsLeased ? 1 : 0));
        Gauge("coreengine.leaders", "{group}", "Groups led here.", () => Sum(static (_, s) => IsLeader(s) ? 1 : 0));
        _ = _meter.CreateObservableGauge(
            "coreengine.mode", Modes, "{group}", "Groups by mode: how much they may promise now.");
    }

    private void AddShard()
    {
        LoopCounters counters = _loop.Counters;
        Count("coreengine.proposals", "Proposals taken into the log here.", () => counters.Proposals);
        Count("coreengine.applied", "Entries that machines have taken in.", () => counters.Applied);
        Count("coreengine.conflicts", "Proposals overwritten by another leader's entries.", () => counters.Superseded);
        Count("coreengine.frames.sent", "Frames sent to other replicas.", () => counters.FramesSent);
        Count("coreengine.frames.dropped", "Frames that a full link did not take.", () => counters.FramesDropped);
        Count("coreengine.messages.stale", "Messages of an older term or round.", () => counters.MessagesStale);
        Count("coreengine.messages.malformed", "Messages that make no sense.", () => counters.MessagesMalformed);
        Count("coreengine.snapshot.bytes.captured", "Bytes of the snapshots taken here, before compression.",
            () => counters.SnapshotBytesCaptured);
        Count("coreengine.snapshot.bytes.written", "Bytes of their files: equal and more when stored uncompressed.",
            () => counters.SnapshotBytesWritten);
        Count("coreengine.scrub.bytes", "Bytes read in search of rot.", () => counters.ScrubbedBytes);
        Count("coreengine.scrub.passes", "Whole looks at log and snapshots.", () => counters.ScrubPasses);
        Count("coreengine.damage.found", "Damaged places that the scrubber found.", () => counters.DamageFound);
        Count("coreengine.damage.repaired", "Of them, those that were made good.", () => counters.DamageRepaired);
        Count(
            "coreengine.digest.divergences",
            "Indexes after which replicas held different states.",
            () => counters.DigestDivergences);
        Count(
            "coreengine.digest.ties",
            "Such indexes at which no majority held one state: nobody stopped.",
            () => counters.DigestTies);
        Gauge("coreengine.retries", "{proposal}", "Proposals of sessions that are tried again.",
            () => _loop.Retrying.Count);
        Gauge("coreengine.undecided", "{proposal}", "Proposals that wait for their fate.", () => _loop.Undecided.Count);
        Gauge("coreengine.queue.bytes", "By", "Bytes of proposals that wait to be taken in.",
            () => MaxOf(static group => group.Queue.Bytes));
        Count("coreengine.log.writes", "Durable writes that have completed.", () => (long)_loop.Log.BatchesDurable);
        Gauge("coreengine.log.in_flight", "{write}", "Writes under way.", () => _loop.Log.InFlight);
        Gauge("coreengine.log.full", "1", "1 when the medium has no room for another segment.",
            () => _loop.IsLogFull ? 1 : 0);
    }

    private IEnumerable<Measurement<long>> Modes()
    {
        foreach (Mode mode in Enum.GetValues<Mode>())
        {
            long count = 0;
            foreach (GroupRuntime group in _groups)
            {
                count += group.View.Read().Status.Mode == mode ? 1 : 0;
            }

            yield return new Measurement<long>(count, new KeyValuePair<string, object?>("mode", mode.ToString()));
        }
    }

    private static bool IsLeader(CoreStatus status) => status.Role == Role.Leader;

    private static long Since(long thenNs) => long.Max(0, MonotonicClock.Now() - thenNs) / 1_000_000;

    private static long AgeMs(ulong stamp) =>
        long.Max(0, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - (long)HybridClock.MillisecondsOf(stamp));

    private long Sum(Func<ProgressNotes, CoreStatus, long> of)
    {
        long sum = 0;
        foreach (GroupRuntime group in _groups)
        {
            (_, CoreStatus status, ProgressNotes notes) = group.View.ReadAll();
            sum += of(notes, status);
        }

        return sum;
    }

    private long Max(Func<ProgressNotes, CoreStatus, long> of) => MaxOf(group =>
    {
        (_, CoreStatus status, ProgressNotes notes) = group.View.ReadAll();
        return of(notes, status);
    });

    private long MaxOf(Func<GroupRuntime, long> of)
    {
        long max = 0;
        foreach (GroupRuntime group in _groups)
        {
            max = long.Max(max, of(group));
        }

        return max;
    }

    private void Count(string name, string description, Func<long> of) =>
        _ = _meter.CreateObservableCounter(name, of, unit: null, description);

    private void Gauge(string name, string unit, string description, Func<long> of) =>
        _ = _meter.CreateObservableGauge(name, of, unit, description);
}
