using System.Linq;
using CoreEngine.Simulation.Exploration;
using Xunit;

namespace CoreEngine.Simulation.Tests.Exploration;

/// <summary>
/// Goal: the explorer reaches what it says it reaches, judges it, and ends. Method: small bounds explored to their end
/// with the real core; a planted fault that must be found; the two reductions (states as one by what they hold, and by
/// the replicas' names) held against explorations without them.
/// </summary>
public static class ExplorerTests
{
    private static readonly ExplorerBounds Small = new() { TermMax = 2, Timeouts = 2, Entries = 1, Crashes = 0 };

    [Fact]
    public static void Figure8Bounds_AreExploredToTheEnd()
    {
        ExplorerReport report = Explorer.Run(ExplorerBounds.Figure8);
        Assert.True(report.IsComplete, string.Join('\n', report.Lines()));
        Assert.True(report.States > 200_000);
        Assert.True(report.StatesCommitted > 10_000);
    }

    [Fact]
    public static void ForgottenVoteBounds_AreExploredToTheEnd()
    {
        ExplorerReport report = Explorer.Run(ExplorerBounds.ForgottenVote);
        Assert.True(report.IsComplete, string.Join('\n', report.Lines()));
        Assert.True(report.States > 50_000);
        Assert.True(report.StatesCommitted > 10_000);
    }

    /// <summary>A medium that forgets the vote must be found, within few states, and told step by step.</summary>
    [Fact]
    public static void ForgottenVote_IsFound()
    {
        ExplorerReport report = Explorer.Run(ExplorerBounds.ForgottenVote with { ForgetsVotes = true });
        Assert.Contains("election safety", report.Violation);
        Assert.InRange(report.States, 1, 20_000);
        Assert.False(report.IsComplete);
        Assert.Contains(report.Schedule, static line => line.Contains("crash", System.StringComparison.Ordinal));
        Assert.Contains(report.Lines(), static line => line.StartsWith("VIOLATION", System.StringComparison.Ordinal));
    }

    /// <summary>Breadth first: the schedule of a violation is a shortest one, and the same every time.</summary>
    [Fact]
    public static void Exploration_IsDeterministic()
    {
        ExplorerBounds bounds = ExplorerBounds.ForgottenVote with { ForgetsVotes = true };
        Assert.Equal(Explorer.Run(bounds).Schedule, Explorer.Run(bounds).Schedule);
        ExplorerReport one = Explorer.Run(Small);
        ExplorerReport two = Explorer.Run(Small);
        Assert.Equal((one.States, one.Transitions, one.Depth), (two.States, two.Transitions, two.Depth));
    }

    /// <summary>Had a rule of the core a preference for a replica's number, some class would be missed.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public static void Symmetry_MissesNoState(int crashes)
    {
        ExplorerBounds bounds = Small with { Crashes = crashes, Entries = 1 - crashes };
        ExplorerReport renamed = Explorer.Run(bounds);
        ExplorerReport plain = Explorer.Run(bounds with { Symmetry = false });
        Assert.True(renamed.IsComplete && plain.IsComplete);
        Assert.Equal(plain.Classes, renamed.States);
        Assert.InRange(plain.States, (renamed.States * 4) + 1, renamed.States * 6);
    }

    /// <summary>The same where the members change: only those are exchanged of whom the plan says the same.</summary>
    [Theory]
    [InlineData("grow", 2)]
    [InlineData("shrink", 2)]
    public static void Symmetry_MissesNoState_WhileMembersChange(string members, int renamings)
    {
        ExplorerBounds bounds = Small with { Entries = 0, Members = PlanOf(members), Changes = 1, InFlightMax = 3 };
        ExplorerReport renamed = Explorer.Run(bounds);
        ExplorerReport plain = Explorer.Run(bounds with { Symmetry = false });
        Assert.True(renamed.IsComplete && plain.IsComplete);
        Assert.Equal(plain.Classes, renamed.States);
        Assert.InRange(plain.States, renamed.States + 1, renamed.States * renamings);
    }

    /// <summary>Raft.md S23 to S29: election safety, leader completeness, nothing committed lost, the majorities of
    /// both halves, one change at a time, for every order of events while the members change; with crashes, lost
    /// messages and some that come twice.</summary>
    [Theory]
    [InlineData("replace", 1, 0, 0, 3)]
    [InlineData("grow", 1, 1, 1, 4)]
    [InlineData("grow-apart", 2, 1, 0, 4)]
    [InlineData("shrink", 1, 1, 0, 4)]
    [InlineData("shrink", 1, 0, 1, 3)]
    [InlineData("shrink-to-one", 1, 1, 1, 4)]
    public static void Raft_S26_ChangesOfMembersAreExploredToTheEnd(
        string members, int changes, int crashes, int duplicates, int inFlight)
    {
        ExplorerReport report = Explorer.Run(Small with
        {
            Entries = 0,
            Members = PlanOf(members),
            Changes = changes,
            Crashes = crashes,
            Duplicates = duplicates,
            InFlightMax = inFlight,
        });
        Assert.True(report.IsComplete, string.Join('\n', report.Lines()));
        Assert.True(report.StatesChanged > 200, $"the members changed in {report.StatesChanged} states");
        Assert.True(
            report.StatesJoint > 200 || members is not ("replace" or "grow-apart"),
            $"a leader was in a joint configuration in {report.StatesJoint} states");
    }

