using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>The floor of a commit's latency, calculated, and measured in a world with those delays.</summary>
internal sealed class MinLatencyDemonstration : IDemonstration
{
    internal const string Word = "min-latency";

    /// <summary>By how much calculation and measurement may differ: the engine's own step of time.</summary>
    internal const long TickNs = 1_000_000;
    private const long MillisecondNs = 1_000_000;
    private const long WriteNs = 500_000;
    private const int Samples = 10;

    // Round trips in tenths of a millisecond; on the diagonal between two replicas of one region.
    private static readonly int[][] RegionTenths = [[5, 800, 2200], [800, 5, 1600], [2200, 1600, 5]];

    private static readonly string[] Regions = ["America", "Europe", "Asia"];

    private static readonly int[][] Placements =
        [[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 0, 1, 1, 2], [0, 0, 0, 1, 2]];

    internal List<LatencyRow> Rows { get; } = [];

    public bool Holds
    {
        get
        {
            bool holds = Rows.Count > 0;
            foreach (LatencyRow row in Rows)
            {
                holds &= long.Abs(row.LeaderMeasuredNs - row.LeaderFloorNs) <= TickNs;
                holds &= long.Abs(row.FarMeasuredNs - row.FarFloorNs) <= TickNs;
            }

            return holds;
        }
    }

    internal static MinLatencyDemonstration Run(ulong seed)
    {
        var demonstration = new MinLatencyDemonstration();
        using var memory = new SimulationMemory();
        foreach (int[] placement in Placements)
        {
            for (int region = 0; region < Regions.Length; region++)
            {
                int leader = Array.IndexOf(placement, region);
                if (leader >= 0)
                {
                    demonstration.Rows.Add(Measure(placement, leader, seed, memory));
                }
            }
        }

        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "How fast can a write be committed at best, given where the replicas stand? A commit needs the leader's "
            + "message to a majority, their durable write, and their answers; nothing can be faster. The client stands "
            + "beside the leader, or beside the last replica of the placement, which hands the write to the leader.");
        page.Section("Preset: three regions (round trips in ms; of the order that clouds publish, not of one)");
        var matrix = new List<string[]>();
        for (int from = 0; from < Regions.Length; from++)
        {
            var row = new List<string> { Regions[from] };
            for (int to = 0; to < Regions.Length; to++)
            {
                row.Add((RegionTenths[from][to] / 10.0).ToString("F1", CultureInfo.InvariantCulture));
            }

            matrix.Add([.. row]);
        }

        page.Table(["between", .. Regions], matrix);
        page.Line("between two replicas of one region: 0.5; a durable write: 0.5");
        page.Section("Floor, and the best of the engine in a world with those delays (ms)");
        var rows = new List<string[]>();
        foreach (LatencyRow row in Rows)
        {
            rows.Add(
            [
                row.Placement, row.Leader, Text(row.LeaderFloorNs), Text(row.LeaderMeasuredNs),
                row.Far, Text(row.FarFloorNs), Text(row.FarMeasuredNs),
            ]);
        }

        page.Table(
            ["replicas", "leader in", "floor", "measured", "client in", "floor", "measured"], rows);
        page.Paragraph(
            "Verdict",
            $"The engine's best of {Samples} writes is the floor, within one tick ({TickNs / MillisecondNs} ms), for "
            + $"every one of {Rows.Count} placements: one leader-to-quorum trip, the leader's write beside it.");
        page.Paragraph(
            "What it proves, and what not",
            "The engine adds no trip and no second write to a commit on an idle, healthy cluster. It says nothing of "
            + "load, loss or elections, and real links vary. The disk is modelled as one figure.");
    }

    private static LatencyRow Measure(int[] placement, int leader, ulong seed, SimulationMemory memory)
    {
        long[][] roundTrips = RoundTrips(placement);
        int far = placement.Length - 1;
        using World world = Led(placement.Length, roundTrips, leader, seed, memory);
        long atLeader = Best(world, (uint)leader + 1);
        long atFar = far == leader ? atLeader : Best(world, (uint)far + 1);
        return new LatencyRow(
            Describe(placement),
            Regions[placement[leader]],
            LatencyCalculator.AtLeader(roundTrips, WriteNs, leader),
            atLeader,
            Regions[placement[far]],
            LatencyCalculator.At(roundTrips, WriteNs, leader, far),
            atFar);
    }

    private static long[][] RoundTrips(int[] placement)
    {
        long[][] roundTrips = new long[placement.Length][];
        for (int i = 0; i < placement.Length; i++)
        {
            roundTrips[i] = new long[placement.Length];
            for (int j = 0; j < placement.Length; j++)
            {
                roundTrips[i][j] = i == j ? 0 : RegionTenths[placement[i]][placement[j]] * MillisecondNs / 10;
            }
        }

        return roundTrips;
    }

    /// <summary>A calm world in which the wanted replica leads: others are tried until it does.</summary>
    private static World Led(int replicas, long[][] roundTrips, int leader, ulong seed, SimulationMemory memory)
    {
        for (ulong i = 0; ; i++)
        {
            var world = new World(
                new WorldOptions
                {
                    Seed = unchecked((seed * 1000) + i),
                    Replicas = replicas,
                    Disk = new DiskTiming(WriteNs, WriteNs + 1),
                    HeartbeatMs = 500,
                    ElectionMinMs = 2000,
                    ElectionMaxMs = 4000,
                },
                memory);
            Delay(world, roundTrips);
            world.StartAll();
            world.RunUntil(() => world.Leader is not null, "a leader");
            if (world.Leader!.Number == (uint)leader + 1)
            {
                world.RunFor(2000 * MillisecondNs);
                return world;
            }

            world.Dispose();
        }
    }

    private static void Delay(World world, long[][] roundTrips)
    {
        for (uint from = 1; from <= roundTrips.Length; from++)
        {
            for (uint to = 1; to <= roundTrips.Length; to++)
            {
                world.Network.Delays[(from, to)] = roundTrips[from - 1][to - 1] / 2;
            }
        }
    }

    private static long Best(World world, uint origin)
    {
        long best = long.MaxValue;
        for (int i = 0; i < Samples; i++)
        {
            long began = world.Now;
            Task<Receipt> receipt = world[origin].ProposeAsync(world.NextValue());
            world.RunUntil(() => receipt.IsCompleted, "a decision");
            Invariant.Holds(receipt.Result.Outcome == Outcome.Committed);
            best = long.Min(best, world.Now - began);

            // Calm again: nothing of this write is on its way when the next one begins.
            world.RunFor(700 * MillisecondNs);
        }

        return best;
    }

    private static string Describe(int[] placement)
    {
        string text = string.Empty;
        for (int region = 0; region < Regions.Length; region++)
        {
            int count = 0;
            foreach (int place in placement)
            {
                count += place == region ? 1 : 0;
            }

            text += count == 0 ? string.Empty : $"{(text.Length > 0 ? ", " : string.Empty)}{Regions[region]} x{count}";
        }

        return text;
    }

    private static string Text(long nanoseconds) =>
        (nanoseconds / (double)MillisecondNs).ToString("F3", CultureInfo.InvariantCulture);
}

/// <summary>One placement, one leader: floors and the best that was measured, in nanoseconds.</summary>
internal sealed record LatencyRow(
    string Placement,
    string Leader,
    long LeaderFloorNs,
    long LeaderMeasuredNs,
    string Far,
    long FarFloorNs,
    long FarMeasuredNs);
