using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, elections: which log wins, and how the others follow it. S1 to S3.</summary>
internal static class LogScenarios
{
    private const uint Scale = 20;

    /// <summary>S1, log repair: the six logs of the Raft paper's figure 7 converge under a new leader, in rounds of the
    /// order of their terms, never one index at a time.</summary>
    internal static void LogRepair(ulong seed)
    {
        using Script script = Figure7(seed);
        int[] rejected = new int[script.World.Options.Replicas + 1];
        _ = script.Rule((in FrameHeader header, System.ReadOnlySpan<byte> body) =>
        {
            bool isRejection = Frames.TryReadReply(header, body, out AppendReplyBody reply)
                && reply.Verdict == AppendVerdict.Rejected;
            rejected[header.From] += isRejection ? 1 : 0;
            return FrameFate.Pass;
        });
        script.EntriesToAll();
        script.Elect(1);
        script.UntilEqual();
        for (uint replica = 2; replica <= 7; replica++)
        {
            // Eight terms; the shortest divergence has Scale entries, the longest eight times that.
            script.Holds(
                rejected[replica] <= 10, $"replica {replica} refused {rejected[replica]} times before its log agreed");
        }

        script.Holds(rejected[6] + rejected[7] > 0, $"no log differed: the shapes were not made");
        _ = script.Commit(1);
        script.UntilEqual();
    }

    /// <summary>S2, old-term count (figure 8): an entry of an earlier term on a majority is not committed until one of
    /// the current term is. Here another leader overwrites it, which is its right.</summary>
    internal static void OldTermOverwritten(ulong seed)
    {
        using Script script = Figure8(seed, out Task<Receipt> old, out ulong index);

        // (d): replica 5 has the newer last term; it wins and overwrites.
        ulong reached = index;
        script.EntriesToAll();
        script.World.Network.Heal();
        script.World.Network.Isolate(1);
        script.Elect(5);
        script.Until(() => script[5].Core.CommitIndex >= reached, "replica 5 commits its own entry at that place");
        script.Free();
        script.UntilEqual();
        script.Until(() => old.IsCompleted, "the overwritten proposal ends", 11 * Script.Second);
        script.Holds(old.Result.Outcome != Outcome.Committed, $"an overwritten proposal ended as Committed");
    }

