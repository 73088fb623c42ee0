using System;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, reads and clients. S47 to S49, S54 and S56.</summary>
/// <remarks>Every granted read is compared with what was acknowledged before it by the world's read monitor.</remarks>
internal static class ReadScenarios
{
    /// <summary>S47: a new leader that does not know yet what is committed defers reads until an entry of its own term
    /// is (etcd#7331), and refuses them with the reason when that takes too long.</summary>
    internal static void ReadsWaitForTheAnchor(ulong seed)
    {
        using Script script = UnawareLeader(seed, out ulong acknowledged);
        Task<QueryResult<int>> early = script[2].CountAsync();
        script.Throughout(
            300 * Script.Millisecond,
            () => !early.IsCompleted && script[2].Core.CommitIndex < acknowledged,
            "a read waits while no entry of the leader's term is committed");
        script[3].Ring.IsHeld = false;
        script.Until(() => early.IsCompleted, "the read ends when the anchor is committed", Script.Second);
        script.Holds(early.Result.Point.IsGranted, $"the deferred read ended as {early.Result.Point.Refusal}");
        script.Holds(script[2].Core.CommitIndex > acknowledged, $"it was granted before the anchor");
        script.Free();
        script.UntilEqual();

        using Script silent = UnawareLeader(seed, out _);
        Task<QueryResult<int>> late = silent[2].CountAsync();
        silent.Until(() => late.IsCompleted, "a read that waits too long ends", Script.Second);
        silent.Holds(
            late.Result.Point.Refusal.Code == RefusalCode.NoAnchor, $"it ended as {late.Result.Point.Refusal}");
    }

