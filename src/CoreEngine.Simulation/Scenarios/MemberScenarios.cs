using System;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, membership: what each member may do, and what becomes of who is none any more. S11, S29
/// to S33 and S58.</summary>
internal static class MemberScenarios
{
    /// <summary>S11: a learner that does not know of its promotion votes.</summary>
    internal static void PromotedUnawares(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 4);
        Demand(script, script.Change(1, ChangeScenarios.Learn(4)));
        script.UntilEqual();
        script.EntriesUpTo(4, script[1].Core.LastIndex);
        Demand(script, script.Change(1, ChangeScenarios.Add(4)));
        script.UntilSpread(1);
        script.Holds(
            script[4].Core.Configuration.Find(4) is { Kind: MemberKind.Learner }, $"replica 4 knows of its promotion");

        // Three of the four are needed: without the learner's vote nobody leads.
        script[1].Kill();
        script.Elect(2);
        script.EntriesToAll();
        _ = script.Commit(2);
        script.UntilEqual();
    }

    /// <summary>S11: a voter votes for a candidate that it does not know as a member.</summary>
    internal static void UnknownCandidate(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 4);
        script.EntriesUpTo(3, script[1].Core.LastIndex);
        Demand(script, script.Change(1, ChangeScenarios.Add(4)));
        script.UntilSpread(1);
        script.Holds(script[3].Core.Configuration.Find(4) is null, $"replica 3 knows replica 4");
        script[1].Kill();
        script.Elect(4);

        // It follows a leader that is no member, as far as it knows: what it asks of it arrives all the same.
        script.OnlyCandidate(0);
        script.Until(() => script[3].Core.Leader == 4, "the voter follows it");
        Task<TransferResult> transfer = script[3].TransferAsync(2, Script.Second);
        script.Until(() => transfer.IsCompleted, "a transfer that the voter asks for ends");
        script.Holds(transfer.Result.IsDone && script[2].IsLeader, $"it ended as {transfer.Result}");
        script.EntriesToAll();
        _ = script.Commit(2);
        script.UntilEqual();
    }

    /// <summary>S29: who was removed while it was away disturbs nobody when it comes back, and learns it.</summary>
    internal static void RemovedDisturbsNobody(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 4, replicas: 4);
        script.OnlyCandidate(0);
        foreach (uint other in new uint[] { 1, 2, 3 })
        {
            script.Cut(4, other);
        }

        Demand(script, script.Change(1, ChangeScenarios.Remove(4)));
        ulong term = script[1].Core.Term;
        script.World.RunFor(2 * Script.Second);
        script.World.Network.Heal();
        script.Throughout(
            3 * Script.Second,
            () => script[1].IsLeader && script[1].Core.Term == term && !script[4].IsLeader,
            "the removed one disturbs nobody");
        script.Holds(script[4].Group.Members.IsRemoved, $"replica 4 has not learned that it was removed");
        _ = script.Commit(1);
        script.Restart(4);
        script.World.RunFor(2 * Script.Second);
        script.Holds(script[1].IsLeader && script[1].Core.Term == term, $"after its restart it deposed the leader");
        script.Holds(script[4].Group.Members.IsRemoved, $"replica 4 has not learned it again");
    }

    /// <summary>S30, S31, the rejoin bug: a member is removed and comes back with an empty disk in the same term; what
    /// its former life once said arrives late and counts for nothing.</summary>
    internal static void FormerLifeDoesNotCount(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 3);
        ulong life = script[3].Incarnation;
        for (int i = 0; i < 5; i++)
        {
            _ = script.Commit(1);
        }

        // Its word about everything so far, and about the next entry, is on its way for long.
        FrameFilter late = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> body) =>
            Frames.TryReadReply(header, body, out _) && header.From == 3 ? FrameFate.Hold : FrameFate.Pass);
        _ = script.Commit(1);
        script.UntilSpread(1);
        Demand(script, script.Change(1, ChangeScenarios.Remove(3)));
        ulong term = script[1].Core.Term;
        script[3].Kill();
        script[3].FormatToJoin();
        script.Holds(script[3].Incarnation != life, $"the new directory has the life of the old one");

        // Nothing of the log reaches the new life: whatever the leader knows of it, it knows from the old one.
        script.EntriesUpTo(3, 0);
        script[3].Start();
        Demand(script, script.Change(1, ChangeScenarios.Add(3)));
        ulong held = script[1].Core.LastIndex;
        script.Lift(late);
        int delivered = script.DeliverHeld(static frame => frame.Header.From == 3);
        script.Holds(delivered > 0, $"the former life had said nothing");
        script.Throughout(
            100 * Script.Millisecond,
            () => script[1].Core.Peers[script[1].Core.Quorum.PlaceOf(3)].Match == 0,
            "the leader believes nothing of it");
        script.Holds(script[1].Core.Term == term, $"the term has changed: this is not the rejoin bug");
        script.EntriesToAll();
        script.Until(() => script[3].Runtime.Frontiers.Applied >= held, "the new life has the log");

        // It counts now: with it and without the other one the group goes on.
        script[2].Kill();
        _ = script.Commit(1);
        script.Holds(
            script[1].Core.Configuration.Find(3)!.Incarnation == script[3].Incarnation,
            $"the configuration names another life");
        script.UntilEqual();
    }

    /// <summary>A change that is asked where nobody leads is asked again after a while, not at once and for
    /// ever.</summary>
    internal static void AskedWhereNobodyLeads(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 4);
        int asked = 0;
        _ = script.Rule((in FrameHeader header, ReadOnlySpan<byte> _) =>
        {
            asked += Frames.Is(header, MessageType.MemberRequest) ? 1 : 0;
            return FrameFate.Pass;
        });

        // Replica 1 leads no more, and the others have not noticed.
        script.OnlyCandidate(9);
        FrameFilter deaf = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> body) =>
            Frames.TryReadReply(header, body, out _) ? FrameFate.Drop : FrameFate.Pass);
        script.Until(() => !script[1].IsLeader, "replica 1 leaves leadership");
        script.Holds(script[3].Core.Leader == 1, $"replica 3 follows {script[3].Core.Leader}");
        Task<MembershipOutcome> change = script[3].ChangeAsync(ChangeScenarios.Learn(4));
        script.World.RunFor(100 * Script.Millisecond);
        script.Holds(asked is > 0 and < 10, $"in 100 ms it was asked {asked} times");
        script.Lift(deaf);
        script.OnlyCandidate(0);
        script.Until(() => change.IsCompleted, "the next leader decides");
        Demand(script, change.Result);
    }

    /// <summary>S32: a learner counts in no quorum and never leads; it is promoted when it keeps up, not
    /// before.</summary>
    internal static void LearnerCatchesUp(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 5);
        script.EntriesUpTo(4, 0);
        Demand(script, script.Change(1, ChangeScenarios.Learn(4)));
        _ = script.Commit(1);
        _ = script.Commit(1);
        MembershipOutcome lags = script.Change(1, new MembershipChange { Set = [new Member { Replica = 4 }] });
        script.Holds(
            lags.Refusal is { Code: RefusalCode.LearnerLags, First: 4 } && lags.Refusal.Second > 0,
            $"the promotion of one that lags ended as {lags}");
        script.EntriesToAll();
        script.UntilEqual();

        // With the leader alone it commits nothing.
        LearnerDecidesNothing(script);

        // Nobody else campaigns: nobody leads.
        script[1].Kill();
        script.OnlyCandidate(4);
        script.Throughout(3 * Script.Second, () => script.Leaders() == 0, "a learner does not lead");
        script.Free();
        script[1].Start();
        script.UntilLeader();
        script.UntilEqual();
        uint leader = script.World.Leader!.Number;
        Demand(script, script.Change(leader, new MembershipChange { Set = [new Member { Replica = 4 }] }));
        ChangeScenarios.DemandVoters(script, leader, 1, 2, 3, 4);

        // By itself.
        Demand(script, script.Change(leader, ChangeScenarios.Learn(5, isPromoted: true)));
        script.Until(
            () => script.World.Leader?.Core.Configuration.Find(5) is { IsVoter: true }, "5 is promoted by itself");
        script.UntilEqual();
    }

    /// <summary>S33: two with data and a witness survive the loss of one, and never elect an outdated replica or the
    /// witness.</summary>
    internal static void Witness(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 3);
        var witness = new Member { Replica = 3, Kind = MemberKind.Witness };
        Demand(script, script.Change(1, new MembershipChange { Set = [witness] }));
        script.UntilEqual();
        script[3].Kill();
        _ = script.Commit(1);
        script[3].Start();
        script.UntilEqual();

        // The second one with data is down while the first and the witness go on.
        script[2].Kill();
        Receipt only = script.Commit(1);
        script[1].Kill();
        script[2].Start();
        script.OnlyCandidate(0);
        script.Throughout(
            5 * Script.Second,
            () => script.Leaders() == 0,
            "neither the outdated one nor the witness leads");
        script[1].Start();
        script.Until(() => script[1].IsLeader, "the one with the data leads");
        script.Until(
            () => script[2].Runtime.Frontiers.Applied >= only.Coordinate.Index,
            "the outdated one is brought up to date");
        script[1].Kill();
        script.Until(() => script[2].IsLeader, "with all of it, the second one leads by the witness's vote");
        _ = script.Commit(2);
        script.UntilEqual();
    }

    /// <summary>S58: a quorum is lost for good; the survivor is in Recovery mode until an operator begins again with it
    /// alone, in the log as a loss of data, under another life; the lost ones are of no account, and new ones are
    /// added.</summary>
    internal static void ForcedRecovery(ulong seed)
    {
        using Script script = ChangeScenarios.Begun(seed, founders: 3, replicas: 4);
        _ = script.Commit(1);
        script.UntilEqual();
        script.OnlyCandidate(0);
        script[1].PowerCut();
        script[2].PowerCut();
        script.Until(() => script[3].Status.Mode == Mode.Recovery, "the survivor says that it is in Recovery");
        script.Throughout(Script.Second, () => !script[3].IsLeader, "nothing happens without an operator");
        ulong life = script[3].Core.Incarnation;
        ulong term = script[3].Core.Term;
        Task<MembershipOutcome> forced = script[3].ForceRecoverAsync();
        script.Until(() => forced.IsCompleted, "the operator is answered");
        Demand(script, forced.Result);
        ulong epoch = forced.Result.Epoch;
        script.Holds(
            script[3].Group.Members.ForcedEpoch == epoch && script[3].Core.Incarnation != life
                && script[3].Core.Term > term + 1,
            $"life {script[3].Core.Incarnation}, term {script[3].Core.Term}, epoch {epoch}");
        Receipt receipt = script.Commit(3);
        script.Holds(receipt.Coordinate.ConfigEpoch == epoch, $"the receipt names {receipt.Coordinate}");
        life = script[3].Core.Incarnation;
        script.Restart(3);
        script.Until(() => script[3].IsLeader, "it leads again by itself");
        script.Holds(script[3].Core.Incarnation == life, $"a restart has given it another life");

        // One of the lost ones turns up: neither side hears the other.
        term = script[3].Core.Term;
        script[1].Start();
        script.Throughout(
            3 * Script.Second,
            () => script[3].IsLeader && script[3].Core.Term == term && !script[1].IsLeader
                && script[1].Core.Term < Protocol.Raft.ForcedRecovery.TermLeap,
            "the lost one is of no account");
        Demand(script, script.Change(3, ChangeScenarios.Add(4)));
        _ = script.Commit(3);
        script.UntilEqual();
    }

    private static void LearnerDecidesNothing(Script script)
    {
        script[2].Kill();
        script[3].Kill();
        Task<Receipt> receipt = script[1].ProposeAsync(script.World.NextValue());
        script.Until(
            () => script[4].Runtime.Frontiers.Durable == script[1].Core.LastIndex
                && script[1].Core.Frontiers.Durable == script[1].Core.LastIndex
                && script[1].Core.LastIndex > script[1].Core.CommitIndex,
            "leader and learner hold the entry");
        script.Throughout(
            100 * Script.Millisecond, () => !receipt.IsCompleted, "leader and learner are no quorum");

        // And it is not missed: two voters of three are enough.
        script[4].Kill();
        script[2].Start();
        script.Until(() => receipt.IsCompleted && script.World.Leader is not null, "two voters go on");
        script.Elect(1);
        _ = script.Commit(1);
        script[3].Start();
        script[4].Start();
        script.UntilEqual();
    }

    private static void Demand(Script script, MembershipOutcome outcome) =>
        script.Holds(outcome.Outcome == Outcome.Committed, $"the change ended as {outcome}");
}
