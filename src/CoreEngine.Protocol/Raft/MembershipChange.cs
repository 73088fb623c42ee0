using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Quorums;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>Changes the members of a group (Raft thesis, chapter 4): in one step where every quorum of the one
/// configuration meets every quorum of the other, else through a joint one.</summary>
/// <remarks>Cold: allocates. One change at a time, and none before the leader has committed in its own term: else two
/// leaders could each take a step from the same configuration, and their majorities need not meet (raft.md S23 to
/// S25).</remarks>
internal static class MembershipChange
{
    /// <summary>A request of an operator, at the leader.</summary>
    internal static ChangeResult Propose(RaftState state, MemberChange change, Outputs outputs)
    {
        Refusal refusal = Judge(state, change);
        if (refusal.Code != RefusalCode.None)
        {
            return new ChangeResult(0, 0, refusal);
        }

        Configuration next;
        if (change.IsLeave)
        {
            next = Leave(state.Configuration, state.LastIndex + 1);
        }
        else if (!TryPlan(state, change, out next, out refusal))
        {
            return new ChangeResult(0, 0, refusal);
        }

        return TryAppend(state, next, outputs)
            ? new ChangeResult(next.Epoch, state.Term, default)
            : new ChangeResult(0, 0, new Refusal(RefusalCode.UncommittedFull));
    }

    /// <summary>What follows from a commit, or from time: a joint configuration that ends by itself, a level that all
    /// speak, a learner that is promoted by itself, a leader that is no voter any more.</summary>
    /// <returns>True when this replica leads no more.</returns>
    internal static bool Advance(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (!IsSettled(state))
        {
            return false;
        }

        if (state.Configuration.IsJoint)
        {
            if (state.Configuration.IsAutomatic)
            {
                TryAppend(state, Leave(state.Configuration, state.LastIndex + 1), outputs);
            }

            return false;
        }

        if (!ConfigurationRule.MayCampaign(state))
        {
            // The others learn first that the change is committed: it may be them who lead next (raft.md S28).
            Replication.Heartbeat(state, outputs);
            Election.LeaveLeadership(state, new Refusal(RefusalCode.NotLeader), outputs);
            return true;
        }

        int level = LevelRule.Reachable(state);
        if (level > state.Configuration.Level)
        {
            TryAppend(state, state.Configuration.At(state.LastIndex + 1, level), outputs);
            return false;
        }

        int ready = CatchUp.FindReady(state);
        if (ready >= 0)
        {
            ConfigurationMember learner = state.Configuration.Members[ready];
            var promotion = new MemberChange
            {
                Set = [learner with { Kind = MemberKind.Voter, Weight = 1, IsPromoted = false }],
            };
            Propose(state, promotion, outputs);
        }

        return false;
    }

    /// <summary>The newest configuration is committed, and in our own term something is: the next may come.</summary>
    private static bool IsSettled(RaftState state) =>
        state.IsAnchored && state.Configuration.Epoch <= state.CommitIndex;

    private static Refusal Judge(RaftState state, MemberChange change)
    {
        if (state.Role != Role.Leader)
        {
            return state.Leader == 0
                ? new Refusal(RefusalCode.NoLeader)
                : new Refusal(RefusalCode.NotLeader, state.Leader);
        }

        if (!state.IsAnchored)
        {
            return new Refusal(RefusalCode.NoAnchor);
        }

        bool isUnderWay = state.Configuration.Epoch > state.CommitIndex
            || (state.Configuration.IsJoint && !change.IsLeave);
        if (isUnderWay)
        {
            return new Refusal(RefusalCode.ChangeInProgress, state.ConfigEpoch);
        }

        if (change.ExpectedEpoch != 0 && change.ExpectedEpoch != state.ConfigEpoch)
        {
            return new Refusal(RefusalCode.ConfigurationChanged, change.ExpectedEpoch, state.ConfigEpoch);
        }

        return change.IsLeave && !state.Configuration.IsJoint
            ? new Refusal(RefusalCode.NotJoint, state.ConfigEpoch)
            : default;
    }

    private static bool TryPlan(RaftState state, MemberChange change, out Configuration next, out Refusal refusal)
    {
        next = Configuration.None;
        var target = new SortedDictionary<uint, ConfigurationMember>();
        foreach (ConfigurationMember member in state.Configuration.Members)
        {
            target.Add(member.Replica, member);
        }

        refusal = Remove(target, change);
        foreach (ConfigurationMember wanted in change.Set)
        {
            refusal = refusal.Code == RefusalCode.None ? Set(state, target, wanted, change.MayLag) : refusal;
        }

        if (refusal.Code != RefusalCode.None)
        {
            return false;
        }

        var members = new ConfigurationMember[target.Count];
        target.Values.CopyTo(members, 0);
        if (members.Length > Limits.ReplicasMax || !Array.Exists(members, static m => m.Kind == MemberKind.Voter))
        {
            refusal = new Refusal(RefusalCode.NobodyCouldLead, (ulong)members.Length, Limits.ReplicasMax);
            return false;
        }

        var simple = new Configuration(state.LastIndex + 1, members)
        {
            Level = state.Configuration.Level,
            ForcedEpoch = state.Configuration.ForcedEpoch,
            ElectionSize = change.ElectionSize ?? state.Configuration.ElectionSize,
            CommitSize = change.CommitSize ?? state.Configuration.CommitSize,
        };
        refusal = ConfigurationCheck.Judge(simple);
        Configuration joint = Joint(state.Configuration, simple, change);
        next = !change.IsExplicit && QuorumSystem.IsOneStep(joint) ? simple : joint;
        if (next.Members.Length > Limits.ReplicasMax)
        {
            refusal = new Refusal(RefusalCode.NobodyCouldLead, (ulong)next.Members.Length, Limits.ReplicasMax);
        }

        return refusal.Code == RefusalCode.None;
    }

