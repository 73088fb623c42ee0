using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// A leader whose medium works, but far slower than its peers', hands leadership over: a gray failure that no timeout
/// sees (raft.md S20; Huang and others, Gray Failure, 2017).
/// </summary>
/// <remarks>
/// Followers say in their acknowledgements how long their writes take. The leader compares itself with the slower half
/// of them, so that it stays when its place would not be better filled: with two slow replicas of three every commit
/// waits for a slow one, whoever leads. Patience doubles with every attempt and is new when the medium has recovered:
/// no ping-pong.
/// </remarks>
internal static class SlowFlush
{
    private const int PatienceFactorMax = 64;

    /// <summary>Looks, and begins to hand over when the medium was too slow for too long.</summary>
    internal static void TryYield(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        uint own = state.Flush.MedianMicros;
        if (state.Options.SlowFlushFactor == 0 || own == 0 || state.Transfer.IsOpen)
        {
            return;
        }

        ulong peers = SlowerHalfMicros(state);
        ulong bound = (ulong)state.Options.SlowFlushFactor * peers;
        bool isSlow = peers > 0 && own >= bound && own * 1000L >= state.Options.HeartbeatNs / 5;
        if (isSlow)
        {
            YieldIfProven(state, outputs);
        }
        else if (own < bound / 2 || peers == 0)
        {
            // Twice as fast before it counts as well: a medium on the verge does not begin anew each time.
            state.SlowSinceNs = 0;
            state.SlowPatienceNs = state.Options.StallNs;
        }
    }

    private static void YieldIfProven(RaftState state, Outputs outputs)
    {
        if (state.SlowSinceNs == 0)
        {
            state.SlowSinceNs = state.NowNs;
            state.SlowSinceCount = state.Flush.Count;
            return;
        }

        bool isProven = state.NowNs - state.SlowSinceNs >= state.SlowPatienceNs
            && state.Flush.Count - state.SlowSinceCount >= FlushMeter.SamplesMin;
        if (!isProven)
        {
            return;
        }

        state.SlowSinceNs = 0;
        state.SlowPatienceNs = long.Min(2 * state.SlowPatienceNs, PatienceFactorMax * state.Options.StallNs);
        uint target = LeaderTransfer.Fittest(state);
        int place = target == 0 ? -1 : state.Quorum.PlaceOf(target);
        uint flush = place < 0 ? 0 : state.Peers[place].FlushMicros;
        if (flush != 0 && state.Flush.MedianMicros >= (ulong)state.Options.SlowFlushFactor * flush)
        {
            _ = LeaderTransfer.TryBegin(state, target, state.Options.ElectionMaxNs, outputs);
        }
    }

    /// <summary>The fastest of the slower half of the peers; 0 unless most of them are heard and have said
    /// it.</summary>
    private static ulong SlowerHalfMicros(RaftState state)
    {
        Span<uint> known = stackalloc uint[Limits.ReplicasMax];
        int count = 0;
        int peers = 0;
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            if (i == state.Self || !LeaderTransfer.MayLead(state, i))
            {
                continue;
            }

            peers++;
            bool isHeard = state.NowNs - state.Peers[i].ContactNs < state.Options.ElectionMinNs;
            if (isHeard && state.Peers[i].FlushMicros != 0)
            {
                known[count++] = state.Peers[i].FlushMicros;
            }
        }

        if (count == 0 || count * 2 <= peers)
        {
            return 0;
        }

        known = known[..count];
        known.Sort();
        return known[count / 2];
    }
}
