using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.Simulation.Scenarios;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Mutants.Tests;

/// <summary>
/// Goal: each scenario of raft.md section 8 fails under the mistake that it was written against. Method: the scenarios
/// of the woven build, with the mutant active and without any.
/// </summary>
public sealed class ScenarioTests(ITestOutputHelper output)
{
    /// <summary>Seeds move delays and timeouts only; most mutants fail the first.</summary>
    private const ulong SeedsMax = 5;

    public static TheoryData<string, string> Pairs { get; } = Table();

    public static TheoryData<string> Names { get; } = [.. Catalogue.All.Select(static one => one.ToString())];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void AMutant_FailsItsScenario(string name, string mutant)
    {
        Scenario scenario = Find(name);
        Mutation.Activate(Mutation.All.Single(one => one.Name == mutant));
        try
        {
            Exception? failure = null;
            for (ulong seed = 1; seed <= SeedsMax && failure is null; seed++)
            {
                failure = Record.Exception(() => scenario.Run(seed));
            }

            output.WriteLine($"{name}, {mutant}: {failure?.Message}");
            Assert.True(failure is not null, $"{name} holds with {mutant} active: the scenario proves nothing");
        }
        finally
        {
            Mutation.Deactivate();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AScenario_HoldsWithoutMutant(string name) => Find(name).Run(1);

    [Fact]
    public void EveryMutantThatOnlyAScenarioJudges_IsNamedByOne()
    {
        HashSet<string> named = Catalogue.All.SelectMany(static one => one.Mutants).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(
            Mutation.All.Where(static one => one.IsJudgedByScenario).Select(static one => one.Name).Except(named));
    }

    private static Scenario Find(string name) => Catalogue.All.Single(one => one.ToString() == name);

    private static TheoryData<string, string> Table()
    {
        var pairs = new TheoryData<string, string>();
        foreach (Scenario scenario in Catalogue.All)
        {
            foreach (string mutant in scenario.Mutants)
            {
                pairs.Add(scenario.ToString(), mutant);
            }
        }

        return pairs;
    }
}