    /// <summary>Raft.md S38 to S41: a snapshot that arrives late, twice, while entries come and leaders change, at a
    /// member that holds nothing, less, the same or another branch; also at one who has just been added.</summary>
    [Theory]
    [InlineData("fixed", 1, 0, 0, 4)]
    [InlineData("fixed", 1, 1, 0, 3)]
    [InlineData("grow", 0, 1, 1, 3)]
    public static void Raft_S40_InstallingASnapshotIsExploredToTheEnd(
        string members, int entries, int crashes, int duplicates, int inFlight)
    {
        ExplorerReport report = Explorer.Run(Small with
        {
            Entries = entries,
            Members = PlanOf(members),
            Changes = members == "fixed" ? 0 : 1,
            Crashes = crashes,
            Duplicates = duplicates,
            Snapshots = 1,
            Transfers = 1,
            InFlightMax = inFlight,
        });
        Assert.True(report.IsComplete, string.Join('\n', report.Lines()));
        Assert.True(report.StatesRestoring > 200, $"a snapshot was taken in in {report.StatesRestoring} states");
    }

    /// <summary>Two ways to one state of a replica must be followed by the same, or it was not one state.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public static void States_HoldAllThatMatters(bool writesApart, bool preVotes)
    {
        ExplorerBounds bounds = new()
        {
            TermMax = 2,
            Timeouts = 2,
            Entries = 1,
            Crashes = 1,
            Heartbeats = 1,
            Resends = 1,
            WritesApart = writesApart,
            PreVotes = preVotes,
            StatesMax = 30_000,
        };
        Explorer.Run(bounds, out Explorer explorer);
        (int compared, string? difference) = explorer.Locals.VerifyQuotient(every: 3);
        Assert.Null(difference);
        Assert.True(compared > 1_000, $"only {compared} steps were compared");
    }

    /// <summary>The same with changes of members and snapshots.</summary>
    [Theory]
    [InlineData("replace", 0)]
    [InlineData("grow", 1)]
    public static void States_HoldAllThatMatters_WithMembersAndSnapshots(string members, int crashes)
    {
        ExplorerBounds bounds = Small with
        {
            Entries = 0,
            Crashes = crashes,
            Members = PlanOf(members),
            Changes = 1,
            Snapshots = 1,
            Transfers = 1,
            InFlightMax = 4,
            StatesMax = 15_000,
        };
        Explorer.Run(bounds, out Explorer explorer);
        (int compared, string? difference) = explorer.Locals.VerifyQuotient(every: 3);
        Assert.Null(difference);
        Assert.True(compared > 1_000, $"only {compared} steps were compared");
    }

    /// <summary>What a write that completes later, a pre-vote, a duplicate or a resend adds is safe too.</summary>
    [Theory]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 0)]
    [InlineData(false, false, 1)]
    public static void OtherModes_AreExploredToTheEnd(bool writesApart, bool preVotes, int more)
    {
        ExplorerReport report = Explorer.Run(new ExplorerBounds
        {
            TermMax = preVotes || writesApart ? 1 : 2,
            Timeouts = preVotes ? 1 : 2,
            Entries = 1 - more,
            Crashes = 1 - more,
            Duplicates = more,
            Heartbeats = more,
            Resends = more,
            InFlightMax = 4,
            WritesApart = writesApart,
            PreVotes = preVotes,
        });
        Assert.True(report.IsComplete, string.Join('\n', report.Lines()));
        Assert.True(report.StatesCommitted > 100);
    }

    private static MemberPlan PlanOf(string name) => MemberPlan.All.Single(plan => plan.Name == name);

    [Theory]
    [InlineData(500, int.MaxValue)]
    [InlineData(int.MaxValue, 6)]
    public static void Bounds_ThatEndItEarlyAreSaid(int states, int depth)
    {
        ExplorerReport report = Explorer.Run(Small with { StatesMax = states, DepthMax = depth });
        Assert.False(report.IsComplete);
        Assert.True(report.Frontier > 0);
        Assert.Contains("NOT COMPLETE", report.Lines().Last());
    }
}
