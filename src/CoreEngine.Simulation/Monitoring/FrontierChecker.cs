using CoreEngine.Model;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// The boundary lattice at every step: T &lt;= C, D &lt;= E, A &lt;= C &lt;= E. Within a life C, A, T and term never
/// fall, and E and D fall by truncation only, never below C. D of one life is E at the next start.
/// </summary>
internal sealed class FrontierChecker(World world)
{
    private readonly (int Life, ulong Term, FrontierValues Values)[] _seen =
        new (int, ulong, FrontierValues)[world.Options.Replicas + 1];

    /// <returns>True when a tail was truncated since the last look.</returns>
    internal bool Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        FrontierValues now = replica.Runtime.Frontiers.Values;
        (int life, ulong term, FrontierValues before) = _seen[replica.Number];
        _seen[replica.Number] = (replica.Life, core.Term, now);
        ulong taken = replica.Machine.Entries.Count > 0 ? replica.Machine.Entries[^1].Index : 0;
        world.Check(
            Monitor.AppliedCommitted,
            ulong.Max(taken, now.Applied) <= now.Committed,
            $"replica {replica.Number}'s machine was given index {taken}, it stands at {now}");
        world.Check(
            Monitor.BoundaryOrder,
            now.Trimmed <= now.Committed && now.Durable <= now.Appended && now.Committed <= now.Appended,
            $"replica {replica.Number} stands at {now}");
        if (life != replica.Life)
        {
            return false;
        }

        world.Check(
            Monitor.MonotoneBoundaries,
            now.Committed >= before.Committed && now.Applied >= before.Applied && now.Trimmed >= before.Trimmed
            && core.Term >= term,
            $"replica {replica.Number} went from {before} to {now}, term {term} to {core.Term}");
        world.Check(
            Monitor.Truncation,
            now.Appended >= before.Committed && (now.Durable >= before.Durable || now.Durable >= before.Committed
            || before.Committed > before.Durable),
            $"replica {replica.Number} went from {before} to {now}");
        return now.Appended < before.Appended;
    }

    /// <summary>A disk was wiped on purpose: what it held is lost with leave.</summary>
    internal void Wiped(SimulatedReplica replica) => _seen[replica.Number] = default;

    /// <summary>A replica starts again.</summary>
    /// <param name="isInDoubt">Damage has hidden where the log ended, and the replica knows that it has: it gives no
    /// vote.</param>
    /// <param name="isReplaced">A snapshot that had arrived replaces a tail of another branch, which was not committed
    /// (raft.md S38); the log was to say so next.</param>
    internal void Restarted(SimulatedReplica replica, ulong recovered, bool isInDoubt, bool isReplaced)
    {
        FrontierValues before = _seen[replica.Number].Values;
        ulong durable = isReplaced ? ulong.Min(before.Durable, before.Committed) : before.Durable;
        world.Check(
            Monitor.DurableTail,
            recovered >= durable || isInDoubt,
            $"replica {replica.Number} claimed {durable} and recovered {recovered}");
    }
}
