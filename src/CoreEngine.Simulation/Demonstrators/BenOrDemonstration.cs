using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Randomised agreement (Ben-Or 1983; common coin: Rabin 1983) under schedules that stall the deterministic protocol.
/// </summary>
internal sealed class BenOrDemonstration : IDemonstration
{
    internal const string Word = "ben-or";
    private const int Runs = 1000;
    private const int RoundsMax = 100_000;
    private const int Bars = 8;

    private static readonly int[] Sizes = [3, 5, 7, 9];

    /// <summary>The rounds that each run took under the endless schedule of 'flp'.</summary>
    internal int[] LocalRounds { get; } = new int[Runs];

    internal int[] CommonRounds { get; } = new int[Runs];

    /// <summary>Rounds of the deterministic protocol under the same schedule when it was given up; it had not
    /// decided.</summary>
    internal int StalledRounds { get; private set; }

    /// <summary>Mean rounds by size, under an adversary that sees all coins of the past.</summary>
    internal List<(int Size, double Local, double Common)> Means { get; } = [];

    public bool Holds
    {
        get
        {
            bool holds = StalledRounds >= Runs && Array.TrueForAll(LocalRounds, static r => r < RoundsMax)
                && Array.TrueForAll(CommonRounds, static r => r < RoundsMax);
            for (int i = 0; i < Means.Count; i++)
            {
                (int size, double local, double common) = Means[i];
                double expected = 1 << (size - 1);
                holds &= local > 0.8 * expected && local < 1.3 * (expected + 2) && common < 4;
            }

            return holds;
        }
    }

    internal static BenOrDemonstration Run(ulong seed)
    {
        var demonstration = new BenOrDemonstration();
        List<int> cycle = new ValenceGraph().FairCycle(FlpDemonstration.Mixed)
            ?? throw new InvalidOperationException("the deterministic protocol has no endless run to begin with");
        var chance = new Prng(seed);
        demonstration.StalledRounds = Follow(cycle, static _ => 0, Runs);
        for (int i = 0; i < Runs; i++)
        {
            demonstration.LocalRounds[i] = Follow(cycle, _ => (byte)chance.Between(0, 2), RoundsMax);
            ulong common = chance.Next();
            demonstration.CommonRounds[i] = Follow(cycle, round => CommonCoin(common, round), RoundsMax);
        }

        foreach (int size in Sizes)
        {
            demonstration.Means.Add((size, Mean(size, isCommon: false, chance), Mean(size, isCommon: true, chance)));
        }

        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "Do coins end the run that never ends? First the endless schedule of 'flp' (three processes, the order of "
            + $"deliveries fixed beforehand), {Runs} runs with a coin for each process and {Runs} with one coin that "
            + "all see. Then an adversary who, knowing everything up to now, lets every process hear somebody of "
            + "another opinion for as long as there is one.");
        page.Section("Rounds until all have decided, on the schedule of 'flp' (# is one run in forty)");
        page.Line($"always 0: not decided after {StalledRounds} rounds, and never will be");
        var rows = new List<string[]>();
        for (int round = 1; round <= Bars; round++)
        {
            int local = Count(LocalRounds, round);
            int common = Count(CommonRounds, round);
            string name = round == Bars ? $"{round} or more" : Text(round);
            rows.Add([name, Text(local), Bar(local), Text(common), Bar(common)]);
        }

        page.Table(["rounds", "local coins", " ", "common coin", " "], rows);
        page.Section($"Mean rounds under the adversary, {Runs} runs each");
        rows.Clear();
        foreach ((int size, double local, double common) in Means)
        {
            rows.Add([Text(size), Mean(local), Text(1 << (size - 1)), Mean(common)]);
        }

        page.Table(["n", "local coins", "2^(n-1)", "common coin"], rows);
        page.Paragraph(
            "Verdict",
            "With coins every run ended. With a coin for each process the adversary's processes agree only when all n "
            + "coins fall alike, once in 2^(n-1) rounds: exponential in n. With a common coin "
            + "a few rounds do, whatever n is. \"Ben-Or takes O(1) expected rounds\" is true of the common coin only.");
        page.Paragraph(
            "What it proves, and what not",
            "Ending with probability 1 is a theorem; these runs only agree with it, for these schedules; an adversary "
            + "who lets some propose before the common coin is thrown costs it a few rounds more. Agreement "
            + "never depends on the coin (see 'flp': no configuration disagrees). The common coin is taken for granted "
            + "here: making one that no adversary can foresee needs cryptography. The engine uses neither; its coin is "
            + "the random election timeout.");
    }

    /// <summary>Repeats the schedule until all have decided.</summary>
    /// <returns>The round in which they had, or the limit.</returns>
    private static int Follow(List<int> cycle, Func<int, byte> coin, int roundsMax)
    {
        var system = new BenOrSystem();
        system.Begin(FlpDemonstration.Mixed);
        for (int i = 0; !system.IsOver && system.Round < roundsMax; i++)
        {
            // Once the coins fall otherwise a link of the schedule may have nothing to deliver.
            system.TryDeliver(cycle[i % cycle.Count], coin);
        }

        return system.IsOver ? system.Round - 1 : roundsMax;
    }

    private static double Mean(int size, bool isCommon, Prng chance)
    {
        long rounds = 0;
        for (int run = 0; run < Runs; run++)
        {
            rounds += UnderAdversary(size, isCommon, chance);
        }

        return rounds / (double)Runs;
    }

    /// <summary>
    /// Every process hears a majority of the bits, its own among them. While two bits are held anywhere, the adversary
    /// shows each process both, so that nobody may propose and all ask the coin.
    /// </summary>
    private static int UnderAdversary(int size, bool isCommon, Prng chance)
    {
        int ones = size / 2;
        for (int round = 1; ; round++)
        {
            if (ones == 0 || ones == size)
            {
                return round;
            }

            ones = 0;
            bool common = chance.Chance(1, 2);
            for (int process = 0; process < size; process++)
            {
                ones += (isCommon ? common : chance.Chance(1, 2)) ? 1 : 0;
            }
        }
    }

    private static byte CommonCoin(ulong seed, int round) =>
        (byte)(new Prng(unchecked(seed + (ulong)round)).Next() >> 63);

    private static int Count(int[] rounds, int round)
    {
        int count = 0;
        foreach (int one in rounds)
        {
            count += int.Min(one, Bars) == round ? 1 : 0;
        }

        return count;
    }

    private static string Bar(int count) => new('#', (count + 39) / 40);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Mean(double number) => number.ToString("F1", CultureInfo.InvariantCulture);
}
