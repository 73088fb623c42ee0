using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Which configurations the group has had: one for each entry, one committed at each epoch, each safe beside the one
/// before, and none inside a joint one. The other monitors judge a certificate by the configuration that it names.
/// </summary>
/// <remarks>
/// A certificate names an epoch, an index that uncommitted configurations of different terms may share. It means the
/// one in the log of the leader that made it, which does not change within that leader's term.
/// </remarks>
internal sealed class ConfigurationHistory(World world)
{
    /// <summary>By the entry that brought it: index and term. The first one stands in no entry: term 0.</summary>
    private readonly Dictionary<(ulong Epoch, ulong Term), Configuration> _known = [];

    /// <summary>By a leader's term and the epoch in its log.</summary>
    private readonly Dictionary<(ulong Term, ulong Epoch), Configuration> _ofLeaders = [];

    private readonly SortedList<ulong, Configuration> _committed = [];
    private readonly Seen[] _seen = new Seen[world.Options.Replicas + 1];

    /// <summary>The newest one that is committed; <see cref="Configuration.None"/> before the group has
    /// begun.</summary>
    internal Configuration Newest => _committed.Count == 0 ? Configuration.None : _committed.Values[^1];

    /// <summary>The group has agreed on this one.</summary>
    internal bool IsCommitted(ulong epoch) => _committed.ContainsKey(epoch);

    /// <summary>What a certificate of a leader means by an epoch; null when no such leader had one.</summary>
    internal Configuration? Of(ulong term, ulong epoch)
    {
        if (_ofLeaders.TryGetValue((term, epoch), out Configuration? known))
        {
            return known;
        }

        // Appended in the turn at hand, which was not looked at yet; its leader may have stepped down in the same turn.
        foreach (SimulatedReplica replica in world.Replicas)
        {
            bool leads = replica.IsRunning && replica.Core.Role == Role.Leader && replica.Core.Term == term;
            bool isOfTerm = replica.IsRunning && epoch <= replica.Core.LastIndex
                && epoch > replica.Core.Log.BaseIndex && replica.Core.Log.TermAt(epoch) == term;
            known ??= leads || isOfTerm ? replica.Core.Log.Configurations.Find(epoch) : null;
        }

        return known;
    }

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        ConfigurationLog log = core.Log.Configurations;
        ulong leads = core.Role == Role.Leader ? core.Term : 0;
        bool isCommitted = log.Latest.Epoch <= core.CommitIndex;
        var now = new Seen(replica.Life, log.Base, log.Latest, leads, isCommitted);
        if (now == _seen[replica.Number])
        {
            return;
        }

        bool isNew = !ReferenceEquals(_seen[replica.Number].Latest, log.Latest);
        _seen[replica.Number] = now;
        foreach (Configuration configuration in log.All)
        {
            if (configuration.Epoch != 0)
            {
                Note(replica, configuration, leads);
            }
        }

