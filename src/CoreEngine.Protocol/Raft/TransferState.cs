namespace CoreEngine.Protocol.Raft;

/// <summary>A change of leaders that was asked for and has not ended; at most one at a replica.</summary>
internal sealed class TransferState
{
    /// <summary>One is under way. The other fields mean something only then, but for the barrier's.</summary>
    internal bool IsOpen;

    /// <summary>By what our host knows it; 0 when another replica asked, or we ourselves.</summary>
    internal ulong Id;

    /// <summary>Which replica asked, and by what it knows it; 0: our host.</summary>
    internal uint Asker;
    internal ulong AskerId;

    /// <summary>Who was asked for; 0: anybody else.</summary>
    internal uint Wanted;

    /// <summary>Leader: whom we try to make lead.</summary>
    internal uint Target;

    /// <summary>Who led when it was asked, and in which term.</summary>
    internal uint From;
    internal ulong Term;

    /// <summary>Then it ends without success.</summary>
    internal long DeadlineNs;
    internal long WithinNs;

    /// <summary>Leader: then proposals wait at the latest, so that a target under load can catch up.</summary>
    internal long HoldNs;

    /// <summary>Leader: nothing new enters the log.</summary>
    internal bool IsHolding;

    /// <summary>Leader: TimeoutNow left, and is repeated from then on.</summary>
    internal bool IsSent;
    internal long ResendNs;

    /// <summary>TimeoutNow left in this term with the log's end here: until an entry behind it is committed, its
    /// receiver may win without anybody's patience. 0: never.</summary>
    internal ulong BarrierIndex;
    internal ulong BarrierTerm;
}
