using System.Collections.Generic;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation;

/// <summary>
/// Who is healed after the faults: a random set of sound members that decides in every configuration by which somebody
/// may count, and in which somebody can be elected.
/// </summary>
internal sealed class HealedCore
{
    /// <summary>Orders in which it is tried: who was taken first may not hear the others.</summary>
    private const int TriesMax = 16;

    private readonly World _world;
    private readonly List<Configuration> _inPlay;
    private readonly bool[] _core;
    private readonly bool[] _candidates;
    private readonly ulong[] _heard;

    private HealedCore(World world)
    {
        _world = world;
        _inPlay = world.Monitors.Configurations.InPlay();
        _core = new bool[world.Options.Replicas + 1];
        _candidates = new bool[world.Options.Replicas + 1];
        _heard = new ulong[world.Options.Replicas + 1];
        foreach (Configuration configuration in _inPlay.ToArray())
        {
            _inPlay.Add(Promoted(configuration));
        }

        foreach (SimulatedReplica replica in world.Replicas)
        {
            _candidates[replica.Number] = _inPlay.Exists(configuration =>
                configuration.Find(replica.Number) is { } row
                && (row.IsVoter || row.IsOutgoingVoter)
                && !IsLost(replica, row));
        }

        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (_candidates[replica.Number])
            {
                _heard[replica.Number] = HeardBy(replica);
            }
        }
    }

    /// <summary>The configuration does not count on this disk: it was harmed, or is another one than was
    /// named.</summary>
    internal static bool IsLost(SimulatedReplica replica, ConfigurationMember row) =>
        replica.Disk.Mishaps.IsHarmed || (row.Incarnation != 0 && row.Incarnation != replica.Incarnation);

    /// <summary>All who vote or may soon, when none of them is lost; null when one is.</summary>
    internal static bool[]? All(World world)
    {
        var all = new HealedCore(world);
        foreach (Configuration configuration in all._inPlay)
        {
            foreach (ConfigurationMember row in configuration.Members)
            {
                if ((row.IsVoter || row.IsOutgoingVoter) && IsLost(world[row.Replica], row))
                {
                    return null;
                }
            }
        }

        // A half of a joint configuration may need a witness that no voter with data can follow.
        all._candidates.CopyTo(all._core, 0);
        return all.IsEnough() && all.DoAllHearEachOther() ? all._candidates : null;
    }

    /// <summary>Draws one.</summary>
    /// <param name="chance">Decides.</param>
    /// <param name="leftOut">Stays out when the others are enough; 0: nobody.</param>
    /// <param name="planned">Are in it.</param>
    /// <returns>By number; null when no such set is sound: the contract has been left, the group may
    /// stop.</returns>
    internal static bool[]? Draw(World world, Prng chance, uint leftOut, IReadOnlyList<uint> planned)
    {
        var drawn = new HealedCore(world);
        foreach (uint replica in planned)
        {
            drawn._core[replica] = drawn._candidates[replica];
        }

        bool mayLeaveOut = leftOut != 0 && drawn._candidates[leftOut] && !drawn._core[leftOut];
        if (mayLeaveOut)
        {
            drawn._candidates[leftOut] = false;
        }

        bool[] begun = [.. drawn._core];
        for (int i = 0; i < TriesMax && !drawn.IsEnough(); i++)
        {
            if (mayLeaveOut && i == TriesMax / 2)
            {
                drawn._candidates[leftOut] = true;
            }

            begun.CopyTo(drawn._core, 0);
            drawn.Fill(chance);
        }

        return drawn.IsEnough() ? drawn._core : null;
    }

    private void Fill(Prng chance)
    {
        while (!IsEnough() && !IsExhausted())
        {
            long replica = chance.Between(1, _core.Length);
            _core[replica] |= _candidates[replica] && HearsAll((uint)replica);
        }
    }

    private bool IsExhausted()
    {
        bool any = false;
        for (uint i = 1; i < _core.Length; i++)
        {
            any |= _candidates[i] && !_core[i] && HearsAll(i);
        }

        return !any;
    }

    /// <summary>
    /// Nobody in the core takes it for another life than it has met, and it takes nobody for one. A member that was
    /// away while another one was replaced does not hear the replaced one before some leader that it knows has told it:
    /// a limit of the engine, which no restart and no patience heals.
    /// </summary>
    private bool HearsAll(uint replica)
    {
        bool hears = true;
        for (uint other = 1; other < _core.Length; other++)
        {
            bool isMet = other == replica || !_core[other]
                || (((_heard[replica] >> (int)other) & 1) != 0 && ((_heard[other] >> (int)replica) & 1) != 0);
            hears &= isMet;
        }

        return hears;
    }

    private bool DoAllHearEachOther()
    {
        bool all = true;
        for (uint replica = 1; replica < _core.Length; replica++)
        {
            all &= !_core[replica] || HearsAll(replica);
        }

        return all;
    }

    private ulong HeardBy(SimulatedReplica replica)
    {
        PeerMemory met = replica.PeersMet;
        ulong heard = 0;
        foreach (SimulatedReplica other in _world.Replicas)
        {
            bool isHeard = !met.IsSilenced(other.Number) && met.Admits(other.Number, other.Incarnation);
            heard |= isHeard ? 1UL << (int)other.Number : 0;
        }

        return heard;
    }

    /// <summary>A learner that waits for its promotion may get it at any moment.</summary>
    private Configuration Promoted(Configuration configuration)
    {
        ConfigurationMember[] rows = configuration.Members.ToArray();
        for (int i = 0; i < rows.Length; i++)
        {
            bool isSoon = rows[i].IsPromoted && !IsLost(_world[rows[i].Replica], rows[i]);
            rows[i] = isSoon ? rows[i] with { Kind = MemberKind.Voter, Weight = 1, IsPromoted = false } : rows[i];
        }

        return new Configuration(configuration.Epoch, rows)
        {
            IsAutomatic = configuration.IsAutomatic,
            ForcedEpoch = configuration.ForcedEpoch,
        };
    }

    private bool IsEnough()
    {
        foreach (Configuration configuration in _inPlay)
        {
            if (!Majorities.GoOn(configuration, PlacesOf(configuration, ulong.MaxValue, ulong.MaxValue)))
            {
                return false;
            }
        }

        foreach (SimulatedReplica replica in _world.Replicas)
        {
            if (_core[replica.Number] && MayBeElected(replica))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>It holds data in every configuration, and those whose logs are not ahead of its own elect it: a witness
    /// that alone holds the newest entries elects nobody (raft.md S33).</summary>
    private bool MayBeElected(SimulatedReplica replica)
    {
        (ulong term, ulong index) = LastOf(replica);
        foreach (Configuration configuration in _inPlay)
        {
            bool mayLead = configuration.Find(replica.Number) is { MayLead: true };
            if (!mayLead || !Majorities.Elect(configuration, PlacesOf(configuration, term, index)))
            {
                return false;
            }
        }

        return true;
    }

    private ulong PlacesOf(Configuration configuration, ulong term, ulong index) =>
        _world.Monitors.Configurations.PlacesOf(configuration, (replica, row) =>
            _core[replica.Number] && !IsLost(replica, row) && LastOf(replica).CompareTo((term, index)) <= 0);

    private static (ulong Term, ulong Index) LastOf(SimulatedReplica replica)
    {
        LogSuffix log = replica.IsSound ? replica.Core.Log : replica.ReadMedium().Suffix;
        return (log.LastTerm, log.LastIndex);
    }
}
