using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>What a commit must cost at least, in messages and message delays, beside what the engine's costs.</summary>
internal sealed class BoundsDemonstration : IDemonstration
{
    internal const string Word = "bounds";
    private const int Commits = 50;
    private const long MillisecondNs = 1_000_000;
    private const long DelayNs = 10 * MillisecondNs;

    internal List<BoundsRow> Rows { get; } = [];

    public bool Holds
    {
        get
        {
            bool holds = Rows.Count > 0;
            foreach (BoundsRow row in Rows)
            {
                holds &= row.ToCommit >= row.ToCommitBound && row.ToAll >= row.ToAllBound;
                holds &= row.DelaysAtLeader >= 2 && row.DelaysAtFollower >= 4;

                // Linear with a stable leader: every follower is told and answers, and hears of the commit.
                holds &= row.ToCommit <= 2 * (row.Replicas - 1) && row.ToAll <= 4 * (row.Replicas - 1);
            }

            return holds;
        }
    }

    internal static BoundsDemonstration Run(ulong seed)
    {
        var demonstration = new BoundsDemonstration();
        using var memory = new SimulationMemory();
        foreach (int replicas in (int[])[3, 5, 7])
        {
            demonstration.Rows.Add(Measure(replicas, seed, memory));
        }

        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "How many messages and message delays does one committed write need at least, and how many does the engine "
            + $"use? A stable leader, batches of one, {Commits} writes one after another; heartbeats are left out. "
            + "Every link takes the same time, disks take none.");
        page.Section("Messages for each write (bound, measured mean)");
        var rows = new List<string[]>();
        foreach (BoundsRow row in Rows)
        {
            rows.Add(
            [
                Text(row.Replicas), Text(row.ToCommitBound), Text(row.ToCommit), Text(row.ToAllBound), Text(row.ToAll),
            ]);
        }

        page.Table(["n", "until committed: at least", "engine", "until all know: at least", "engine"], rows);
        page.Say(
            "Until committed: a majority without the leader, floor(n/2), must be told and must answer. Until all know: "
            + "besides, each of the n-1 others must hear of the entry. Both are linear in n, Omega(n). The engine "
            + "tells all n-1 at once, so that any majority may answer, and tells them of the commit when nothing else "
            + "does; on a busy leader the next entries carry that.");
        page.Section("Message delays for each write");
        rows.Clear();
        foreach (BoundsRow row in Rows)
        {
            rows.Add([Text(row.Replicas), "2", Text(row.DelaysAtLeader), "4", Text(row.DelaysAtFollower)]);
        }

        page.Table(["n", "client at the leader: at least", "engine", "client at a follower: at least", "engine"], rows);
        page.Section("Protocols by their papers (n replicas; only the row marked so is measured here)");
        page.Table(
            ["protocol", "faults", "n", "phases", "delays at the leader", "messages", "here"],
            [
                ["Paxos, one value, no leader yet", "f crash", "2f+1", "2", "4", "about 4(n-1), O(n)", "not built"],
                ["Paxos or Raft, stable leader", "f crash", "2f+1", "1", "2", "2(n-1), O(n)", "Raft, measured"],
                ["PBFT, stable leader", "f Byzantine", "3f+1", "3", "3 to the last vote", "O(n^2)", "not built yet"],
                ["HotStuff, 2-chain", "f Byzantine", "3f+1", "2", "4", "O(n)", "not built yet"],
                ["any, synchronous, by flooding", "f crash", "f+2", "f+1 rounds", "-", "O(f n^2)", "see 'flooding'"],
            ]);
        page.Paragraph(
            "What it proves, and what not",
            "Measured counts are never below the bounds and grow linearly. With a stable leader Paxos and Raft cost "
            + "the same: one trip between leader and quorum, plus the client's own way; a table that says O(n^2) for "
            + "Paxos, or two trips for Raft, is wrong for that case. Two majorities never exist at the same time. "
            + "Elections, retries and loss cost more and are not counted here.");
    }

    private static BoundsRow Measure(int replicas, ulong seed, SimulationMemory memory)
    {
        using var world = new World(
            new WorldOptions
            {
                Seed = seed,
                Replicas = replicas,
                Disk = new DiskTiming(0, 1),
                HeartbeatMs = 1000,
                ElectionMinMs = 4000,
                ElectionMaxMs = 8000,
            },
            memory);
        for (uint from = 1; from <= replicas; from++)
        {
            for (uint to = 1; to <= replicas; to++)
            {
                world.Network.Delays[(from, to)] = DelayNs;
            }
        }

        var counter = new FrameCounter(world.Network.Watcher!);
        world.Network.Watcher = counter;
        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a leader");
        world.RunFor(500 * MillisecondNs);
        uint leader = world.Leader!.Number;
        Series atLeader = Propose(world, leader, counter);
        Series atFollower = Propose(world, leader == 1 ? 2u : 1u, counter);
        int majority = (replicas / 2) + 1;
        return new BoundsRow(
            replicas,
            2 * (majority - 1),
            atLeader.ToCommit,
            (2 * (majority - 1)) + (replicas - majority),
            atLeader.ToAll,
            atLeader.Delays,
            atFollower.Delays);
    }

    private static Series Propose(World world, uint origin, FrameCounter counter)
    {
        long toCommit = 0;
        long toAll = 0;
        long delays = long.MaxValue;
        int counted = 0;
        while (counted < Commits)
        {
            world.RunFor(30 * MillisecondNs);
            long before = counter.Frames;
            long heartbeats = counter.Beats(world);
            long began = world.Now;
            Task<Receipt> receipt = world[origin].ProposeAsync(world.NextValue());
            world.RunUntil(() => receipt.IsCompleted, "a decision");
            Invariant.Holds(receipt.Result.Outcome == Outcome.Committed);
            long committed = counter.Frames - before;
            long took = world.Now - began;
            world.RunFor(5 * DelayNs);
            if (counter.Beats(world) != heartbeats)
            {
                // A heartbeat fell into it: counted again with the next write.
                continue;
            }

            toCommit += committed;
            toAll += counter.Frames - before;
            delays = long.Min(delays, took);
            counted++;
        }

        return new Series(
            toCommit / (double)Commits, toAll / (double)Commits, Math.Round(delays / (double)DelayNs, 2));
    }

    private static string Text(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    private readonly record struct Series(double ToCommit, double ToAll, double Delays);

    /// <summary>Counts what replicas send, beside the watcher that was there.</summary>
    private sealed class FrameCounter(IFrameWatcher inner) : IFrameWatcher
    {
        internal long Frames { get; private set; }

        /// <summary>Heartbeat periods of the leader that have passed.</summary>
        internal long Beats(World world) => world.Leader?.Core.HeartbeatDeadlineNs ?? -1;

        public void OnSent(in FrameHeader header, ReadOnlySpan<byte> body)
        {
            Frames += header.Type is >= (byte)MessageType.PreVoteRequest and <= (byte)MessageType.ForwardReply ? 1 : 0;
            inner.OnSent(header, body);
        }
    }
}

/// <summary>Bounds and measured means of one size of cluster.</summary>
internal sealed record BoundsRow(
    int Replicas,
    int ToCommitBound,
    double ToCommit,
    int ToAllBound,
    double ToAll,
    double DelaysAtLeader,
    double DelaysAtFollower);
