using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Quorums;
using CoreEngine.Protocol.Wire;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, commit and durability: what counts as committed and as durable. S13 to S17.</summary>
internal static class DurabilityScenarios
{
    /// <summary>S13, majority of membership: of five voters three are known, at 10, 10 and 6 entries; 6 are committed,
    /// not 10. Without voters nothing ever is (ravendb#14231).</summary>
    internal static void MajorityOfMembership(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5 });
        ulong agreed = script[1].Core.LastIndex;
        script[4].Kill();
        script[5].Kill();
        script.EntriesOnlyTo(2, 3);
        script.Append(1, 6);
        script.EntriesOnlyTo(2);
        script.Append(1, 4);
        script.Until(() => MatchOf(script, 2) == agreed + 10, "the leader knows ten entries durable at replica 2");
        script.Holds(MatchOf(script, 3) == agreed + 6, $"the leader knows {MatchOf(script, 3)} durable at replica 3");
        script.Throughout(
            400 * Script.Millisecond, () => script[1].Core.CommitIndex == agreed + 6, "six entries are committed");
        script[3].Kill();
        script.World.RunFor(100 * Script.Millisecond);
        script.Holds(script[1].Core.CommitIndex == agreed + 6, $"C moved with two of five");
        var nobody = new QuorumSystem([]);
        script.Holds(
            nobody.Reached([]) == 0 && !nobody.IsQuorum(0), $"a group without voters reaches a quorum of nobody");
        foreach (uint dead in new uint[] { 3, 4, 5 })
        {
            script[dead].Start();
        }

        script.Free();
        script.UntilEqual();
    }

    /// <summary>S14, acked tail survives: a follower acknowledges entries that are not committed, its power fails, and
    /// they are still there.</summary>
    internal static void AcknowledgedTailSurvives(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        ulong acknowledged = 0;
        var chance = new Prng(seed);
        script.World.Network.Isolate(3);
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            if (header.From == 2 && Frames.TryReadReply(header, body, out AppendReplyBody reply)
                && reply.Verdict == AppendVerdict.Fits)
            {
                acknowledged = ulong.Max(acknowledged, reply.Durable);
            }

            // The leader never learns of it: nothing is committed.
            return Frames.Is(header, MessageType.AppendReply) ? FrameFate.Drop : FrameFate.Pass;
        });
        ulong committed = script[1].Core.CommitIndex;
        for (int i = 0; i < 40; i++)
        {
            _ = script[1].ProposeAsync(script.World.NextValue());
            script.World.RunFor(chance.Between(20_000, 400_000));
        }

        script.Holds(acknowledged > committed, $"nothing uncommitted was acknowledged");
        script.Holds(script[1].Core.CommitIndex == committed, $"C moved");
        var terms = new List<ulong>();
        for (ulong index = 1; index <= acknowledged; index++)
        {
            terms.Add(script[2].Core.Log.TermAt(index));
        }

        script[2].PowerCut();
        script[2].Start();
        script.Holds(
            script[2].Core.LastIndex >= acknowledged,
            $"replica 2 acknowledged {acknowledged} and recovered {script[2].Core.LastIndex}");
        for (ulong index = 1; index <= acknowledged; index++)
        {
            script.Holds(
                script[2].Core.Log.TermAt(index) == terms[(int)index - 1], $"entry {index} has another term now");
        }

        script.Free();
        script.UntilEqual();
    }

    /// <summary>S15, ack only after D: whatever is acknowledged stands on a quorum of media at that very instant; also
    /// in a cluster of one (etcd#14370), also with slow disks.</summary>
    internal static void NothingIsAcknowledgedBeforeItIsDurable(ulong seed)
    {
        foreach (int replicas in new[] { 1, 3, 5 })
        {
            var slow = new DiskTiming(Script.Millisecond, 20 * Script.Millisecond);
            using var script = new Script(new WorldOptions { Seed = seed, Replicas = replicas, Disk = slow });
            script.World.StartAll();
            script.UntilLeader();
            for (int i = 0; i < 10; i++)
            {
                SimulatedReplica leader = script.World.Leader!;
                Task<Receipt> receipt = leader.ProposeAsync(script.World.NextValue());
                script.Until(() => receipt.IsCompleted, "decided");
                script.Holds(
                    receipt.Result.Outcome == Outcome.Committed, $"a proposal ended as {receipt.Result.Outcome}");

                // The media themselves are read, as a power cut at this instant would leave them.
                script.World.Monitors.Durability.Audit(script.World.Monitors.Elections);
                script.World.ThrowIfBroken();
            }
        }
    }

    /// <summary>S16, append ABA: the write of entries that were overwritten meanwhile completes late. It says nothing
    /// about the entries that stand there now.</summary>
    internal static void LateCompletionOfOverwrittenEntries(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5, SubmitBytesMin = 1 });
        SimulatedReplica follower = script[3];
        ulong agreed = follower.Core.LastIndex;
        ulong claimed = 0;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            bool isClaim = header.From == 3 && Frames.TryReadReply(header, body, out AppendReplyBody reply)
                && reply.Verdict == AppendVerdict.Fits;
            claimed = isClaim ? ulong.Max(claimed, Claim(header, body)) : claimed;
            return FrameFate.Pass;
        });
        script.EntriesOnlyTo(3);
        follower.Ring.IsHeld = true;
        for (int i = 0; i < 3; i++)
        {
            _ = script[1].ProposeAsync(script.World.NextValue());
        }

        script.Until(
            () => follower.Core.LastIndex == agreed + 3 && follower.Ring.UnderWay > 0, "three entries are under way");
        ulong oldTerm = follower.Core.Log.TermAt(agreed + 1);

        // Replica 2 wins with its own vote and those of 4 and 5, and overwrites them.
        script.World.Network.Cut(3, 1);
        script.World.Network.Cut(1, 3);
        script.EntriesToAll();
        script.Depose(1);
        script.Elect(2);
        script.Until(() => follower.Core.Log.TermAt(agreed + 1) > oldTerm, "the entries are overwritten in memory");
        follower.Ring.EndWrite(0);
        script.World.RunFor(Script.Millisecond);
        script.Holds(
            follower.Runtime.Frontiers.Durable <= agreed && claimed <= agreed,
            $"a late completion of overwritten entries moved D to {follower.Runtime.Frontiers.Durable}");
        script.Throughout(
            100 * Script.Millisecond,
            () => claimed <= agreed,
            "nothing is acknowledged for what stands there now");
        follower.Ring.IsHeld = false;
        script.World.Network.Heal();
        script.UntilEqual();
        script.Holds(claimed > agreed, $"the new entries were never acknowledged");
    }

    /// <summary>S17, sync fails once: the disk works again afterwards; the replica stays stopped, writes nothing more
    /// and never acknowledges those pages.</summary>
    internal static void SyncFailsOnce(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        SimulatedReplica failed = script[1];
        script.World.RunFor(10 * Script.Millisecond);
        ulong durable = failed.Group.Frontiers.Durable;
        failed.Ring.FailAfter = 0;
        Task<Receipt> receipt = failed.ProposeAsync(script.World.NextValue());
        script.Until(() => failed.Loop!.Fault is not null, "the shard stops");
        long operations = failed.Ring.DurableOperations;
        string reason = failed.Loop!.Fault!.Reason;
        script.Holds(
            reason.Contains("acknowledges nothing more", StringComparison.Ordinal), $"the reason is '{reason}'");
        script.Holds(
            receipt.IsCompleted && receipt.Result.Outcome == Outcome.Unknown, $"its proposal does not end as Unknown");
        int frames = 0;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> _) =>
        {
            frames += header.From == 1 ? 1 : 0;
            return FrameFate.Pass;
        });
        Task<Receipt> after = failed.ProposeAsync(script.World.NextValue());
        failed.Turn();
        script.Holds(
            after.IsCompleted && after.Result.Refusal.Code == RefusalCode.GroupFaulted,
            $"a proposal at a stopped shard ended as {(after.IsCompleted ? after.Result.Refusal : default)}");
        script.Until(() => script.World.Leader is { Number: not 1 }, "another leader");
        _ = script.Commit(script.World.Leader!.Number);
        for (int i = 0; i < 100; i++)
        {
            failed.Turn();
            script.World.RunFor(Script.Millisecond);
        }

        script.Holds(
            failed.Group.Frontiers.Durable == durable && failed.Ring.DurableOperations == operations && frames == 0,
            $"after the failed sync: D {durable} to {failed.Group.Frontiers.Durable}, "
            + $"{failed.Ring.DurableOperations - operations} writes, {frames} frames");
        script.World.Monitors.Durability.Audit(script.World.Monitors.Elections);
        script.World.ThrowIfBroken();
        failed.PowerCut();
        failed.Start();
        script.UntilEqual();
    }

    private static ulong Claim(in FrameHeader header, ReadOnlySpan<byte> body) =>
        Frames.TryReadReply(header, body, out AppendReplyBody reply) ? reply.Durable : 0;

    private static ulong MatchOf(Script script, uint follower) =>
        script[1].Core.Peers[script[1].Core.Quorum.PlaceOf(follower)].Match;
}
