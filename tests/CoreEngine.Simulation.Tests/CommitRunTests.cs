using System;
using System.IO;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: what every commit must hold up against: 2,000 seeds and 30 simulated hours without a violation, in which every
/// rare state was reached. Method: the same seeds each time, on all cores, alone; a longer search is the soak's.
/// </summary>
/// <remarks>To leave it out: <c>--filter Category!=CommitRun</c>.</remarks>
[Collection(nameof(Alone))]
[Trait("Category", "CommitRun")]
public sealed class CommitRunTests
{
    private const int Seeds = 2000;
    private const int FaultSeconds = 54;
    private const double Hours = 30;

    [Fact]
    public void ACommitsRun_BreaksNoRule_AndReachesEveryRareState()
    {
        var runs = new SeedRuns(new SeedRunsOptions
        {
            SeedsMax = Seeds,
            Jobs = Environment.ProcessorCount,
            OptionsOf = static seed =>
                new SimulatorOptions { Seed = seed, FaultsNs = FaultSeconds * SimulatorOptions.Second },
        });
        SimulationTotals totals = runs.Run();

        // A runner swallows what tests print; ./build.sh test shows this file.
        File.WriteAllText(
            Path.Combine(AppContext.BaseDirectory, "commit-run.txt"), runs.Describe() + Environment.NewLine);
        Assert.True(
            totals.Failed is null,
            $"{totals.Failed?.Failure}{Environment.NewLine}replay: coreengine simulate --seed {totals.Failed?.Seed} "
            + $"--seconds {FaultSeconds} --trace");
        Assert.Empty(totals.Rare.Missing());
        Assert.Equal(Seeds, totals.Seeds);
        Assert.True(totals.VirtualNs >= Hours * 3.6e12, $"only {totals.VirtualNs / 3.6e12:F2} hours");
        double perSecond = totals.Operations / (totals.VirtualNs / 1e9);
        Assert.True(perSecond >= 100, $"only {perSecond:F1} operations per simulated second");
    }
}

/// <summary>Tests that want all cores: no others run beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
