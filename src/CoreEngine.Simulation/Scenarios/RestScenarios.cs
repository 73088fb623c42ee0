using System;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, many groups: idle ones send nothing and wake at once. S60.</summary>
internal static class RestScenarios
{
    private const int Groups = 100;

    /// <summary>S60: groups that are idle send nothing of their own, whatever their number; one that is asked wakes at
    /// once, at the leader and at a follower.</summary>
    internal static void IdleGroupsSendNothing(ulong seed)
    {
        using Script script = Script.Started(Options(seed) with { Groups = Groups });
        script.Until(() => Resting(script) == 3 * Groups, "every group rests at every replica", 10 * Script.Second);
        int ofGroups = 0;
        int beats = 0;
        FrameFilter count = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            ofGroups += header.Group != 0 ? 1 : 0;
            beats += header.Type == (byte)MessageType.NodeBeat ? 1 : 0;
            return FrameFate.Pass;
        });
        script.Throughout(10 * Script.Second, () => Resting(script) == 3 * Groups, "all groups rest");
        script.Lift(count);
        int pairs = 3 * 2;
        int beatsMax = pairs * ((10_000 / script.World.Options.HeartbeatMs) + 1);
        script.Holds(ofGroups == 0, $"{ofGroups} frames of idle groups were sent in ten seconds");
        script.Holds(beats > 0 && beats <= beatsMax, $"{beats} beats in ten seconds, {beatsMax} are due");

        long atLeader = Answered(script, 1);
        script.Until(() => Resting(script) == 3 * Groups, "all rest again", 10 * Script.Second);
        long atFollower = Answered(script, 2);
        long bound = script.World.Options.HeartbeatMs * Script.Millisecond / 2;
        script.Holds(atLeader < bound, $"an idle group took {atLeader} ns to commit at its leader");
        script.Holds(atFollower < bound, $"an idle group took {atFollower} ns to commit at a follower");
        script.UntilEqual();
    }

    /// <summary>S60: the node of a resting group's leader dies; its followers elect another one as if they had
    /// listened to heartbeats.</summary>
    internal static void DeadNodeIsNotTrusted(ulong seed)
    {
        using Script script = Script.Started(Options(seed));
        script.Until(() => Resting(script) == 3, "the group rests", 10 * Script.Second);
        script.OnlyCandidate(0);
        script[1].Kill();
        long patience = 3L * script.World.Options.ElectionMaxMs * Script.Millisecond;
        script.Until(() => script[2].IsLeader || script[3].IsLeader, "another one leads", patience);
        _ = script.Commit(script.World.Leader!.Number);
    }

    /// <summary>S60: the leader's process dies and is back before anybody has missed it: it leads no more, and its
    /// beats are those of another life.</summary>
    internal static void AnotherLifeIsNotTrusted(ulong seed)
    {
        using Script script = Script.Started(Options(seed));
        script.Until(() => Resting(script) == 3, "the group rests", 10 * Script.Second);
        script.OnlyCandidate(2);
        script.Restart(1);
        long patience = 3L * script.World.Options.ElectionMaxMs * Script.Millisecond;
        script.Until(() => script[2].IsLeader, "a follower leads", patience);
    }

    /// <summary>S60: a group does not come to rest while a living follower lacks something.</summary>
    internal static void NobodyRestsWhileAFollowerLags(ulong seed)
    {
        using Script script = Script.Started(Options(seed));
        script.EntriesOnlyTo(2);
        _ = script.Commit(1);
        script.Throughout(2 * Script.Second, () => !script[1].Core.IsQuiescent, "the leader works on");
        script.EntriesToAll();
        script.Until(() => Resting(script) == 3, "the group rests", 10 * Script.Second);
        script.UntilEqual();
    }

    /// <summary>S60: what a resting leader sends when it wakes is lost: it goes on until it is heard.</summary>
    internal static void AWakingLeaderGoesOn(ulong seed)
    {
        using Script script = Script.Started(Options(seed));
        script.Until(() => Resting(script) == 3, "the group rests", 10 * Script.Second);
        int toLose = 4;
        FrameFilter loss = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
            header.Type == (byte)MessageType.AppendEntries && toLose-- > 0 ? FrameFate.Drop : FrameFate.Pass);
        Task<Receipt> receipt = script[1].ProposeAsync(script.World.NextValue());
        script.Until(() => receipt.IsCompleted, "the proposal is decided", 2 * Script.Second);
        script.Holds(receipt.Result.Outcome == Outcome.Committed, $"it ended as {receipt.Result.Outcome}");
        script.Lift(loss);
    }

    /// <summary>S60: a member at rest is not heard by its leader, which works and rests without it; when it is heard
    /// again it is brought up to date, though it has missed nothing that it could have noticed.</summary>
    internal static void WhoWasAwayIsBroughtUpToDate(ulong seed)
    {
        using Script script = Script.Started(Options(seed));
        script.Until(() => Resting(script) == 3, "the group rests", 10 * Script.Second);
        script.World.Network.Cut(3, 1);
        FrameFilter deaf = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> body) =>
            header.To == 3 && header.Group == 1 ? FrameFate.Drop : FrameFate.Pass);
        _ = script.Commit(1);
        script.Until(() => script[1].Core.IsQuiescent, "the group rests without the one away", 10 * Script.Second);
        script.Holds(script[3].Core.LastIndex < script[1].Core.LastIndex, $"nothing was missed");
        script.Holds(script[3].Core.IsQuiescent, $"the one away has noticed");
        script.Lift(deaf);
        script.World.Network.Heal();
        script.UntilEqual();
        script.Until(() => Resting(script) == 3, "all three rest", 10 * Script.Second);
    }

    private static WorldOptions Options(ulong seed) => new() { Seed = seed, QuiesceAfterMs = 200 };

    private static long Answered(Script script, uint replica)
    {
        long start = script.World.Now;
        _ = script.Commit(replica);
        return script.World.Now - start;
    }

    private static int Resting(Script script)
    {
        int resting = 0;
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            resting += replica.IsRunning ? replica.Loop!.Schedule.Resting : 0;
        }

        return resting;
    }
}
