using System.Globalization;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>How a repair stands, for people.</summary>
/// <param name="First">First entry that cannot be read; 0 when all can.</param>
/// <param name="Last">Last of the same hole.</param>
/// <param name="Term">Their term.</param>
/// <param name="Holes">How many such ranges there are.</param>
/// <param name="Doubt">What not even the names are known of.</param>
/// <param name="Damaged">Peers that claim them too and cannot read them either.</param>
/// <param name="NeverHad">Peers whose logs hold other entries there, or none.</param>
/// <param name="Trimmed">Peers that have trimmed them: a snapshot holds what they did.</param>
/// <param name="IsStuck">Every peer was asked, and none can give them.</param>
internal readonly record struct RepairStatus(
    ulong First,
    ulong Last,
    ulong Term,
    int Holes,
    Doubt Doubt,
    int Damaged,
    int NeverHad,
    int Trimmed,
    bool IsStuck)
{
    /// <summary>Nothing is missing.</summary>
    internal bool IsWhole => First == 0 && Doubt == Doubt.None;

    internal static RepairStatus Of(RaftState state)
    {
        if (!Claims.IsDamaged(state))
        {
            return default;
        }

        RepairState repair = state.Repair;
        Hole hole = state.Log.Holes.Count > 0 ? state.Log.Holes.Lowest : default;
        return new RepairStatus(
            hole.First,
            hole.Last,
            hole.Term,
            state.Log.Holes.Count,
            repair.Doubt,
            Count(state, RepairVerdict.Damaged),
            Count(state, RepairVerdict.NeverHad),
            Count(state, RepairVerdict.Trimmed),
            hole.First != 0 && RepairAsking.IsExhausted(state));
    }

    public override string ToString()
    {
        if (IsWhole)
        {
            return "the log is whole";
        }

        string lost = First == 0 ? "no entry is known to be lost" : string.Create(
            CultureInfo.InvariantCulture, $"entries {First}..{Last} of term {Term} are damaged here");
        string peers = !IsStuck ? "asking the others" : string.Create(
            CultureInfo.InvariantCulture,
            $"no other replica can give them ({Damaged} lost them too, {NeverHad} never had them, {Trimmed} keep them "
            + $"in a snapshot only)");
        string doubt = (Doubt & Doubt.Vote) != 0 ? "; obeys nobody until every voter has told its term"
            : Doubt != Doubt.None ? "; gives no vote until a leader has confirmed the end of the log"
            : string.Empty;
        return $"{lost}; {peers}{doubt}; this replica votes by what it claims and does not lead";
    }

    private static int Count(RaftState state, RepairVerdict wanted)
    {
        int count = 0;
        foreach (RepairVerdict verdict in state.Repair.Verdicts)
        {
            count += verdict == wanted ? 1 : 0;
        }

        return count;
    }
}
