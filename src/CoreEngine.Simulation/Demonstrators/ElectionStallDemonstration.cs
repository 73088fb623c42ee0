using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>How long no write can commit after the leader's process died, by election timeout.</summary>
internal sealed class ElectionStallDemonstration : IDemonstration
{
    internal const string Word = "election-stall";
    private const ulong Seeds = 25;
    private const long MillisecondNs = 1_000_000;

    // Beyond the drawn timeout: the two rounds of an election, the anchor, and an election that was split now and then.
    private const long RoundsMs = 20;

    internal List<StallRow> Rows { get; } = [];

    public bool Holds
    {
        get
        {
            bool holds = true;
            for (int i = 0; i < Rows.Count; i++)
            {
                // A follower hears nothing for at least the shortest timeout, less the heartbeat that came just before.
                holds &= Rows[i].MedianMs >= Rows[i].ElectionMinMs - Rows[i].HeartbeatMs;
                holds &= Rows[i].MedianMs <= Rows[i].ElectionMaxMs + RoundsMs;
                holds &= i == 0 || Rows[i].MedianMs > Rows[i - 1].MedianMs;
            }

            return holds;
        }
    }

    internal static ElectionStallDemonstration Run(ulong seed)
    {
        var demonstration = new ElectionStallDemonstration();
        (int Heartbeat, int Min, int Max)[] settings =
            [(25, 75, 150), (50, 150, 300), (50, 300, 600), (200, 1000, 2000)];
        using var memory = new SimulationMemory();
        foreach ((int heartbeat, int min, int max) in settings)
        {
            var windows = new List<double>();
            for (ulong i = 0; i < Seeds; i++)
            {
                var options = new WorldOptions
                {
                    Seed = unchecked((seed * 1000) + i),
                    HeartbeatMs = heartbeat,
                    ElectionMinMs = min,
                    ElectionMaxMs = max,
                };
                windows.Add(Window(options, memory) / (double)MillisecondNs);
            }

            windows.Sort();
            demonstration.Rows.Add(
                new StallRow(heartbeat, min, max, windows[0], windows[windows.Count / 2], windows[^1]));
        }

        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            $"For how long can nobody write after the leader's process was killed? Three replicas, {Seeds} seeds for "
            + "each setting. The window ends when a proposal is committed that was made at the new leader as soon as "
            + "there was one. Times in virtual ms; a link takes 0.02 to 0.2 ms, a disk write 0.07 to 0.25 ms.");
        page.Section("What happened");
        var rows = new List<string[]>();
        foreach (StallRow row in Rows)
        {
            rows.Add(
            [
                Text(row.HeartbeatMs), Text(row.ElectionMinMs), Text(row.ElectionMaxMs),
                Text(row.ShortestMs), Text(row.MedianMs), Text(row.LongestMs),
            ]);
        }

        page.Table(["heartbeat", "timeout from", "to", "window: shortest", "median", "longest"], rows);
        page.Paragraph(
            "Verdict",
            "The window is the shortest timeout that a survivor drew, counted from the last heartbeat it heard, plus "
            + "the election's two rounds. A timeout far above it means that votes were split, or that the replica with "
            + "the shorter log was first.");
        page.Paragraph(
            "What it proves, and what not",
            "Halving the timeout halves the stall; too short a timeout deposes leaders that are merely slow, which "
            + "these quiet worlds do not show. A real client loses more: it must find the new leader. A leader that "
            + "stops on purpose could hand over at once; that is not measured here. No figure of an anecdote is "
            + "reproduced.");
    }

    private static long Window(WorldOptions options, SimulationMemory memory)
    {
        using var world = new World(options, memory);
        world.StartAll();
        Commit(world);
        world.RunFor(options.ElectionMaxMs * MillisecondNs);
        world.RunUntil(() => world.Leader is not null, "a leader to kill");
        world.Leader!.Kill();
        long killed = world.Now;
        Commit(world);
        return world.Now - killed;
    }

    /// <summary>Runs until a proposal is committed, whoever leads.</summary>
    private static void Commit(World world)
    {
        Task<Receipt>? last = null;
        world.RunUntil(
            () =>
            {
                if (last is null or { IsCompleted: true, Result.Outcome: not Outcome.Committed })
                {
                    last = world.Leader?.ProposeAsync(world.NextValue());
                }

                return last is { IsCompleted: true, Result.Outcome: Outcome.Committed };
            },
            "a committed proposal");
    }

    private static string Text(double number) => number.ToString("F0", CultureInfo.InvariantCulture);
}

/// <summary>One setting and its windows, in milliseconds.</summary>
internal sealed record StallRow(
    int HeartbeatMs, int ElectionMinMs, int ElectionMaxMs, double ShortestMs, double MedianMs, double LongestMs);
