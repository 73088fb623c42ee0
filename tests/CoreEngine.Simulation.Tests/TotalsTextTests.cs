using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: a run that is resumed goes on from the very sums that were noted, and refuses notes that make no sense.
/// Method: sums of real seeds through text and back; lines changed, lost and doubled.
/// </summary>
public sealed class TotalsTextTests
{
    [Fact]
    public void Totals_ComeBackFromTheirText()
    {
        SimulationTotals totals = Sum();
        string[] lines = [.. TotalsText.Write(totals)];
        Assert.True(TotalsText.TryRead(lines, out SimulationTotals read, out string reason), reason);
        Assert.Equal(TotalsText.Write(totals), TotalsText.Write(read));
        Assert.Equal(totals.Details(), read.Details());
        Assert.Equal(2, read.Seeds);
    }

    [Fact]
    public void TwoSums_AddUp()
    {
        SimulationTotals totals = Sum();
        totals.Add(Sum());
        Assert.Equal(4, totals.Seeds);
        Assert.Equal(2 * Sum().Events, totals.Events);
        Assert.Equal(2 * Sum().VirtualNs, totals.VirtualNs);
    }

    [Theory]
    [InlineData("seeds")]
    [InlineData("virtual-ns")]
    public void ALostLine_IsRefused(string name)
    {
        List<string> lines = [.. TotalsText.Write(Sum()).Where(line => !line.StartsWith(name, default))];
        Assert.False(TotalsText.TryRead(lines, out _, out string reason));
        Assert.Contains(name, reason, default);
    }

    [Theory]
    [InlineData("seeds 3")]
    [InlineData("more")]
    [InlineData("more -1")]
    [InlineData("more 1 2")]
    public void ALineThatMakesNoSense_IsRefused(string line)
    {
        Assert.False(TotalsText.TryRead([.. TotalsText.Write(Sum()), line], out _, out string reason));
        Assert.Contains(line, reason, default);
    }

    private static SimulationTotals Sum() => new SeedRuns(new SeedRunsOptions
    {
        SeedsMax = 2,
        Jobs = 2,
        OptionsOf = static seed => new SimulatorOptions { Seed = seed, FaultsNs = SimulatorOptions.Second },
    }).Run();
}
