using System.Collections.Generic;
using System.Globalization;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>Single-decree Paxos under faults and monitors, whole and with one rule left out at a time.</summary>
internal sealed class PaxosDemonstration : IDemonstration
{
    internal const string Word = "paxos";
    private const int Seeds = 5000;

    private static readonly (PaxosGap Gap, string Name)[] Variants =
    [
        (PaxosGap.None, "nothing"),
        (PaxosGap.PromiseForgotten, "acceptors keep their promise"),
        (PaxosGap.AcceptedIgnored, "proposers take over what was accepted"),
        (PaxosGap.QuorumTooSmall, "promises of a majority"),
    ];

    internal List<PaxosRow> Rows { get; } = [];

    /// <summary>Messages of one decision when nobody competes and nothing is lost.</summary>
    internal int CalmMessages { get; private set; }

    public bool Holds
    {
        get
        {
            bool holds = CalmMessages is > 0 and <= 4 * PaxosRun.Acceptors;
            foreach (PaxosRow row in Rows)
            {
                holds &= row.Gap == PaxosGap.None
                    ? row.Violations == 0 && row.Decided > Seeds / 2
                    : row.Violations > 0;
            }

            return holds;
        }
    }

    internal static PaxosDemonstration Run(ulong seed)
    {
        var demonstration = new PaxosDemonstration();
        foreach ((PaxosGap gap, string name) in Variants)
        {
            demonstration.Rows.Add(Try(seed, gap, name));
        }

        var calm = new PaxosRun(seed, PaxosGap.None);
        calm.PlayCalm();
        demonstration.CalmMessages = calm.Chosen == 0 ? 0 : calm.Messages;
        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            $"Three proposers with different values compete for three acceptors by single-decree Paxos; the network "
            + $"loses, duplicates and reorders. Is ever more than one value chosen? {Seeds} seeds with the whole "
            + "protocol, and as many with each of its rules left out, to see that the monitors see and that the rule "
            + "is needed.");
        page.Section("What happened");
        var rows = new List<string[]>();
        foreach (PaxosRow row in Rows)
        {
            rows.Add(
            [
                row.Name, Text(row.Decided), Text(row.Violations),
                row.FirstSeeds == 0 ? "-" : Text(row.FirstSeeds), row.First ?? "nothing found",
            ]);
        }

        page.Table(["left out", "decided", "runs with a violation", "seeds until the first", "what was found"], rows);
        page.Gap();
        page.Line(
            $"messages of one decision without competition or loss: {CalmMessages} (4 phases to {PaxosRun.Acceptors} "
            + "acceptors, the last cut short)");
        page.Paragraph(
            "What it proves, and what not",
            "Every rule is needed, and the whole protocol kept agreement in these runs; that is no proof for all runs. "
            + "A run that never decides would be proposers at odds for ever, which FLP allows. A toy beside the "
            + "engine, which decides a whole log by Raft: a Raft term is a ballot, its election is phase 1 for all "
            + "later entries at once. Byzantine and leaderless flows (PBFT, EPaxos) are not shown here.");
    }

    private static PaxosRow Try(ulong seed, PaxosGap gap, string name)
    {
        int decided = 0;
        int violations = 0;
        int firstSeeds = 0;
        string? first = null;
        for (int i = 1; i <= Seeds; i++)
        {
            var run = new PaxosRun(unchecked((seed * 1_000_003) + (ulong)i), gap);
            run.Play();
            decided += run.Chosen == 0 ? 0 : 1;
            if (run.Violation is not null)
            {
                violations++;
                firstSeeds = firstSeeds == 0 ? i : firstSeeds;
                first ??= run.Violation;
            }
        }

        return new PaxosRow(gap, name, decided, violations, firstSeeds, first);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What the seeds of one variant came to.</summary>
internal sealed record PaxosRow(
    PaxosGap Gap, string Name, int Decided, int Violations, int FirstSeeds, string? First);
