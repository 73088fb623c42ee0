using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Recovery;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// What a replica with a damaged medium may do (raft.md S18, S19): it leads only when it is whole, its machine is given
/// nothing beyond what it can read, and it forgets no claim while it is in no doubt.
/// </summary>
internal sealed class RepairChecker(World world)
{
    private readonly bool[] _damaged = new bool[world.Options.Replicas + 1];
    private readonly int[] _life = new int[world.Options.Replicas + 1];

    /// <summary>Entries that were fetched from peers, by all replicas in all lives.</summary>
    internal long Repaired { get; private set; }

    /// <summary>Replicas that were damaged and became whole.</summary>
    internal long MadeWhole { get; private set; }

    private readonly ulong[] _applied = new ulong[world.Options.Replicas + 1];
    private readonly long[] _repaired = new long[world.Options.Replicas + 1];
    private readonly long[] _scrubbed = new long[world.Options.Replicas + 1];

    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        bool isDamaged = Claims.IsDamaged(core);
        ref bool was = ref _damaged[replica.Number];
        if (_life[replica.Number] != replica.Life)
        {
            _life[replica.Number] = replica.Life;
            _repaired[replica.Number] = 0;
            _scrubbed[replica.Number] = 0;
            _applied[replica.Number] = 0;
            was = false;
        }

        Repaired += core.Repair.Repaired - _repaired[replica.Number];
        _repaired[replica.Number] = core.Repair.Repaired;
        world.Check(
            Monitor.LeadsWhole,
            !isDamaged || core.Role != Role.Leader,
            $"replica {replica.Number} leads term {core.Term}: {replica.Core.Log.Holes.Count} holes");
        ref ulong applied = ref _applied[replica.Number];
        ulong before = applied;
        applied = core.Frontiers.Applied;
        world.Check(
            Monitor.ReadableApplied,
            core.Frontiers.Applied <= before || !core.Log.Holes.Touches(before + 1, core.Frontiers.Applied),
            $"replica {replica.Number} applied {core.Frontiers.Applied}, it can read {core.Log.Holes.ReadableLast}");
        if (was && !isDamaged)
        {
            MadeWhole++;
            world.Monitors.Rare.Sometimes(RareState.MadeWhole);
            ForgiveRot(replica);
        }

        was = isDamaged;
        long scrubbed = replica.Loop!.Counters.DamageRepaired;
        if (scrubbed != _scrubbed[replica.Number])
        {
            _scrubbed[replica.Number] = scrubbed;
            world.Monitors.Rare.Sometimes(RareState.RotScrubbed);
            ForgiveRot(replica);
        }
    }

    /// <summary>A replica has recovered.</summary>
    internal void Restarted(SimulatedReplica replica, RecoveredGroup found)
    {
        RareStates rare = world.Monitors.Rare;
        rare.Sometimes(RareState.OpenedWithClaims, found.Suffix.Holes.Count > 0);
        rare.Sometimes(RareState.OpenedInDoubt, found.Doubt != Doubt.None);
        rare.Sometimes(RareState.OpenedWithoutItsSnapshot, found.LostBase > 0);
    }

    /// <summary>A medium whose every loss was made good is as good as any: it may be hurt again.</summary>
    private static void ForgiveRot(SimulatedReplica replica)
    {
        if (replica.Disk.Mishaps.Harm == DiskHarm.Rotten && replica.IsMediumWhole)
        {
            replica.Disk.Mishaps.Harm = DiskHarm.None;
        }
    }
}
