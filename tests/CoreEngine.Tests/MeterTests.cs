// Goal: every figure that requirements S4-21 names can be collected, with values that move. Method: one engine and a
// listener of the runtime's own metrics; the list below is the promise.
using System;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class MeterTests
{
    private static readonly string[] Named =
    [
        "coreengine.applied",
        "coreengine.closed_timestamp.age",
        "coreengine.commit.duration",
        "coreengine.conflicts",
        "coreengine.damage.found",
        "coreengine.damage.repaired",
        "coreengine.digest.divergences",
        "coreengine.digest.ties",
        "coreengine.elections",
        "coreengine.flush.duration",
        "coreengine.frames.dropped",
        "coreengine.frames.sent",
        "coreengine.lag.apply",
        "coreengine.lag.replication",
        "coreengine.leaderless",
        "coreengine.leaders",
        "coreengine.leases",
        "coreengine.log.full",
        "coreengine.log.in_flight",
        "coreengine.log.writes",
        "coreengine.messages.malformed",
        "coreengine.messages.stale",
        "coreengine.mode",
        "coreengine.proposals",
        "coreengine.queue.bytes",
        "coreengine.quorum.silence",
        "coreengine.read.rounds",
        "coreengine.retries",
        "coreengine.scrub.bytes",
        "coreengine.scrub.passes",
        "coreengine.snapshot.bytes.captured",
        "coreengine.snapshot.bytes.written",
        "coreengine.undecided",
        "coreengine.view_changes",
    ];

    [Fact]
    public async Task Every_named_figure_is_there_and_moves()
    {
        // A number of its own: other tests' engines show the same instruments.
        const uint Replica = 1;
        var values = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        await using Cluster cluster = await Cluster.OpenAsync(1);
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Meter.Name == Engine.MeterName)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (source, value, _, _) => values.AddOrUpdate(source.Name, value, (_, old) => double.Max(old, value)));
        listener.SetMeasurementEventCallback<double>(
            (source, value, _, _) => values.AddOrUpdate(source.Name, value, (_, old) => double.Max(old, value)));
        listener.Start();
        Assert.Equal(Replica, await cluster.LeaderAsync());
        for (ulong i = 0; i < 50; i++)
        {
            await cluster.CommitAsync(i);
        }

        listener.RecordObservableInstruments();
        Assert.Equal(Named, values.Keys.Order(StringComparer.Ordinal));
        Assert.True(values["coreengine.proposals"] >= 50);
        Assert.True(values["coreengine.applied"] >= 50);
        Assert.True(values["coreengine.elections"] >= 1);
        Assert.True(values["coreengine.view_changes"] >= 1);
        Assert.True(values["coreengine.leaders"] >= 1);
        Assert.True(values["coreengine.mode"] >= 1);
        Assert.InRange(values["coreengine.flush.duration"], 1e-7, 60);
        Assert.InRange(values["coreengine.commit.duration"], 1e-7, 60);
    }
}
