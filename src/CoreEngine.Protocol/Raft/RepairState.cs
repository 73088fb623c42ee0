using CoreEngine.Model;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>The variables of repair: what is asked for, what others said, what is being written.</summary>
internal sealed class RepairState
{
    /// <summary>What recovery could not find out. Only falls.</summary>
    internal Doubt Doubt { get; set; }

    /// <summary>Numbers the requests of this life; random start, so that answers to an earlier life do not
    /// fit.</summary>
    internal ulong Round { get; set; }

    /// <summary>The first number of this life.</summary>
    internal ulong FirstRound { get; }

    /// <summary>When the next request is due.</summary>
    internal long DeadlineNs { get; set; }

    /// <summary>Whom the last request for entries went to, by place.</summary>
    internal int Target { get; set; }

    /// <summary>What each peer said of the lowest hole, by place.</summary>
    internal RepairVerdict[] Verdicts { get; } = new RepairVerdict[Limits.ReplicasMax];

    /// <summary>Voters that have told their term since the start, by place.</summary>
    internal ulong TermsHeard { get; set; }

    /// <summary>The greatest of them.</summary>
    internal ulong TermMax { get; set; }

    /// <summary>The term whose leader has told where its log ends, and where: see <see cref="RepairAsking"/>.</summary>
    internal ulong SettleTerm { get; set; }

    internal ulong SettleAt { get; set; }

    /// <summary>The write of copies that is under way; 0 for none.</summary>
    internal ulong CopiesTicket { get; set; }

    /// <summary>The entries of that write.</summary>
    internal (ulong First, ulong Last) Copies { get; set; }

    /// <summary>A request of a peer that waits for entries to be read; place -1 for none.</summary>
    internal (int Place, ulong First, ulong Last, ulong Term, ulong Round) Served { get; set; } = (-1, 0, 0, 0, 0);

    /// <summary>Entries that were taken from peers, ever.</summary>
    internal long Repaired { get; set; }

    internal RepairState(Doubt doubt, ulong firstRound)
    {
        Doubt = doubt;
        FirstRound = firstRound;
        Round = firstRound;
    }
}
