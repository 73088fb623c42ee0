using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using CoreEngine.Simulation;

namespace CoreEngine.Mutants;

/// <summary>
/// Runs the mutants and prints the table: by their known seeds, or by a search that writes those down anew.
/// </summary>
internal static class Program
{
    private const int SeedsDefault = 1000;

    private static int Main(string[] arguments)
    {
        var only = new Option<string?>("--only") { Description = "Runs this mutant alone." };
        var seeds = new Option<int>("--seeds")
        {
            Description = "How many seeds to try at most, from 1 on.",
            DefaultValueFactory = _ => SeedsDefault,
        };
        var search = new Option<bool>("--search")
        {
            Description = "Looks for new killing seeds and rewrites the file of the known ones.",
        };
        var hash = new Option<ulong?>("--hash")
        {
            Description = "Runs this seed without a mutant and prints its hash, to compare with the real build.",
        };
        var sound = new Option<int?>("--sound")
        {
            Description = "Runs so many seeds without a mutant: no monitor may fire.",
        };
        var show = new Option<bool>("--show") { Description = "With each mutant, prints what its monitor said." };
        var command = new RootCommand("Plants one bug after another into the simulation build: each must be found.")
        {
            only, seeds, search, hash, sound, show,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(hash) is { } seed)
            {
                return PrintHash(seed);
            }

            if (parsed.GetValue(sound) is { } count)
            {
                return RunSound((ulong)int.Max(count, 1));
            }

            string? name = parsed.GetValue(only);
            List<Mutant> chosen = [.. Mutation.JudgedByMonitor.Where(mutant => name is null || mutant.Name == name)];
            if (chosen.Count == 0)
            {
                string names = string.Join(", ", Mutation.JudgedByMonitor.Select(static m => m.Name));
                Console.Error.WriteLine($"no mutant \"{name}\"; one of: {names}");
                return 2;
            }

            if (parsed.GetValue(seeds) < 1)
            {
                Console.Error.WriteLine("--seeds must be at least 1");
                return 2;
            }

            return RunAll(chosen, parsed.GetValue(seeds), parsed.GetValue(search), parsed.GetValue(show));
        });
        return command.Parse(arguments).Invoke();
    }

    private static int RunAll(List<Mutant> chosen, int seedsMax, bool isSearch, bool isShown)
    {
        SortedDictionary<string, ulong> known = KnownSeeds.Read();
        var table = new MutantTable(Console.Out);
        var results = new List<TrialResult>();
        table.PrintHeading();
        foreach (Mutant mutant in chosen)
        {
            bool isKnown = known.TryGetValue(mutant.Name, out ulong seed) && !isSearch;
            TrialResult result = MutantTrial.Run(mutant, SeedsFor(isKnown, seed, seedsMax));
            results.Add(result);
            table.Print(result, result.Seed);
            if (isShown && result.Kill is not null)
            {
                Console.WriteLine($"    {result.Kill.Text}");
            }

            if (isSearch && result.Kill is not null)
            {
                known[mutant.Name] = result.Seed;
                KnownSeeds.Write(known);
            }
        }

        table.PrintSum(results);
        return results.TrueForAll(static result => result.Kill is not null) ? 0 : 1;
    }

    /// <summary>The known seed first, then all from 1 on.</summary>
    private static IEnumerable<ulong> SeedsFor(bool isKnown, ulong known, int count)
    {
        if (isKnown)
        {
            yield return known;
        }

        for (ulong seed = 1; seed <= (ulong)count; seed++)
        {
            if (!isKnown || seed != known)
            {
                yield return seed;
            }
        }
    }

    private static int RunSound(ulong count)
    {
        for (ulong seed = 1; seed <= count; seed++)
        {
            if (MutantTrial.RunSound(seed).Failure is { } failure)
            {
                Console.WriteLine($"seed {seed}: {failure}");
                return 1;
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} seeds, no monitor fired"));
        return 0;
    }

    private static int PrintHash(ulong seed)
    {
        SeedResult result = MutantTrial.RunSound(seed);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"seed {seed}: hash {result.Hash:x16} after {result.Events} events"));
        return result.Failure is null ? 0 : 1;
    }
}
