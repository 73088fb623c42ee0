using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Commit wait (Spanner, 2012): timestamps of clocks with known uncertainty follow real time only when a commit is not
/// told before its timestamp has surely passed.
/// </summary>
internal sealed class CommitWaitDemonstration : IDemonstration
{
    internal const string Word = "commit-wait";
    private const int Servers = 5;
    private const int Transactions = 2000;

    // A client that has its answer and asks another server at once.
    private const long GapUs = 100;

    private static readonly long[] Uncertainties = [500, 1000, 2000, 4000, 8000];

    internal List<CommitWaitRow> Rows { get; } = [];

    public bool Holds
    {
        get
        {
            bool holds = Rows.Count > 0;
            for (int i = 0; i < Rows.Count; i++)
            {
                CommitWaitRow row = Rows[i];
                holds &= row.InversionsWithWait == 0 && row.InversionsWithout > 0;

                // From a reading's latest bound until its earliest bound has passed it: twice the uncertainty.
                holds &= row.LongestWaitUs <= (2 * row.UncertaintyUs) + 1;
                holds &= i == 0 || row.MeanWaitUs > Rows[i - 1].MeanWaitUs;
            }

            return holds;
        }
    }

    internal static CommitWaitDemonstration Run(ulong seed)
    {
        var demonstration = new CommitWaitDemonstration();
        foreach (long uncertainty in Uncertainties)
        {
            (int with, double mean, long longest) = Play(seed, uncertainty, waits: true);
            (int without, _, _) = Play(seed, uncertainty, waits: false);
            demonstration.Rows.Add(new CommitWaitRow(uncertainty, mean, longest, with, without));
        }

        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            $"{Servers} servers give transactions timestamps by their own clocks, each off by at most the uncertainty "
            + $"e, and know e. A client commits at one server and, {GapUs} us after the answer, at another: "
            + $"{Transactions} in a row. Is the later one's timestamp always the higher one (external consistency)?");
        page.Section("What happened");
        var rows = new List<string[]>();
        foreach (CommitWaitRow row in Rows)
        {
            rows.Add(
            [
                Text(row.UncertaintyUs), Text(row.MeanWaitUs), Text(row.LongestWaitUs),
                Text(row.InversionsWithWait), Text(row.InversionsWithout),
            ]);
        }

        page.Table(
            ["e (us)", "mean wait (us)", "longest (us)", "out of order with wait", "out of order without"], rows);
        page.Paragraph(
            "Verdict",
            "A timestamp is the latest time that it may be now; the answer waits until it is surely past, about 2e. "
            + "With the wait nothing is out of order, without it a server whose clock is behind gives a lower "
            + "timestamp to what happened later. The price grows with e, not with the network. "
            + "(Each row draws the same servers, and the gap is far below every e: the counts are equal.)");
        page.Paragraph(
            "What it proves, and what not",
            "A toy: clocks are steady and truly within e, and a clock outside of its bound breaks it. The engine "
            + "needs no such clock for the order of one history: its order is the log's index. Commit wait is for "
            + "timestamps that must compare across histories.");
    }

    private static (int Inversions, double MeanWait, long LongestWait) Play(ulong seed, long uncertainty, bool waits)
    {
        var chance = new Prng(seed);
        long[] offsets = new long[Servers];
        for (int i = 0; i < Servers; i++)
        {
            offsets[i] = chance.Between(-uncertainty, uncertainty + 1);
        }

        long now = 1_000_000;
        long last = 0;
        long waited = 0;
        long longest = 0;
        int inversions = 0;
        for (int i = 0; i < Transactions; i++)
        {
            long offset = offsets[chance.Between(0, Servers)];
            long stamp = now + offset + uncertainty;
            inversions += stamp <= last ? 1 : 0;
            last = stamp;

            // After: the earliest time that it may be now lies beyond the timestamp.
            long end = waits ? stamp - offset + uncertainty + 1 : now;
            waited += end - now;
            longest = long.Max(longest, end - now);
            now = end + GapUs;
        }

        return (inversions, waited / (double)Transactions, longest);
    }

    private static string Text(double number) => number.ToString("F0", CultureInfo.InvariantCulture);
}

/// <summary>One uncertainty; times in microseconds.</summary>
internal sealed record CommitWaitRow(
    long UncertaintyUs, double MeanWaitUs, long LongestWaitUs, int InversionsWithWait, int InversionsWithout);
