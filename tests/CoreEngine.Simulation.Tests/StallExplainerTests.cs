using CoreEngine.Diagnostics;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: the explainer names the one cause of five that was injected, in bounded time, and nothing before and after.
/// Method: whole replicas in virtual time, each condition made to fail by itself; what only another thread can see is
/// asked of the rule alone.
/// </summary>
public sealed class StallExplainerTests
{
    private const long Second = Script.Second;

    [Fact]
    public void Authority_IsNamedWhenVotesAreNeverGrantedThoughAllAreHeard()
    {
        using Script script = Started();
        FrameFilter deny = script.Rule(static (in FrameHeader header, System.ReadOnlySpan<byte> body) =>
            Frames.IsGrant(header, body) || Frames.Is(header, MessageType.AppendEntries)
                ? FrameFate.Drop
                : FrameFate.Pass);

        // Campaigns go on: whoever asks is heard and hears others.
        UntilNamed(script, 2, ProgressCondition.Authority);
        script.Lift(deny);
        UntilNothing(script);
    }

    [Fact]
    public void Quorum_IsNamedByALeaderThatIsCutOffAndByWhoCampaignsAlone()
    {
        using Script script = Started();
        script.World.Network.Isolate(1);
        UntilNamed(script, 1, ProgressCondition.Quorum);
        Assert.True(script[1].IsLeader);
        script.Until(() => !script[1].IsLeader, "it leaves");
        script.World.RunFor(3 * Second);
        Assert.Equal(ProgressCondition.Quorum, script[1].Explain().Failing);
        Assert.Equal(ProgressCondition.None, script[2].Explain().Failing);
        script.World.Network.Heal();
        UntilNothing(script);
    }

    [Fact]
    public void Medium_IsNamedWhereTheDiskCompletesNothing()
    {
        using Script script = Started();
        script[2].Ring.IsHeld = true;
        _ = script[1].ProposeAsync(script.World.NextValue());
        UntilNamed(script, 2, ProgressCondition.Medium);
        Assert.Equal(ProgressCondition.None, script[1].Explain().Failing);
        script[2].Ring.IsHeld = false;
        UntilNothing(script);
    }

    [Fact]
    public void Apply_IsNamedWhereTheMachineStandsStill()
    {
        using Script script = Started();
        script[3].Kill();
        script[3].MachineMaker = static () => new JournalMachine { InlineSafe = false };
        script[3].Start();
        script.UntilEqual();
        script[3].AreWorkersHeld = true;
        _ = script.Commit(1);
        UntilNamed(script, 3, ProgressCondition.Apply);
        Assert.Contains("Apply", script[3].Explain().Statement, System.StringComparison.Ordinal);
        script[3].AreWorkersHeld = false;
        script[3].Nudge();
        UntilNothing(script);
    }

    [Fact]
    public void Room_IsNamedWhenNoCreditIsLeftAndWhenTheDiskIsFull()
    {
        using (Script script = Started(new WorldOptions
        {
            Seed = 7,
            Windows = new RaftWindows { UncommittedEntriesMax = 4 },
        }))
        {
            // Followers live and answer, and take no entry in.
            script.EntriesOnlyTo();
            for (int i = 0; i < 20; i++)
            {
                _ = script[1].ProposeAsync(script.World.NextValue());
            }

            UntilNamed(script, 1, ProgressCondition.Room);
            script.EntriesToAll();
            UntilNothing(script);
        }

        using (Script script = Started())
        {
            script[1].Disk.BytesFree = 0;
            for (int i = 0; i < 2000 && !script[1].Loop!.IsLogFull; i++)
            {
                _ = script.Propose(1);
            }

            script.World.RunFor(100 * Script.Millisecond);
            Assert.Equal(ProgressCondition.Room, script[1].Explain().Failing);
        }
    }

    [Fact]
    public void Apply_IsNamedAlsoWhileTheShardItselfIsInTheMachine()
    {
        var patience = new StallPatience(300, 600, 1000);
        var status = new CoreStatus(Role.Leader, 3, 1, Mode.Target);
        var notes = new ProgressNotes(5000, 0, 0, 0, false, new CoreProgress(5000, 0, 0, 0, 0));
        Assert.Equal((ProgressCondition.None, 0), StallExplainer.Find(status, notes, 5000, patience, 5200));
        Assert.Equal((ProgressCondition.Apply, 5000), StallExplainer.Find(status, notes, 5000, patience, 6000));
    }

    private static Script Started(WorldOptions? options = null)
    {
        Script script = Script.Started(options ?? new WorldOptions { Seed = 7 });
        script.OnlyCandidate(0);
        script.World.RunFor(2 * Second);
        UntilNothing(script);
        return script;
    }

    private static void UntilNamed(Script script, uint replica, ProgressCondition cause)
    {
        script.Until(
            () => script[replica].Explain().Failing != ProgressCondition.None, "something is named", 3 * Second);
        Assert.Equal(cause, script[replica].Explain().Failing);
        Assert.NotEmpty(script[replica].Explain().Statement);
    }

    private static void UntilNothing(Script script)
    {
        for (uint replica = 1; replica <= 3; replica++)
        {
            uint one = replica;
            script.Until(
                () => script[one].Explain().Failing == ProgressCondition.None, $"replica {one} is well", 10 * Second);
        }
    }
}
