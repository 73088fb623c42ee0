using System;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, membership: when members may change, and by whom a change is decided. S23 to S28 and
/// S34.</summary>
internal static class ChangeScenarios
{
    /// <summary>S23, the single-server bug with one add and one remove; see <see cref="AcrossLeaders"/>.</summary>
    internal static void AddAndRemove(ulong seed) => AcrossLeaders(seed, Add(5), Remove(1));

    /// <summary>S24, the single-server bug with two adds.</summary>
    internal static void TwoAdds(ulong seed)
    {
        AcrossLeaders(seed, Add(5), Add(6));
        OneAfterTheOther(seed, Add(5), Add(6));
    }

    /// <summary>S25, the single-server bug with two removes.</summary>
    internal static void TwoRemoves(ulong seed)
    {
        AcrossLeaders(seed, Remove(4), Remove(3));
        OneAfterTheOther(seed, Remove(4), Remove(3));
    }

    /// <summary>S26: neither half of a joint configuration decides alone; with both it is agreed, and ends by
    /// itself.</summary>
    internal static void BothMajorities(ulong seed)
    {
        foreach (uint[] silent in new uint[][] { [2, 3], [4, 5] })
        {
            using Script script = Begun(seed, founders: 3, replicas: 5);
            FrameFilter deaf = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
                Frames.TryReadReply(header, body, out _) && Array.IndexOf(silent, header.From) >= 0
                    ? FrameFate.Hold
                    : FrameFate.Pass);
            Task<MembershipOutcome> change = script[1].ChangeAsync(Add(4, 5) with { Remove = [2, 3] });
            script.Until(() => script[1].Core.Configuration.IsJoint, "the joint configuration is in effect");
            ulong epoch = script[1].Core.ConfigEpoch;
            Task<Receipt> receipt = script[1].ProposeAsync(script.World.NextValue());
            script.Throughout(
                250 * Script.Millisecond,
                () => script[1].Core.CommitIndex < epoch && !receipt.IsCompleted,
                "one half alone decides nothing");
            script.Lift(deaf);
            _ = script.DeliverHeld(static _ => true);
            script.Until(() => change.IsCompleted, "the change is decided", 5 * Script.Second);
            script.Holds(change.Result.Outcome == Outcome.Committed, $"the change ended as {change.Result}");
            script.Until(() => receipt.IsCompleted, "the proposal is decided");
            script.Holds(receipt.Result.Outcome == Outcome.Committed, $"the proposal ended as {receipt.Result}");
            DemandVoters(script, 1, 1, 4, 5);
            script.UntilEqual();
        }
    }

    /// <summary>S26, explicit leave: the joint configuration stays until it is asked to end, and nothing is nested in
    /// it.</summary>
    internal static void ExplicitLeave(ulong seed)
    {
        using Script script = Begun(seed, founders: 3, replicas: 4);
        MembershipOutcome joint = script.Change(1, Add(4) with { StaysJoint = true });
        script.Holds(joint.Outcome == Outcome.Committed, $"the change ended as {joint}");
        script.Throughout(
            2 * Script.Second,
            () => script[1].Core.Configuration.IsJoint && script[1].Core.ConfigEpoch == joint.Epoch,
            "the configuration stays joint");
        _ = script.Commit(2);
        MembershipOutcome nested = script.Change(1, Remove(2));
        script.Holds(nested.Refusal.Code == RefusalCode.ChangeInProgress, $"a nested change ended as {nested}");
        MembershipOutcome left = script.Change(3, new MembershipChange { Leave = true });
        script.Holds(left.Outcome == Outcome.Committed && left.Epoch > joint.Epoch, $"the leave ended as {left}");
        DemandVoters(script, 1, 1, 2, 3, 4);
        MembershipOutcome again = script.Change(1, new MembershipChange { Leave = true });
        script.Holds(again.Refusal.Code == RefusalCode.NotJoint, $"a second leave ended as {again}");
        script.UntilEqual();
    }

    /// <summary>S26: the leader dies inside a joint configuration; the next one ends it.</summary>
    internal static void LeaderDiesInside(ulong seed)
    {
        using Script script = Begun(seed, founders: 3, replicas: 5);
        _ = script[1].ChangeAsync(Add(4, 5) with { Remove = [1] });
        script.Until(() => HoldsJoint(script, 2) && HoldsJoint(script, 4), "others hold the joint configuration");
        script[1].PowerCut();
        script.OnlyCandidate(0);
        script.Until(
            () => script.World.Leader is { } leader && !leader.Core.Configuration.IsJoint
                && leader.Core.ConfigEpoch <= leader.Core.CommitIndex,
            "the next leader ends what the dead one began");
        uint next = script.World.Leader!.Number;
        DemandVoters(script, next, 2, 3, 4, 5);
        _ = script.Commit(next);
        script.UntilEqual();
    }

    /// <summary>S26, S27: the leader dies inside and nobody else holds the joint configuration; it never was, and goes
    /// with its entry where it stands.</summary>
    internal static void NobodyElseHoldsIt(ulong seed)
    {
        using Script script = Begun(seed, founders: 3, replicas: 5);
        script.EntriesOnlyTo();
        _ = script[1].ChangeAsync(Add(4, 5) with { Remove = [1] });
        script.Until(() => script[1].Core.Configuration.IsJoint, "in effect at the append");
        script.UntilSpread(1);
        script[1].PowerCut();
        script.EntriesOnlyTo(2, 3);
        script.Elect(2);
        _ = script.Commit(2);
        script[1].Start();
        script.Holds(script[1].Core.Configuration.IsJoint, $"a restart has lost the configuration that was durable");
        script.EntriesToAll();
        script.UntilEqual();
        foreach (uint replica in new uint[] { 1, 2, 3 })
        {
            script.Holds(
                script[replica].Core.ConfigEpoch == Configuration.FirstEpoch,
                $"replica {replica} counts by configuration {script[replica].Core.ConfigEpoch}");
        }
    }

    /// <summary>S27: replicas that hold the entry of a joint configuration, and do not know it committed, count by it:
    /// the old majority alone elects nobody beside the new one's leader.</summary>
    internal static void InEffectAtAppend(ulong seed)
    {
        using Script script = Begun(seed, founders: 3, replicas: 5);
        _ = script.Rule((in FrameHeader header, ReadOnlySpan<byte> _) =>
        {
            // What comes from the leader once they hold the entry would tell that it is committed.
            bool holdsIt = header.To is 2 or 3 && script[header.To].Core.Log.Configurations.Latest.IsJoint;
            return holdsIt && header.From is 1 or 4 or 5 ? FrameFate.Drop : FrameFate.Pass;
        });
        Task<MembershipOutcome> change = script[1].ChangeAsync(Add(4, 5));
        script.Until(() => change.IsCompleted, "the five agree", 10 * Script.Second);
        script.Holds(change.Result.Outcome == Outcome.Committed, $"the change ended as {change.Result}");
        script.Until(() => HoldsJoint(script, 2) && HoldsJoint(script, 3), "the old ones hold the entry");
        foreach (uint cutOff in new uint[] { 2, 3 })
        {
            foreach (uint other in new uint[] { 1, 4, 5 })
            {
                script.Cut(cutOff, other);
            }
        }

        script.OnlyCandidate(0);
        script.Throughout(
            4 * Script.Second,
            () => !script[2].IsLeader && !script[3].IsLeader,
            "two of the old three elect nobody");
        script.UntilLeader();
        _ = script.Commit(script.World.Leader!.Number);
    }

    /// <summary>S28: a leader that removes itself counts itself no more, tells the others what is committed, and
    /// leaves.</summary>
    internal static void LeaderRemovesItself(ulong seed)
    {
        using Script script = Begun(seed, founders: 3, replicas: 3);
        FrameFilter deaf = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> body) =>
            Frames.TryReadReply(header, body, out _) && header.From == 3 ? FrameFate.Hold : FrameFate.Pass);
        Task<MembershipOutcome> change = script[1].ChangeAsync(Remove(1));
        script.Until(() => script[1].Core.Configuration.Find(1) is null, "in effect at the append");
        ulong epoch = script[1].Core.ConfigEpoch;
        script.Throughout(
            250 * Script.Millisecond,
            () => script[1].Core.CommitIndex < epoch && script[1].IsLeader,
            "one of the two that stay is not enough, with the one that leaves");
        script.Lift(deaf);
        _ = script.DeliverHeld(static _ => true);
        script.Until(() => !script[1].IsLeader, "it leaves", Script.Second);
        script.Holds(script[1].Core.CommitIndex >= epoch, $"it left before the change was committed");
        script.Until(
            () => script[2].Core.CommitIndex >= epoch && script[3].Core.CommitIndex >= epoch,
            "the others know the commit from the one that left",
            50 * Script.Millisecond);
        script.OnlyCandidate(0);
        script.Until(() => script.World.Leader is not null, "one of the two leads", 3 * Script.Second);
        _ = script.Commit(script.World.Leader!.Number);
        script.Until(() => change.IsCompleted, "its host is answered");
        script.Holds(change.Result.Outcome == Outcome.Committed, $"the change ended as {change.Result}");
        script.Throughout(2 * Script.Second, () => !script[1].IsLeader, "who left does not lead");
    }

    /// <summary>S28: two become one, whichever of the two.</summary>
    internal static void TwoBecomeOne(ulong seed)
    {
        foreach (uint removed in new uint[] { 1, 2 })
        {
            using Script script = Begun(seed, founders: 2, replicas: 2);
            Task<MembershipOutcome> change = script[1].ChangeAsync(Remove(removed));
            script.OnlyCandidate(0);
            uint left = 3 - removed;
            script.Until(
                () => script[left].IsLeader && script[left].Core.Configuration.Find(removed) is null,
                "the one that is left leads",
                5 * Script.Second);
            _ = script.Commit(left);
            script.Until(() => change.IsCompleted, "the host is answered");
            script.Holds(change.Result.Outcome == Outcome.Committed, $"the change ended as {change.Result}");
            script[removed].Kill();
            _ = script.Commit(left);
            script.Restart(left);
            _ = script.Commit(left);
        }
    }

    /// <summary>S34: of two operators that have seen the same configuration exactly one wins.</summary>
    internal static void CompareAndSet(ulong seed)
    {
        using Script script = Begun(seed, founders: 3, replicas: 5);
        ulong seen = script[2].Group.Members.Epoch;
        Task<MembershipOutcome> one = script[2].ChangeAsync(Learn(4) with { ExpectedEpoch = seen });
        Task<MembershipOutcome> other = script[3].ChangeAsync(Learn(5) with { ExpectedEpoch = seen });
        script.Until(() => one.IsCompleted && other.IsCompleted, "both are answered");
        bool isOne = one.Result.Outcome == Outcome.Committed;
        script.Holds(
            isOne != (other.Result.Outcome == Outcome.Committed), $"they ended as {one.Result} and {other.Result}");
        MembershipOutcome late = script.Change(1, Learn(5) with { ExpectedEpoch = seen });
        ulong epoch = script[1].Core.ConfigEpoch;
        script.Holds(
            late.Refusal == new Refusal(RefusalCode.ConfigurationChanged, seen, epoch),
            $"a third, who has seen configuration {seen}, ended as {late}");
        MembershipOutcome informed = script.Change(1, Remove(3) with { ExpectedEpoch = epoch });
        script.Holds(informed.Outcome == Outcome.Committed, $"one that has seen the newest ended as {informed}");
    }

    /// <summary>Voters that may lag.</summary>
    internal static MembershipChange Add(params ReadOnlySpan<uint> replicas)
    {
        var members = new Member[replicas.Length];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = new Member { Replica = replicas[i] };
        }

        return new MembershipChange { Set = members, AllowLagging = true };
    }

    internal static MembershipChange Remove(uint replica) => new() { Remove = [replica] };

    internal static MembershipChange Learn(uint replica, bool isPromoted = false) => new()
    {
        Set = [new Member { Replica = replica, Kind = MemberKind.Learner, IsPromoted = isPromoted }],
    };

    /// <summary>The first ones have founded the group, 1 leads, the others wait to be added.</summary>
    internal static Script Begun(ulong seed, int founders, int replicas) =>
        Script.Started(new WorldOptions { Seed = seed, Founders = founders, Replicas = replicas });

    internal static void DemandVoters(Script script, uint at, params ReadOnlySpan<uint> voters)
    {
        string wanted = string.Join(' ', voters.ToArray());
        string found = "";
        foreach (ConfigurationMember member in script[at].Core.Configuration.Members)
        {
            found += member.IsVoter ? $"{(found.Length > 0 ? " " : "")}{member.Replica}" : "";
        }

        script.Holds(
            found == wanted && !script[at].Core.Configuration.IsJoint,
            $"the voters are {found}, not {wanted}");
    }

    /// <summary>
    /// The first leader takes a step that nobody else hears of. The second takes none from the same configuration
    /// before it has committed in its own term; then its change goes through, and the first one never was.
    /// </summary>
    private static void AcrossLeaders(ulong seed, MembershipChange first, MembershipChange second)
    {
        using Script script = Begun(seed, founders: 4, replicas: 6);
        script.EntriesOnlyTo();
        Task<MembershipOutcome> lost = script[1].ChangeAsync(first);
        script.Until(() => script[1].Core.ConfigEpoch > Configuration.FirstEpoch, "in effect at the first leader");
        script.UntilSpread(1);
        script.Elect(2);
        Task<MembershipOutcome> change = script[2].ChangeAsync(second);
        script.Throughout(
            200 * Script.Millisecond,
            () => script[2].IsLeader && script[2].Core.ConfigEpoch == Configuration.FirstEpoch && !change.IsCompleted,
            "nothing is changed before the leader has committed in its term");
        script.EntriesToAll();
        script.Until(() => change.IsCompleted && lost.IsCompleted, "both changes are decided");
        script.Holds(change.Result.Outcome == Outcome.Committed, $"the second leader's ended as {change.Result}");
        script.Holds(lost.Result.Outcome != Outcome.Committed, $"the first leader's ended as {lost.Result}");
        _ = script.Commit(2);
        script.UntilEqual();
    }

    /// <summary>A second change is refused while the first is not committed, and accepted afterwards.</summary>
    private static void OneAfterTheOther(ulong seed, MembershipChange first, MembershipChange second)
    {
        using Script script = Begun(seed, founders: 4, replicas: 6);
        script.EntriesOnlyTo();
        Task<MembershipOutcome> one = script[1].ChangeAsync(first);
        script.Until(() => script[1].Core.ConfigEpoch > Configuration.FirstEpoch, "the first is in effect");
        ulong epoch = script[1].Core.ConfigEpoch;
        MembershipOutcome early = script.Change(1, second);
        script.Holds(
            early.Refusal == new Refusal(RefusalCode.ChangeInProgress, epoch), $"the second ended as {early}");
        script.EntriesToAll();
        script.Until(() => one.IsCompleted, "the first is decided");
        script.Holds(one.Result.Outcome == Outcome.Committed, $"the first ended as {one.Result}");
        MembershipOutcome late = script.Change(1, second);
        script.Holds(late.Outcome == Outcome.Committed, $"asked again the second ended as {late}");
        script.UntilEqual();
    }

    private static bool HoldsJoint(Script script, uint replica) =>
        script[replica].Core.Configuration is { IsJoint: true } joint
        && script[replica].Runtime.Frontiers.Durable >= joint.Epoch;
}
