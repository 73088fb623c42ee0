using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine;

/// <summary>The group's members, and how they change.</summary>
public sealed partial class Group
{
    /// <summary>The members in effect at this replica, as of the last turn: committed or not.</summary>
    public Membership Members
    {
        get
        {
            Configuration configuration = _runtime.Configuration;
            List<Member> members = [];
            foreach (ConfigurationMember row in configuration.Members)
            {
                members.Add(new Member
                {
                    Replica = row.Replica,
                    Kind = row.Kind,
                    Incarnation = row.Incarnation,
                    Priority = row.Priority,
                    Weight = row.Weight,
                    Domain = row.Domain,
                    Address = IPEndPoint.TryParse(row.Address, out IPEndPoint? address) ? address : null,
                    IsPromoted = row.IsPromoted,
                    IsOutgoing = row.IsOutgoingVoter,
                });
            }

            return new Membership(
                configuration.Epoch,
                configuration.IsJoint,
                members,
                configuration.ElectionSize,
                configuration.CommitSize,
                configuration.ForcedEpoch,
                _runtime.View.Read().Status.IsRemoved);
        }
    }

    /// <summary>The formats that the group uses, as of the last turn (<see cref="FeatureLevels"/>): it rises once all
    /// members speak a newer level, and never falls.</summary>
    public int FeatureLevel => _runtime.Configuration.Level;

    /// <summary>Changes the members. At a follower the change is handed to the leader, once.</summary>
    /// <param name="change">What is to be different.</param>
    /// <param name="cancellationToken">Stops the wait, not the change.</param>
    /// <returns>
    /// Committed: the new members decide from now on, and the old ones no more (a change that stays joint: both
    /// do). Refused: without effect, for a named reason. Unknown: not decided in time; look at
    /// <see cref="Members"/> before repeating it, or repeat it with <see cref="MembershipChange.ExpectedEpoch"/>.
    /// </returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public Task<MembershipOutcome> ChangeMembersAsync(
        MembershipChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        MemberChange wanted = new()
        {
            ExpectedEpoch = change.ExpectedEpoch,
            Set = [.. RowsOf(change.Set)],
            Remove = [.. change.Remove],
            ElectionSize = change.ElectionSize,
            CommitSize = change.CommitSize,
            IsExplicit = change.StaysJoint,
            IsLeave = change.Leave,
            MayLag = change.AllowLagging,
        };
        return AskAsync(
            (loop, done) => _runtime.MemberChanges.Add(loop, _runtime, wanted, done), cancellationToken);
    }

    /// <summary>Adds a replica that receives the log and counts in no quorum. Its engine must run, opened to join, so
    /// that this replica or the leader has met it: it names this one as a peer.</summary>
    /// <param name="replica">Its number.</param>
    /// <param name="address">Where its engine listens.</param>
    /// <param name="promote">Makes it a voter by itself, once it has caught up.</param>
    /// <param name="cancellationToken">Stops the wait, not the change.</param>
    /// <inheritdoc cref="ChangeMembersAsync"/>
    public Task<MembershipOutcome> AddLearnerAsync(
        uint replica, IPEndPoint address, bool promote = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        var learner = new Member
        {
            Replica = replica,
            Kind = MemberKind.Learner,
            Address = address,
            IsPromoted = promote,
        };
        return ChangeMembersAsync(new MembershipChange { Set = [learner] }, cancellationToken);
    }

    /// <summary>Makes a learner that has caught up a voter.</summary>
    /// <inheritdoc cref="ChangeMembersAsync"/>
    public Task<MembershipOutcome> PromoteAsync(uint replica, CancellationToken cancellationToken = default) =>
        ChangeMembersAsync(
            new MembershipChange { Set = [new Member { Replica = replica }] }, cancellationToken);

    /// <summary>Removes a replica. Its engine goes on, hears that it is no member, and serves what it has as
    /// Local. A leader hands over first, so that nobody has to notice its silence; where it cannot, within two election
    /// timeouts, it is removed all the same.</summary>
    /// <inheritdoc cref="ChangeMembersAsync"/>
    public async Task<MembershipOutcome> RemoveAsync(uint replica, CancellationToken cancellationToken = default)
    {
        if (Status.Leader == replica)
        {
            TimeSpan patience = 2 * _runtime.EngineOptions.ElectionMax;
            _ = await TransferLeadershipAsync(null, patience, cancellationToken).ConfigureAwait(false);
        }

        var change = new MembershipChange { Remove = [replica] };
        return await ChangeMembersAsync(change, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Begins again with this replica alone, when a quorum is lost for good. What only the lost ones had acknowledged
    /// is lost; the log records that, the config epoch and this replica's incarnation change, and the lost ones are
    /// not heard should they turn up: format them anew and add them. Choose the survivor with the longest log.
    /// </summary>
    /// <param name="acceptDataLoss">Must be true: the caller has understood that acknowledged commands may be
    /// lost.</param>
    /// <param name="cancellationToken">Stops the wait, not the recovery.</param>
    /// <returns>Refused when this replica leads, which takes a quorum, or holds no data as a voter.</returns>
    /// <exception cref="ArgumentException"><paramref name="acceptDataLoss"/> is false.</exception>
    public Task<MembershipOutcome> ForceRecoverAsync(
        bool acceptDataLoss, CancellationToken cancellationToken = default)
    {
        if (!acceptDataLoss)
        {
            throw new ArgumentException(
                "forced recovery may lose acknowledged commands; say so to go on", nameof(acceptDataLoss));
        }

        return AskAsync((loop, done) => _runtime.MemberChanges.Force(loop, _runtime, done), cancellationToken);
    }

    private static IEnumerable<ConfigurationMember> RowsOf(IReadOnlyList<Member> members)
    {
        foreach (Member member in members)
        {
            bool votes = member.Kind is MemberKind.Voter or MemberKind.Witness;
            yield return new ConfigurationMember
            {
                Replica = member.Replica,
                Kind = member.Kind,
                Incarnation = member.Incarnation,
                Priority = member.Priority,
                Weight = votes ? member.Weight : 0,
                Domain = member.Domain,
                Address = member.Address?.ToString() ?? string.Empty,
                IsPromoted = member.IsPromoted,
            };
        }
    }

    private Task<MembershipOutcome> AskAsync(
        Action<EngineLoop, TaskCompletionSource<MembershipOutcome>> start, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var done = new TaskCompletionSource<MembershipOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.AskShard(start, done);
        return done.Task.WaitAsync(cancellationToken);
    }
}
