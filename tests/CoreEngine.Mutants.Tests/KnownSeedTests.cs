using System.Collections.Generic;
using System.Linq;
using Xunit;

// One mutant is active at a time in a process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace CoreEngine.Mutants.Tests;

/// <summary>
/// Goal: no planted bug survives, and each is found by the monitor that names the broken component. Method: the known
/// seed of each mutant is run; when it no longer kills, because the world has changed, a bounded number of others.
/// </summary>
public sealed class KnownSeedTests
{
    private const int OtherSeedsMax = 400;

    public static TheoryData<string> Names { get; } =
        [.. Mutation.JudgedByMonitor.Select(static mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void AMutant_IsFoundByItsMonitor(string name)
    {
        Mutant mutant = Mutation.All.Single(one => one.Name == name);
        TrialResult result = MutantTrial.Run(mutant, SeedsOf(name));
        string others = string.Join(", ", result.Others.Select(static other => $"{other.Key} in {other.Value} seeds"));
        Assert.True(
            result.Kill is not null,
            $"{name} ({mutant.About}) survived {result.Seeds} seeds: \"{mutant.Monitor}\" ({mutant.Component}) did not "
            + $"fire; others did: [{others}]. When the world has changed and the monitor is sound, look for new seeds "
            + $"by ./build.sh mutants --search --only {name}");
    }

    [Fact]
    public void EveryKnownSeed_BelongsToAMutant()
    {
        IEnumerable<string> names = Mutation.JudgedByMonitor.Select(static mutant => mutant.Name);
        Assert.Empty(KnownSeeds.Read().Keys.Except(names));
    }

    /// <summary>The nine bug classes, as far as the engine has their parts: trim and reconfiguration come
    /// later.</summary>
    [Theory]
    [InlineData("Phantom commit", "sets x epochs coupling")]
    [InlineData("Split brain", "fencing/authority regime")]
    [InlineData("Resurrected history", "trunk monotonicity")]
    [InlineData("Zombie side effects", "externalization certificate")]
    [InlineData("Read anomaly", "observation contract")]
    [InlineData("Data loss after durable ack", "D frontier not advanced")]
    [InlineData("No progress", "synchrony/liveness conditions")]
    public void ABugClass_HasAMutantThatItsComponentAnswersFor(string bugClass, string component) =>
        Assert.Contains(
            Mutation.All,
            mutant => mutant.BugClass.StartsWith(bugClass, System.StringComparison.Ordinal)
                && mutant.Component == component);

    private static IEnumerable<ulong> SeedsOf(string name)
    {
        ulong first = KnownSeeds.Read().GetValueOrDefault(name);
        if (first != 0)
        {
            yield return first;
        }

        for (ulong seed = 1; seed <= OtherSeedsMax; seed++)
        {
            if (seed != first)
            {
                yield return seed;
            }
        }
    }
}
