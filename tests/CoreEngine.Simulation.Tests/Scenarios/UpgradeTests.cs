using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md S57, on whole replicas. Method: scripted worlds in which replicas are restarted
/// with another feature level, while old and new builds lead in turn.
/// </summary>
public sealed class UpgradeTests
{
    [Fact]
    public void Raft_S57_ARollingUpgradeWithBothLeadingInTurnLosesNothing() =>
        Play.Seeds(3, UpgradeScenarios.RollingUpgrade);

    [Fact]
    public void Raft_S57_AMemberThatDoesNotAnswerBlocksTheNewFormats() =>
        Play.Seeds(2, UpgradeScenarios.SilentMemberBlocksTheRise);
}
