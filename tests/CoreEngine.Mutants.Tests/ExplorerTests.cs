using System.Linq;
using CoreEngine.Simulation.Exploration;
using Xunit;

namespace CoreEngine.Mutants.Tests;

/// <summary>
/// Goal: exhaustive exploration finds figure 8 and a forgotten vote when their rule is removed, and nothing when it
/// stands. Method: the woven build, from the first state; without a mutant the same bounds are explored to their end.
/// </summary>
public sealed class ExplorerTests
{
    [Theory]
    [InlineData("CountOldTermReplicas", "leader completeness", 1_000_000)]
    [InlineData("VoteForgotten", "election safety", 20_000)]
    public void AMutant_IsFoundWithinABoundedNumberOfStates(string name, string rule, int states)
    {
        Assert.True(Explorer.Run(BoundsOf(name)).IsComplete);
        Mutation.Activate(Mutation.All.Single(one => one.Name == name));
        try
        {
            ExplorerReport report = Explorer.Run(BoundsOf(name) with { StatesMax = states });
            Assert.NotNull(report.Violation);
            Assert.StartsWith(rule, report.Violation, System.StringComparison.Ordinal);
            Assert.NotEmpty(report.Schedule);
        }
        finally
        {
            Mutation.Deactivate();
        }
    }

    private static ExplorerBounds BoundsOf(string name) =>
        name == "VoteForgotten" ? ExplorerBounds.ForgottenVote : ExplorerBounds.Figure8;
}
