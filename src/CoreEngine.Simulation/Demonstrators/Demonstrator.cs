using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>What a demonstrator found out: facts, which tests assert, and their description for a reader.</summary>
internal interface IDemonstration
{
    /// <summary>True when everything came out as the theory says.</summary>
    bool Holds { get; }

    /// <summary>Writes what was asked, what happened, the verdict, and what it proves.</summary>
    void Describe(Page page);
}

/// <summary>One known result of the theory, shown by running something.</summary>
/// <param name="Word">Its name on the command line.</param>
/// <param name="Requirements">The rows of the requirements that it answers.</param>
/// <param name="Title">What it shows, in one line.</param>
/// <param name="Run">Runs it; the same seed gives the same facts.</param>
internal sealed record Demonstrator(
    string Word, string Requirements, string Title, Func<ulong, IDemonstration> Run)
{
    internal const ulong DefaultSeed = 1;

    /// <summary>Every demonstrator, in the order in which they are best read.</summary>
    internal static IReadOnlyList<Demonstrator> All { get; } =
    [
        new(
            CapDemonstration.Word,
            "S3-05",
            "CAP: under a partition the engine's minority refuses; registers that answer anyway are not linearizable",
            CapDemonstration.Run),
        new(
            Figure8Demonstration.Word,
            "S0-31",
            "Figure 8: a majority holds an entry of an older term and it is lost all the same; the engine waits",
            Figure8Demonstration.Run),
        new(
            FlpDemonstration.Word,
            "S3-03",
            "FLP: bivalence in a small deterministic protocol, an endless fair run, and the same against the engine",
            FlpDemonstration.Run),
        new(
            BenOrDemonstration.Word,
            "S2-48",
            "Ben-Or: coins end the run that never ends; local coins are exponential in n, a common coin is not",
            BenOrDemonstration.Run),
        new(
            TwoGeneralsDemonstration.Word,
            "S4-22",
            "Two generals: no number of messages gives common knowledge; a commit means that a quorum knows",
            TwoGeneralsDemonstration.Run),
        new(
            ElectionStallDemonstration.Word,
            "S3-04",
            "Election stall: how long writes hang after the leader died, by election timeout",
            ElectionStallDemonstration.Run),
        new(
            LockTwiceDemonstration.Word,
            "S1-29",
            "Lock held twice: a stopped holder goes on after its lease; only a fence keeps the resource whole",
            LockTwiceDemonstration.Run),
        new(
            QuorumReadsDemonstration.Word,
            "S4-37",
            "Quorum reads: R + W > N alone is not linearizable; a counterexample, and write-back removes it",
            QuorumReadsDemonstration.Run),
        new(
            MinLatencyDemonstration.Word,
            "S1-39, S3-18",
            "Minimum latency: the floor of a commit by placement over three regions, calculated and measured",
            MinLatencyDemonstration.Run),
        new(
            BoundsDemonstration.Word,
            "S1-26, S3-09",
            "Bounds: messages and message delays that a commit needs at least, beside those of the engine",
            BoundsDemonstration.Run),
        new(
            FloodingDemonstration.Word,
            "S2-49",
            "Flooding: synchronous agreement with f crashes is right after f + 1 rounds and wrong after f",
            FloodingDemonstration.Run),
        new(
            CommitWaitDemonstration.Word,
            "S1-07",
            "Commit wait: interval clocks order by real time only if commits wait their uncertainty out",
            CommitWaitDemonstration.Run),
        new(
            PaxosDemonstration.Word,
            "S1-27",
            "Paxos: single-decree, under faults and monitors, whole and with one rule left out at a time",
            PaxosDemonstration.Run),
    ];

    /// <summary>The demonstrator of a word; null when there is none.</summary>
    internal static Demonstrator? Find(string word)
    {
        foreach (Demonstrator one in All)
        {
            if (one.Word == word)
            {
                return one;
            }
        }

        return null;
    }

    /// <summary>Runs it and describes what came out.</summary>
    /// <param name="seed">Decides everything that chance decides.</param>
    /// <param name="holds">True when everything came out as the theory says.</param>
    internal string Show(ulong seed, out bool holds)
    {
        IDemonstration demonstration = Run(seed);
        holds = demonstration.Holds;
        var page = new Page();
        page.Title($"{Word} ({Requirements}), seed {seed}", Title);
        demonstration.Describe(page);
        page.Paragraph("Came out", Verdict(holds));
        return page.ToString();
    }

    private static string Verdict(bool holds) =>
        holds ? "As the theory says." : "NOT as the theory says: look at the figures above.";
}