    private static Refusal Remove(SortedDictionary<uint, ConfigurationMember> target, MemberChange change)
    {
        foreach (uint replica in change.Remove)
        {
            if (!target.Remove(replica))
            {
                return new Refusal(RefusalCode.NoSuchMember, replica);
            }
        }

        return default;
    }

    private static Refusal Set(
        RaftState state,
        SortedDictionary<uint, ConfigurationMember> target,
        ConfigurationMember wanted,
        bool mayLag)
    {
        bool isKnown = target.TryGetValue(wanted.Replica, out ConfigurationMember? before);
        if (!ConfigurationCheck.IsSound(wanted))
        {
            return new Refusal(RefusalCode.MemberInvalid, wanted.Replica, wanted.Weight);
        }

        if (!IsLife(wanted, before))
        {
            return new Refusal(RefusalCode.AnotherIncarnation, wanted.Replica, before?.Incarnation ?? 0);
        }

        bool isNewVoter = wanted.IsVoter && !(isKnown && before!.IsVoter);
        if (isNewVoter && !mayLag && !CatchUp.IsReady(state, wanted.Replica))
        {
            return new Refusal(RefusalCode.LearnerLags, wanted.Replica, CatchUp.LagOf(state, wanted.Replica));
        }

        target[wanted.Replica] = wanted with
        {
            OutgoingKind = MemberKind.None,
            OutgoingWeight = 0,
            IsPromoted = wanted.IsPromoted && wanted.Kind == MemberKind.Learner,
            Incarnation = isKnown ? before!.Incarnation : wanted.Incarnation,
            Address = isKnown && wanted.Address.Length == 0 ? before!.Address : wanted.Address,
        };
        return default;
    }

    /// <summary>One number, one life: who is new has a known one, and whose disk was replaced is removed first, and
    /// comes back as somebody new.</summary>
    private static bool IsLife(ConfigurationMember wanted, ConfigurationMember? before) => before is null
        ? wanted.Incarnation != 0
        : wanted.Incarnation == 0 || wanted.Incarnation == before.Incarnation;

    /// <summary>Both at once: the members of the next, each with its part in the one before, and those who
    /// leave.</summary>
    private static Configuration Joint(Configuration before, Configuration after, MemberChange change)
    {
        List<ConfigurationMember> members = [];
        foreach (ConfigurationMember member in after.Members)
        {
            ConfigurationMember? old = before.Find(member.Replica);
            members.Add(old is { IsVoter: true }
                ? member with { OutgoingKind = old.Kind, OutgoingWeight = old.Weight }
                : member);
        }

        foreach (ConfigurationMember old in before.Members)
        {
            if (old.IsVoter && after.Find(old.Replica) is null)
            {
                members.Add(old with
                {
                    Kind = MemberKind.None,
                    Weight = 0,
                    OutgoingKind = old.Kind,
                    OutgoingWeight = old.Weight,
                });
            }
        }

        return new Configuration(after.Epoch, [.. members])
        {
            IsAutomatic = !change.IsExplicit,
            Level = after.Level,
            ForcedEpoch = after.ForcedEpoch,
            ElectionSize = after.ElectionSize,
            CommitSize = after.CommitSize,
            OutgoingElectionSize = before.ElectionSize,
            OutgoingCommitSize = before.CommitSize,
        };
    }

    private static Configuration Leave(Configuration joint, ulong epoch)
    {
        Invariant.Holds(joint.IsJoint);
        List<ConfigurationMember> members = [];
        foreach (ConfigurationMember member in joint.Members)
        {
            if (member.Kind != MemberKind.None)
            {
                members.Add(member with { OutgoingKind = MemberKind.None, OutgoingWeight = 0 });
            }
        }

        return new Configuration(epoch, [.. members])
        {
            Level = joint.Level,
            ForcedEpoch = joint.ForcedEpoch,
            ElectionSize = joint.ElectionSize,
            CommitSize = joint.CommitSize,
        };
    }

    private static bool TryAppend(RaftState state, Configuration next, Outputs outputs)
    {
        byte[] payload = ConfigurationBody.ToBytes(next);
        if (!state.Log.Append(
            state.Term,
            state.Clock.Next(state.WallNs),
            EntryFlags.Configuration,
            default,
            payload))
        {
            return false;
        }

        Invariant.Holds(next.Epoch == state.LastIndex);
        ConfigurationRule.Follow(state);
        Durability.WriteEntries(state, next.Epoch, outputs);
        Replication.PumpAll(state, outputs);
        Replication.AdvanceCommit(state, outputs);
        return true;
    }
}
