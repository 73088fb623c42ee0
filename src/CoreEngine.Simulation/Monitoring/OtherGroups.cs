using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Recovery;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// The groups beside the one that all monitors watch: every replica takes in the same commands at the same places, each
/// once, and what was acknowledged stands where the receipt says.
/// </summary>
internal sealed class OtherGroups(World world)
{
    private readonly Dictionary<uint, Trunk> _trunks = [];

    /// <summary>Opens them at a replica that starts.</summary>
    internal static IEnumerable<(GroupRuntime Group, JournalMachine Machine)> Open(
        World world, EngineLoop loop, GroupRecovery recovery, GroupOptions options, GroupMembership membership)
    {
        for (uint number = 2; number <= world.Options.Groups; number++)
        {
            var machine = new JournalMachine();
            GroupRuntime other = GroupOpening.Create(
                loop,
                recovery.Find(number),
                new GroupRequest($"other-{number}", machine, options with { Group = number }),
                membership);
            loop.Add(other);
            yield return (other, machine);
        }
    }

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        foreach ((GroupRuntime group, JournalMachine machine) in replica.Others)
        {
            Compare(replica, group.Number, machine);
        }
    }

    /// <summary>A proposal to another group waits for its answer.</summary>
    internal async Task Watch(uint group, ulong value, ValueTask<Receipt> pending)
    {
        Receipt receipt = await pending.ConfigureAwait(false);
        Answered(group, value, receipt);
    }

    private void Answered(uint group, ulong value, in Receipt receipt)
    {
        if (receipt.Outcome == Outcome.Committed)
        {
            // It may have been taken in within this very turn.
            foreach (SimulatedReplica replica in world.Replicas)
            {
                Observe(replica);
            }

            bool stands = TrunkOf(group).Places.TryGetValue(value, out ulong index)
                && index == receipt.Coordinate.Index;
            world.Check(
                Monitor.AcknowledgedStays,
                stands,
                $"group {group}: value {value} was acknowledged at {receipt.Coordinate.Index} and stands at {index}");
        }
    }

    private void Compare(SimulatedReplica replica, uint group, JournalMachine machine)
    {
        Trunk trunk = TrunkOf(group);
        int seen = trunk.Seen.GetValueOrDefault((replica.Number, replica.Life));
        for (; seen < machine.Entries.Count; seen++)
        {
            (ulong index, ulong value) = machine.Entries[seen];
            if (seen == trunk.Entries.Count)
            {
                trunk.Entries.Add((index, value));
                world.Check(
                    Monitor.Once, trunk.Places.TryAdd(value, index), $"group {group}: value {value} is applied twice");
            }

            world.Check(
                Monitor.StateMachineSafety,
                trunk.Entries[seen] == (index, value),
                $"group {group}: replica {replica.Number} has {value} at {index}, others differ");
        }

        trunk.Seen[(replica.Number, replica.Life)] = seen;
    }

    private Trunk TrunkOf(uint group)
    {
        if (!_trunks.TryGetValue(group, out Trunk? trunk))
        {
            trunk = new Trunk();
            _trunks.Add(group, trunk);
        }

        return trunk;
    }

    private sealed class Trunk
    {
        internal List<(ulong Index, ulong Value)> Entries { get; } = [];

        internal Dictionary<ulong, ulong> Places { get; } = [];

        internal Dictionary<(uint Replica, int Life), int> Seen { get; } = [];
    }
}
