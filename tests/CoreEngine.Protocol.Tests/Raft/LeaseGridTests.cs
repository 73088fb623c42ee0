// Goal: whatever the clocks' errors within the bound, the delays and the restarts, no replica holds a lease while a
// later leader has committed. Method: two leaderships on real cores at every point of a grid; each core is told its own
// clock's time, and who may read is asked on true time in small steps.
using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

public sealed class LeaseGridTests
{
    private const long Millisecond = 1_000_000;
    private const long Million = 1_000_000;
    private const long LeaseNs = 400 * Millisecond;
    private const int Drift = 50_000;
    private const long StepNs = 5 * Millisecond;

    [Fact]
    public void No_lease_is_held_while_a_later_leader_has_committed()
    {
        int points = 0;
        foreach (Point point in Grid(Drift - 100))
        {
            points++;
            (long lastHeld, long firstCommit) = Run(point);
            Assert.True(lastHeld > 0, $"{point}: no lease was ever held");
            Assert.True(lastHeld < firstCommit, $"{point}: held until {lastHeld}, committed at {firstCommit}");
        }

        Assert.Equal(72, points);
    }

    [Fact]
    public void Clocks_beyond_the_bound_show_it()
    {
        bool isShown = false;
        foreach (Point point in Grid(2 * Drift))
        {
            (long lastHeld, long firstCommit) = Run(point);
            isShown |= lastHeld >= firstCommit;
        }

        Assert.True(isShown);
    }

    private static IEnumerable<Point> Grid(long drift)
    {
        foreach (long holder in new[] { -drift, 0, drift })
        {
            foreach (long successor in new[] { -drift, 0, drift })
            {
                foreach (long delay in new[] { 0, 20 * Millisecond })
                {
                    foreach (long idle in new[] { 0, 90 * Millisecond })
                    {
                        yield return new Point(holder, successor, delay, idle, Restarts: false);
                        yield return new Point(holder, successor, delay, idle, Restarts: true);
                    }
                }
            }
        }
    }

    /// <summary>Replica 1 leads and commits an entry; it is cut off; replica 2 is elected at once and wants to
    /// commit.</summary>
    /// <returns>True times: the last at which 1 held a lease, the first at which 2 had committed.</returns>
    private static (long LastHeld, long FirstCommit) Run(Point point)
    {
        var cluster = new Cluster(3, change: static options => options with
        {
            LeaseNs = LeaseNs,
            Clock = new ClockBound(Drift, 1_000),
        });
        cluster.Elect(1);
        long[] bases = [cluster[1].NowNs, cluster[2].NowNs, cluster[3].NowNs];
        long now = 0;
        void Pass(long span)
        {
            now += span;
            Set(cluster[1], bases[0], now, point.Holder);
            Set(cluster[2], bases[1], now, point.Successor);
            Set(cluster[3], bases[2], now, 0);
        }

        Pass(point.IdleNs);
        cluster[1].Propose("x");
        Pass(point.DelayNs);
        cluster.Settle();
        cluster[2].Tick();
        if (point.Restarts)
        {
            cluster[2].Crash();
            cluster[2].Restart();
            cluster[2].Tick();
        }

        cluster.Isolate(1);
        cluster[2].State.ElectionDeadlineNs = cluster[2].NowNs;
        cluster[2].State.LeaderHeardNs -= cluster[2].Options.ElectionMinNs;
        cluster[3].State.LeaderHeardNs -= cluster[3].Options.ElectionMinNs;
        cluster[2].Tick();
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[2].Role);
        ulong before = cluster[2].Commit;
        cluster[2].Propose("y");
        cluster.Settle();
        long lastHeld = 0;
        for (int i = 0; i < 400; i++)
        {
            if (cluster[1].Core.HoldsLease(cluster[1].NowNs))
            {
                lastHeld = now;
            }

            if (cluster[2].Commit > before)
            {
                return (lastHeld, now);
            }

            Pass(StepNs);
            cluster[1].Tick();
            cluster[2].Tick();
            cluster[3].Tick();
            cluster.Settle();
        }

        return (lastHeld, long.MaxValue);
    }

    private static void Set(Node node, long from, long trueNs, long rate) =>
        node.NowNs = Math.Max(node.NowNs, from + (long)((Int128)trueNs * (Million + rate) / Million));

    private sealed record Point(long Holder, long Successor, long DelayNs, long IdleNs, bool Restarts);
}
