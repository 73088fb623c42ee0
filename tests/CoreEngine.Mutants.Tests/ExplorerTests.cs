using System.Linq;
using CoreEngine.Simulation.Exploration;
using Xunit;

namespace CoreEngine.Mutants.Tests;

/// <summary>
/// Goal: exhaustive exploration finds figure 8, a forgotten vote, and mistakes about members and snapshots when their
/// rule is removed, and nothing when it stands. Method: the woven build, from the first state; without a mutant the
/// same bounds are explored to their end, here or by the explorer's own tests.
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

    /// <summary>The same bounds are explored to their end, without a mutant, by the explorer's own tests.</summary>
    [Theory]
    [InlineData("NewVotersAlone", "replace", 3, "certificate")]
    [InlineData("ConfigurationAtApply", "shrink", 4, "configuration")]
    [InlineData("ConfigurationStays", "shrink", 4, "configuration")]
    [InlineData("ChangeDuringChange", "two-removals", 4, "one change at a time")]
    [InlineData("RemovedLeaderCounts", "shrink", 4, "certificate")]
    [InlineData("SuffixKeptAfterInstall", "fixed", 4, "state-machine safety")]
    [InlineData("SnapshotWithoutMembers", "grow", 3, "configuration")]
    [InlineData("ImportMovesMembersBack", "grow", 3, "configuration")]
    [InlineData("JoinerNamesNobody", "grow", 3, "an assertion of the core failed")]
    public void AMistakeAboutMembersOrSnapshots_IsFound(string name, string members, int inFlight, string rule)
    {
        MemberPlan plan = MemberPlan.All.Single(one => one.Name == members);
        bool isSnapshot = members is "fixed" or "grow";
        ExplorerBounds bounds = new()
        {
            TermMax = 2,
            Timeouts = 2,
            Entries = members == "fixed" ? 1 : 0,
            Crashes = members is "shrink" or "grow" ? 1 : 0,
            Duplicates = members == "grow" ? 1 : 0,
            Members = plan,
            Changes = members == "fixed" ? 0 : name == "ChangeDuringChange" ? 2 : 1,
            Snapshots = isSnapshot ? 1 : 0,
            Transfers = isSnapshot ? 1 : 0,
            InFlightMax = inFlight,
        };
        Mutation.Activate(Mutation.All.Single(one => one.Name == name));
        try
        {
            ExplorerReport report = Explorer.Run(bounds);
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
