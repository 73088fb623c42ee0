using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8 for client sessions, on whole replicas. Method: scripted worlds;
/// every monitor watches, among them that a sequence takes effect once and that all hold the same table.
/// </summary>
public sealed class SessionTests
{
    [Fact]
    public void Raft_S54_AnOverwrittenSequenceIsSettledForEverOrCommittedOnce() =>
        Play.Seeds(5, SessionScenarios.OverwrittenSequence);

    [Fact]
    public void Raft_S55_ARepeatAcrossFailoverAndRestartIsAppliedOnceAndAnsweredTheSame() =>
        Play.Seeds(5, SessionScenarios.RepeatsAcrossFailoverAndRestart);

    [Fact]
    public void Raft_S55_ARepeatAcrossFailoverSnapshotAndRestartIsAppliedOnceAndAnsweredTheSame() =>
        Play.Seeds(3, SessionScenarios.RepeatsAcrossFailoverSnapshotAndRestart);

    [Fact]
    public void Raft_S55_SessionExpiryIsALogEventEqualEverywhere() =>
        Play.Seeds(3, SessionScenarios.ExpiryIsALogEvent);
}