    /// <summary>S48: a follower asks again; the answer to its first request arrives late and does not answer the second
    /// read (etcd#20418).</summary>
    internal static void OlderAnswerDoesNotServeALaterRead(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        _ = script.Commit(1);
        FrameFilter answers = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> _) =>
            Frames.Is(header, MessageType.ReadIndexReply, 1, 3) ? FrameFate.Hold : FrameFate.Pass);
        Task<QueryResult<int>> first = script[3].CountAsync();
        script.Until(() => script.World.Network.Held.Count == 1, "the leader answers the first read");
        script.Until(() => first.IsCompleted, "the first read is given up", Script.Second);
        script.Holds(!first.Result.Point.IsGranted, $"a read without an answer was granted");
        _ = script.Commit(1);
        script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> _) =>
            Frames.Is(header, MessageType.ReadIndexRequest, 3) ? FrameFate.Hold : FrameFate.Pass);
        Task<QueryResult<int>> second = script[3].CountAsync();
        script.Until(() => script.World.Network.Held.Count == 2, "the second read asks");
        script.Lift(answers);
        int late = script.DeliverHeld(static frame => Frames.Is(frame.Header, MessageType.ReadIndexReply));
        script.Holds(late == 1, $"{late} answers were held");
        script.World.RunFor(20 * Script.Millisecond);
        script.Holds(
            !second.IsCompleted || !second.Result.Point.IsGranted, $"an older answer served a later read");
        _ = script.DeliverHeld(static frame => Frames.Is(frame.Header, MessageType.ReadIndexRequest));
        script.Until(() => second.IsCompleted, "the second read ends", Script.Second);
        script.Holds(
            second.Result.Point.IsGranted && second.Result.Value == 2, $"the second ended as {second.Result.Point}");
    }

    /// <summary>S48, at the leader: echoes of an older round arrive after a read came, and after another leader has
    /// committed more. They confirm nothing.</summary>
    internal static void OlderRoundDoesNotConfirm(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        _ = script.Commit(1);
        long quiet = script.World.Now;

        // Its read round is echoed, and the echoes are on their way when the link breaks.
        script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> _) =>
            Frames.Is(header, MessageType.AppendReply) && header.To == 1 ? FrameFate.Hold : FrameFate.Pass);
        Task<QueryResult<int>> before = script[1].CountAsync();
        script.Until(() => script.World.Network.Held.Count >= 2, "both followers echo the round");
        script.World.Network.Isolate(1);
        script.Elect(2, withinNs: script[1].Core.Options.ElectionMaxNs + quiet - script.World.Now);
        ulong term = script[1].Core.Term;
        script.Holds(script[1].IsLeader, $"the old leader has left already");
        _ = script.Commit(2);
        Task<QueryResult<int>> read = script[1].CountAsync();
        script[1].Nudge();
        script.World.Step();
        _ = script.DeliverHeld(static frame => Frames.Is(frame.Header, MessageType.AppendReply, to: 1));
        script.World.RunFor(Script.Millisecond);
        script.Holds(script[1].Core.Term == term, $"the old leader learnt of the new term");
        script.Holds(!read.IsCompleted || !read.Result.Point.IsGranted, $"an older round confirmed a later read");
        script.Until(() => read.IsCompleted && before.IsCompleted, "the reads end", 2 * Script.Second);
        script.Holds(!read.Result.Point.IsGranted, $"a deposed leader granted a read");
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S49: a deposed leader, which does not know it, and the follower that still follows it serve no stale
    /// linearizable read.</summary>
    internal static void DeposedLeaderServesNoRead(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 5 });
        _ = script.Commit(1);
        foreach (uint one in new uint[] { 1, 2 })
        {
            for (uint other = 3; other <= 5; other++)
            {
                script.Cut(one, other);
            }
        }

        script.Elect(3, withinNs: script[1].Core.Options.ElectionMaxNs, isHeardAlone: false);
        script.Holds(script[1].IsLeader && script[2].Core.Leader == 1, $"the old leader has left already");
        _ = script.Commit(3);
        Task<QueryResult<int>> atLeader = script[1].CountAsync();
        Task<QueryResult<int>> atFollower = script[2].CountAsync();
        Task<QueryResult<int>> atNew = script[4].CountAsync();
        script.Until(
            () => atLeader.IsCompleted && atFollower.IsCompleted && atNew.IsCompleted,
            "all reads end",
            3 * Script.Second);
        script.Holds(
            !atLeader.Result.Point.IsGranted && !atFollower.Result.Point.IsGranted, $"a stale read was granted");
        script.Holds(
            atNew.Result.Point.IsGranted && atNew.Result.Value == 2, $"the new one ended as {atNew.Result.Point}");
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S54: a proposal whose entry is overwritten by another leader ends as Refused or Unknown, never as
    /// success; at the leader and at the follower that had handed its own on.</summary>
    internal static void OverwrittenProposal(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.EntriesOnlyTo();
        ulong place = script[1].Core.LastIndex + 1;
        Task<Receipt> own = script[1].ProposeAsync(script.World.NextValue());
        Task<Receipt> handedOn = script[3].ProposeAsync(script.World.NextValue());
        script.Until(() => script[1].Core.LastIndex == place + 1, "both stand in the old leader's log");
        script.World.Network.Isolate(1);
        script.EntriesToAll();
        script.Elect(2);
        Receipt other = default;
        for (int i = 0; i < 3; i++)
        {
            other = script.Commit(2);
        }

        script.Free();
        script.UntilEqual();
        script.Until(() => own.IsCompleted && handedOn.IsCompleted, "both end", 12 * Script.Second);
        script.Holds(
            own.Result.Outcome == Outcome.Refused && own.Result.Refusal.Code == RefusalCode.Superseded
                && own.Result.Refusal.First == place,
            $"the overwritten proposal ended as {own.Result.Outcome}, {own.Result.Refusal}");
        script.Holds(
            handedOn.Result.Outcome != Outcome.Committed, $"the one handed on ended as {handedOn.Result.Outcome}");
        script.Holds(other.Coordinate.Index >= place, $"nothing took its place");
    }

    /// <summary>S56: a read whose point was granted and is never applied here, for the replica was cut off, ends and
    /// names the point that was not reached.</summary>
    internal static void PointThatIsNeverReached(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        _ = script.Commit(1);
        script.UntilEqual();
        ulong applied = script[3].Runtime.Frontiers.Applied;
        script.EntriesUpTo(3, script[1].Core.LastIndex);
        ulong committed = script.Commit(1).Coordinate.Index;
        int answers = 0;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> _) =>
        {
            answers += Frames.Is(header, MessageType.ReadIndexReply, 1, 3) ? 1 : 0;
            return FrameFate.Pass;
        });
        Task<QueryResult<int>> read = script[3].CountAsync();
        script.Until(() => answers > 0, "the leader grants the point", Script.Second);
        script.World.RunFor(20 * Script.Millisecond);
        script.World.Network.Isolate(3);
        script.Throughout(8 * Script.Second, () => !read.IsCompleted, "a point that is not applied serves nobody");
        script.Until(() => read.IsCompleted, "a read that nothing can serve ends", 4 * Script.Second);
        script.Holds(
            read.Result.Point.Refusal == new Refusal(RefusalCode.NotReached, applied, committed),
            $"it ended as {read.Result.Point}; {committed} was granted, {applied} is applied");
        script.Free();
        Task<QueryResult<int>> later = script[3].CountAsync();
        script.Until(() => later.IsCompleted, "a read after the cut ends", 12 * Script.Second);
        script.Holds(
            later.Result.Point.IsGranted && later.Result.Value == 2, $"the later read ended as {later.Result.Point}");
    }

    /// <summary>Replica 2 leads, and the entry that replica 1 had acknowledged to its client is in its log, beyond its
    /// C. Replica 3 answers heartbeats, its disk completes nothing.</summary>
    private static Script UnawareLeader(ulong seed, out ulong acknowledged)
    {
        Script script = Script.Started(new WorldOptions { Seed = seed });
        Task<Receipt> receipt = script[1].ProposeAsync(script.World.NextValue());
        bool isDecided = false;
        script.Rule((in FrameHeader header, ReadOnlySpan<byte> _) =>
            isDecided && header.From == 1 ? FrameFate.Drop : FrameFate.Pass);
        script.Until(() => isDecided = receipt.IsCompleted, "the leader has acknowledged an entry");
        acknowledged = receipt.Result.Coordinate.Index;
        script.World.Network.Isolate(1);
        script.Elect(2);
        script[3].Ring.IsHeld = true;
        script.Holds(script[2].Core.LastIndex > acknowledged, $"the new leader lacks the entry");
        script.Holds(script[2].Core.CommitIndex < acknowledged, $"the new leader knows already");
        return script;
    }
}