    /// <summary>S2, the other end of figure 8: once an entry of the leader's own term is on a majority, the older one
    /// is committed with it and nobody without it can win.</summary>
    internal static void OldTermCommittedWithOwn(ulong seed)
    {
        using Script script = Figure8(seed, out Task<Receipt> old, out ulong index);
        script.EntriesOnlyTo(2, 3);
        script.Until(() => script[1].Core.CommitIndex > index, "the entry of the own term commits both");
        script.Until(() => old.IsCompleted, "the old proposal is decided");
        script.Holds(old.Result.Outcome == Outcome.Committed, $"the old proposal ended as {old.Result.Outcome}");
        script.World.Network.Isolate(1);
        script.OnlyCandidate(5);
        script.Throughout(3 * Script.Second, () => !script[5].IsLeader, "replica 5 lacks a committed entry, no leader");
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S3, term-first comparison: the shorter log with the newer last term gets the vote, the longer one with
    /// the older does not (dotnet/dotNext#298).</summary>
    internal static void TermBeforeLength(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.Append(1, 3);
        script.EntriesOnlyTo();
        script.Append(1, 10);
        script.Cut(1, 2);
        script.Cut(1, 3);
        script.Elect(2);
        ulong shorter = script[2].Core.LastIndex;
        script.Until(() => script[2].Core.Frontiers.Durable == shorter, "the anchor of 2 is durable");

        // Only 1 and 2 hear each other: whoever wants to lead needs the other one's vote.
        script.World.Network.Heal();
        script.World.Network.Isolate(3);
        script.Rule((in FrameHeader header, System.ReadOnlySpan<byte> _) =>
            Frames.Is(header, MessageType.AppendEntries) ? FrameFate.Drop : FrameFate.Pass);
        script.OnlyCandidate(1);
        script.Until(() => script.Leaders() == 0, "nobody leads");
        script.Holds(script[1].Core.LastIndex > shorter + 5, $"the log of 1 is not the longer one");
        script.Throughout(
            5 * Script.Second, () => !script[1].IsLeader, "the longer log with the older last term does not win");
        script.Holds(script[2].Core.LastIndex == shorter, $"the log of 2 changed");
        script.OnlyCandidate(2);
        script.Until(() => script[2].IsLeader, "the shorter log with the newer last term wins", 5 * Script.Second);
        script.Free();
        script.UntilEqual();
        _ = script.Commit(script.World.Leader!.Number);
    }

    /// <summary>Replica 1 holds terms 1 1 1 4 4 5 5 6 6 6, replicas 2 to 7 the logs a to f; every digit stands for
    /// <see cref="Scale"/> entries.</summary>
    private static Script Figure7(ulong seed)
    {
        Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = 7 });
        Grow(script, 1, 3);
        script.EntriesOnlyTo();
        Lead(script, 7, 3);
        Lead(script, 7, 5);
        script.EntriesOnlyTo(1, 2, 3, 4, 5);
        Lead(script, 6, 1);
        script.EntriesOnlyTo(1, 2, 4, 5);
        Grow(script, 6, 1);
        script.EntriesOnlyTo();
        Grow(script, 6, 2);
        script.EntriesOnlyTo(1, 2, 5);
        Lead(script, 4, 2);
        Lead(script, 4, 2);
        script.EntriesOnlyTo(1, 5);
        Grow(script, 4, 1);
        script.EntriesOnlyTo();
        Grow(script, 4, 1);
        Lead(script, 5, 2);
        return script;
    }

    private static void Lead(Script script, uint leader, uint digits)
    {
        script.Elect(leader);
        script.UntilSpread(leader);
        script.Append(leader, (int)(digits * Scale) - 1);
    }

    private static void Grow(Script script, uint leader, uint digits) => script.Append(leader, (int)(digits * Scale));

    /// <summary>Figure 8 at (c): replica 1 leads again and its entry of an earlier term stands on 1, 2 and 3 of five;
    /// replica 5 has another one of a term between at the same index.</summary>
    private static Script Figure8(ulong seed, out Task<Receipt> old, out ulong index)
    {
        Script script = Script.Started(new WorldOptions
        {
            Seed = seed,
            Replicas = 5,
            Windows = new RaftWindows(AppendEntriesMax: 1),
        });
        script.Append(1, 2);
        script.UntilEqual();
        ulong agreed = script[1].Core.LastIndex;
        index = agreed + 1;
        script.EntriesOnlyTo(2);
        old = script[1].ProposeAsync(script.World.NextValue());
        script.UntilSpread(1);

        // (b): replica 5 wins with the votes of 3 and 4, its anchor stays with it.
        script.EntriesOnlyTo();
        script.World.Network.Isolate(1);
        script.Elect(5);
        script.UntilSpread(5);

        // (c): replica 1 again; its old entry reaches 3, its anchor nobody.
        script.World.Network.Heal();
        script.World.Network.Isolate(5);
        script.Elect(1);
        ulong reached = index;
        script.EntriesUpTo(3, reached);
        script.Until(
            () => script[3].Runtime.Frontiers.Durable >= reached && MatchOf(script[1], 3) >= reached
                && MatchOf(script[1], 2) >= reached,
            "the leader knows its old entry durable on a majority");
        script.Holds(script[1].Core.Log.TermAt(reached) < script[1].Core.Term, $"the entry is not of an earlier term");
        script.Throughout(
            300 * Script.Millisecond,
            () => script[1].Core.CommitIndex < reached,
            "an entry of an earlier term is not committed by counting");
        script.Holds(!old.IsCompleted, $"the old proposal was decided early");
        return script;
    }

    private static ulong MatchOf(SimulatedReplica leader, uint follower) =>
        leader.Core.Peers[leader.Core.Quorum.PlaceOf(follower)].Match;
}
