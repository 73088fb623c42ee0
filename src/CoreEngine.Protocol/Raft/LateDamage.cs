using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// Damage that a running replica meets when it reads entries back: they become a hole like one that recovery finds
/// (Protocol-Aware Recovery for Consensus-Based Storage, FAST'18), since index and term still name them.
/// </summary>
/// <remarks>What was acknowledged stays a claim in every vote. A leader leaves: it could not send what it cannot
/// read.</remarks>
internal static class LateDamage
{
    /// <summary>Entries that one finding takes for lost: what lies side by side is mostly lost together, and those
    /// that were sound are fetched in vain.</summary>
    private const ulong HoleEntriesMax = 64;

    /// <summary>An entry of the log cannot be read.</summary>
    /// <param name="first">The entry.</param>
    /// <param name="last">Last of those that were to be read with it.</param>
    /// <returns>False when nobody else can have it: the group must stop.</returns>
    internal static bool TryNote(RaftState state, ulong first, ulong last, Outputs outputs)
    {
        Invariant.Holds(first <= last);
        if (state.IsAlone || state.Self < 0)
        {
            return false;
        }

        LogSuffix log = state.Log;
        bool isGone = first <= log.BaseIndex || first >= log.FirstCached || log.Holes.Touches(first, first);
        if (isGone)
        {
            // Trimmed, truncated or known meanwhile: nobody waits for what stood there.
            return true;
        }

        ulong end = ulong.Min(ulong.Min(last, first + HoleEntriesMax - 1), log.FirstCached - 1);
        end = ulong.Min(end, ulong.Max(first, state.CommitIndex));
        ulong term = log.TermAt(first);
        while (log.TermAt(end) != term || log.Holes.Touches(first, end))
        {
            end--;
        }

        log.Holes.Add(new Hole(first, end, term, 0, IsChecked: false));
        Array.Clear(state.Repair.Verdicts);
        state.Repair.DeadlineNs = state.NowNs;
        Withdraw(state, first, outputs);
        return true;
    }

    /// <summary>What memory still holds needs no peer: copies of it are written at the log's end.</summary>
    /// <returns>The last of them; below <paramref name="first"/> when other copies are being written, or memory does
    /// not hold the first.</returns>
    internal static ulong Rewrite(RaftState state, ulong first, ulong last, Outputs outputs)
    {
        LogSuffix log = state.Log;
        ulong high = ulong.Min(last, log.LastIndex);
        bool mayWrite = state.Repair.CopiesTicket == 0 && first > log.BaseIndex && first <= high
            && !log.Holes.Touches(first, first);

        // What was not staged yet is not on the medium either: it cannot have been found there.
        high = ulong.Min(high, state.Frontiers.Durable);
        if (!mayWrite || first > high)
        {
            return first - 1;
        }

        // One term, as every piece of copies.
        high = log.LastAtMost(high, log.TermAt(first));
        int bytesMax = RepairAsking.CopyBytesMax(state);
        if (!log.TryRange(first, high, state.Options.AppendEntriesMax, bytesMax, out SuffixRange range))
        {
            return first - 1;
        }

        ulong written = range.First + (ulong)range.Count - 1;
        state.Repair.Copies = (first, written);
        state.Repair.CopiesTicket = state.NextTicket++;
        log.KeepCopies(first, written, log.Bytes(range));
        outputs.Write(new PersistItem(
            PersistKind.Copies, state.Repair.CopiesTicket, state.Term, 0, 0, first, written));
        return written;
    }

    private static void Withdraw(RaftState state, ulong first, Outputs outputs)
    {
        if (state.Role == Role.Leader)
        {
            Election.LeaveLeadership(state, new Refusal(RefusalCode.LogDamaged, first), outputs);
        }
        else if (state.Role != Role.Follower)
        {
            state.Role = Role.Follower;
            Election.RestartTimer(state);
        }
    }
}
