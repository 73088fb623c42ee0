using System.Collections.Generic;
using System.Globalization;
using System.Numerics;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Synchronous agreement by flooding: with f crashes, f + 1 rounds are enough and f are not (Dolev and Strong 1983).
/// </summary>
internal sealed class FloodingDemonstration : IDemonstration
{
    internal const string Word = "flooding";

    private static readonly (int Processes, int Crashes)[] Sizes = [(3, 1), (4, 1), (4, 2)];

    internal List<FloodingRow> Rows { get; } = [];

    public bool Holds
    {
        get
        {
            bool holds = Rows.Count > 0;
            foreach (FloodingRow row in Rows)
            {
                holds &= row.Rounds > row.Crashes ? row.Disagreements == 0 : row.Disagreements > 0;
            }

            return holds;
        }
    }

    internal static FloodingDemonstration Run(ulong seed)
    {
        // Every pattern of crashes is tried: there is nothing for chance to decide.
        _ = seed;
        var demonstration = new FloodingDemonstration();
        foreach ((int processes, int crashes) in Sizes)
        {
            demonstration.Rows.Add(new FloodingSearch(processes, crashes, crashes).Run());
            demonstration.Rows.Add(new FloodingSearch(processes, crashes, crashes + 1).Run());
        }

        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "In a synchronous system, where everybody's message of a round arrives in that round, how many rounds does "
            + "agreement need when up to f processes crash? Each process tells all the values that it has seen, round "
            + "after round, then decides for the smallest. A crashing process reaches only some of the others in its "
            + "last round. All inputs of one bit and all patterns of crashes are tried.");
        page.Section("What was found");
        var rows = new List<string[]>();
        foreach (FloodingRow row in Rows)
        {
            rows.Add(
            [
                Text(row.Processes), Text(row.Crashes), Text(row.Rounds), Text(row.Executions), Text(row.Disagreements),
            ]);
        }

        page.Table(["n", "f", "rounds", "executions", "disagree"], rows);
        page.Section("A run that disagrees, for each row that has one");
        foreach (FloodingRow row in Rows)
        {
            if (row.Counterexample is not null)
            {
                page.Say($"n = {row.Processes}, f = {row.Crashes}, {row.Rounds} rounds: {row.Counterexample}");
            }
        }

        page.Paragraph(
            "Verdict",
            "With f rounds every round may have its crash, and the last one hides a value from some; with f + 1 one "
            + "round is without a crash, and after it all have seen the same.");
        page.Paragraph(
            "What it proves, and what not",
            "Complete for these sizes. It is a toy in a model that the engine does not assume: the engine waits for no "
            + "round to end, and is safe whatever the delays. That no other protocol does it in f rounds is a theorem; "
            + "here only flooding is refuted. There is no chance in it: the seed changes nothing.");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>All executions of one size.</summary>
internal sealed record FloodingRow(
    int Processes, int Crashes, int Rounds, int Executions, int Disagreements, string? Counterexample);

/// <summary>Tries every input and every pattern of crashes.</summary>
internal sealed class FloodingSearch(int processes, int crashes, int rounds)
{
    /// <summary>By process: the round of its crash, 0 for none, and whom it still reaches then, as bits.</summary>
    private readonly int[] _crashRound = new int[processes];
    private readonly int[] _reached = new int[processes];
    private int _executions;
    private int _disagreements;
    private string? _counterexample;

    internal FloodingRow Run()
    {
        Choose(0, crashes);
        return new FloodingRow(processes, crashes, rounds, _executions, _disagreements, _counterexample);
    }

    /// <summary>Decides whether, when and how a process crashes, and then of the next one.</summary>
    private void Choose(int process, int left)
    {
        if (process == processes)
        {
            for (int inputs = 0; inputs < 1 << processes; inputs++)
            {
                Play(inputs);
            }

            return;
        }

        _crashRound[process] = 0;
        Choose(process + 1, left);
        for (int round = 1; left > 0 && round <= rounds; round++)
        {
            for (int reached = 0; reached < 1 << processes; reached++)
            {
                if ((reached >> process & 1) == 0)
                {
                    _crashRound[process] = round;
                    _reached[process] = reached;
                    Choose(process + 1, left - 1);
                }
            }
        }

        _crashRound[process] = 0;
    }

    private void Play(int inputs)
    {
        // What a process has seen: bit 0 for the value 0, bit 1 for the value 1.
        int[] seen = new int[processes];
        for (int process = 0; process < processes; process++)
        {
            seen[process] = 1 << (inputs >> process & 1);
        }

        for (int round = 1; round <= rounds; round++)
        {
            Flood(seen, round);
        }

        _executions++;
        int decisions = 0;
        for (int process = 0; process < processes; process++)
        {
            decisions |= _crashRound[process] != 0 ? 0 : 1 << BitOperations.TrailingZeroCount(seen[process]);
        }

        if (decisions == 3)
        {
            _disagreements++;
            _counterexample ??= Describe(inputs, seen);
        }
    }

    private void Flood(int[] seen, int round)
    {
        int[] heard = (int[])seen.Clone();
        for (int from = 0; from < processes; from++)
        {
            bool isDown = _crashRound[from] != 0 && _crashRound[from] < round;
            int reached = isDown ? 0 : _crashRound[from] == round ? _reached[from] : -1;
            for (int to = 0; to < processes; to++)
            {
                heard[to] |= (reached >> to & 1) != 0 ? seen[from] : 0;
            }
        }

        heard.CopyTo(seen, 0);
    }

    private string Describe(int inputs, int[] seen)
    {
        var parts = new List<string>();
        for (int process = 0; process < processes; process++)
        {
            string name = $"{(char)('P' + process)} has {inputs >> process & 1}";
            if (_crashRound[process] == 0)
            {
                parts.Add($"{name} and decides {BitOperations.TrailingZeroCount(seen[process])}");
                continue;
            }

            var reached = new List<string>();
            for (int to = 0; to < processes; to++)
            {
                if ((_reached[process] >> to & 1) != 0)
                {
                    reached.Add($"{(char)('P' + to)}");
                }
            }

            string whom = reached.Count == 0 ? "nobody" : string.Join(", ", reached);
            parts.Add($"{name} and crashes in round {_crashRound[process]}, reaching {whom}");
        }

        return string.Join("; ", parts) + ".";
    }
}
