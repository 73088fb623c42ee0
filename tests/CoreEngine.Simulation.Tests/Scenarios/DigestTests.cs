using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md S59 on whole replicas. Method: machines that diverge from an index on, at
/// replicas that the script chooses; and sound ones through snapshots and restarts, which must raise no alarm.
/// </summary>
public sealed class DigestTests
{
    [Fact]
    public void Raft_S59_AMinorityStopsAndNamesTheIndex() => Play.Seeds(5, DigestScenarios.MinorityStops);

    [Fact]
    public void Raft_S59_TwoOfFiveThatDivergeDifferentlyBothStop() => Play.Seeds(5, DigestScenarios.TwoOfFive);

    [Fact]
    public void Raft_S59_ATieIsReportedAndStopsNobody() => Play.Seeds(5, DigestScenarios.TieStopsNobody);

    [Fact]
    public void Raft_S59_LostNoticesAreMadeUpForByAnswers() => Play.Seeds(5, DigestScenarios.LostNotices);

    [Fact]
    public void Raft_S59_SnapshotsAndRestartsRaiseNoAlarm() => Play.Seeds(3, DigestScenarios.SnapshotsAndRestarts);
}