        if (isNew)
        {
            // Who was refused before may be admitted now: the transports try again.
            world.Network.Redial(replica.Number);
            world.Monitors.Members.Adopted(replica, log.Latest);
        }
    }

    /// <summary>Every configuration by which somebody may count from now on: the newest committed one, and later ones
    /// in the logs of replicas, running or not.</summary>
    internal List<Configuration> InPlay()
    {
        Configuration newest = Newest;
        List<Configuration> all = [newest.Epoch == 0 ? Plan() : newest];
        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (replica.Disk.Mishaps.IsHarmed && !replica.IsRunning)
            {
                continue;
            }

            ConfigurationLog log = replica.IsRunning
                ? replica.Core.Log.Configurations
                : replica.ReadMedium().Suffix.Configurations;
            foreach (Configuration later in log.All)
            {
                if (later.Epoch > newest.Epoch && later.Epoch > Configuration.FirstEpoch)
                {
                    all.Add(later);
                }
            }
        }

        return all;
    }

    /// <summary>The members of a configuration whose named lives satisfy a condition, as places.</summary>
    internal ulong PlacesOf(Configuration configuration, Func<SimulatedReplica, ConfigurationMember, bool> holds)
    {
        ulong places = 0;
        for (int i = 0; i < configuration.Members.Length; i++)
        {
            ConfigurationMember member = configuration.Members[i];
            places |= holds(world[member.Replica], member) ? 1UL << i : 0;
        }

        return places;
    }

    /// <summary>The founders, before they have met.</summary>
    private Configuration Plan()
    {
        var rows = new ConfigurationMember[world.Options.Founders ?? world.Options.Replicas];
        for (int i = 0; i < rows.Length; i++)
        {
            uint number = (uint)i + 1;
            rows[i] = new ConfigurationMember { Replica = number, Incarnation = world[number].Incarnation };
        }

        return new Configuration(Configuration.FirstEpoch, rows);
    }

    private void Note(SimulatedReplica replica, Configuration configuration, ulong leads)
    {
        RaftState core = replica.Core;
        ulong epoch = configuration.Epoch;
        ulong term = TermOf(core, epoch);
        bool isFirst = epoch == Configuration.FirstEpoch;
        if ((isFirst || term != 0) && !_known.TryAdd((epoch, term), configuration))
        {
            CheckSame(replica, configuration, _known[(epoch, term)]);
        }

        if (leads != 0)
        {
            _ofLeaders[(leads, epoch)] = configuration;
        }

        if (isFirst || epoch <= core.CommitIndex)
        {
            Commit(replica, configuration);
        }
    }

    private ulong TermOf(RaftState core, ulong epoch) =>
        epoch == Configuration.FirstEpoch ? 0
        : epoch >= core.Log.BaseIndex && epoch <= core.Log.LastIndex ? core.Log.TermAt(epoch)
        : world.Monitors.Prefix.TermAt(epoch);

    private void Commit(SimulatedReplica replica, Configuration configuration)
    {
        Configuration before = Newest;
        if (!_committed.TryAdd(configuration.Epoch, configuration))
        {
            CheckSame(replica, configuration, _committed[configuration.Epoch]);
            return;
        }

        if (configuration.Epoch > before.Epoch && before.Epoch != 0)
        {
            CheckStep(before, configuration);
        }

        world.Monitors.Members.Committed(configuration);
    }

    private void CheckSame(SimulatedReplica replica, Configuration one, Configuration other)
    {
        bool isSame = ReferenceEquals(one, other)
            || ConfigurationBody.ToBytes(one).AsSpan().SequenceEqual(ConfigurationBody.ToBytes(other));
        world.Check(
            Monitor.OneConfiguration,
            isSame,
            $"replica {replica.Number} holds another configuration at epoch {one.Epoch} than was seen there");
    }

    /// <summary>Two that follow each other are safe side by side; a joint one is followed by its own end.</summary>
    private void CheckStep(Configuration before, Configuration after)
    {
        if (after.ForcedEpoch != before.ForcedEpoch)
        {
            // By an operator's word, who has taken the loss on himself.
            return;
        }

        bool isEnd = !before.IsJoint || (!after.IsJoint && HasIncomingOf(before, after));
        world.Check(
            Monitor.NestedJoint,
            isEnd,
            $"joint configuration {before.Epoch} is followed by {after.Epoch}, not its end");
        world.Check(
            Monitor.ConfigurationsMeet,
            !Majorities.MayPart(before, after),
            $"configurations {before.Epoch} and {after.Epoch} have quorums without a common member");
    }

    private static bool HasIncomingOf(Configuration joint, Configuration after)
    {
        foreach (ConfigurationMember member in joint.Members)
        {
            ConfigurationMember? row = after.Find(member.Replica);
            bool isSame = member.Kind == MemberKind.None
                ? row is null
                : row is not null && row.Kind == member.Kind && row.Weight == member.Weight;
            if (!isSame)
            {
                return false;
            }
        }

        return after.Members.Length <= joint.Members.Length;
    }

    private readonly record struct Seen(
        int Life, Configuration? Base, Configuration? Latest, ulong Leads, bool IsCommitted);
}
