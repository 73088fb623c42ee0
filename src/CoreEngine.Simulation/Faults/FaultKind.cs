namespace CoreEngine.Simulation.Faults;

/// <summary>What can be done to a world.</summary>
/// <remarks>
/// The declared contract (<see cref="Model.Contract"/>) promises survival of crashes, of any network and of clocks that
/// go wrong, over disks on which what was synced stays. Kinds that hurt a disk for good are beyond it: they stay within
/// a minority, so that a majority of good copies is left, and what they hurt may stop with a named reason, but never
/// lie.
/// </remarks>
internal enum FaultKind
{
    /// <summary>One process dies; it starts again when the fault ends.</summary>
    Kill,

    /// <summary>One process dies and starts at the same instant.</summary>
    FastRestart,

    /// <summary>The power of one replica fails; it starts again when the fault ends.</summary>
    PowerCut,

    /// <summary>The power of all replicas fails; each starts again after a time of its own.</summary>
    PowerCutAll,

    /// <summary>One replica hears nobody, and nobody hears it.</summary>
    Isolate,

    /// <summary>The replicas fall into two camps; the amount's bit of a replica's number is its camp.</summary>
    Split,

    /// <summary>One direction of one link is dead.</summary>
    OneWay,

    /// <summary>One process stands still.</summary>
    Pause,

    /// <summary>One disk is slow.</summary>
    SlowDisk,

    /// <summary>One disk fails the write or sync that comes after an amount of others; of a minority at a time. An
    /// operator restarts the replica when the fault ends.</summary>
    FailSync,

    /// <summary>One disk has no room for another segment.</summary>
    FullDisk,

    /// <summary>One direction of one link takes longer by an amount of nanoseconds.</summary>
    SlowLink,

    /// <summary>Two camps, by the bits of the amount, hear one replica only and each their own.</summary>
    Bridge,

    /// <summary>Everybody hears one replica, and nobody else.</summary>
    Hub,

    /// <summary>The links of one replica are clogged one by one, and freed one by one in another order (FoundationDB's
    /// swizzle); the amount seeds both orders.</summary>
    Swizzle,

    /// <summary>Every frame takes longer by up to an amount of nanoseconds, so that many overtake others.</summary>
    Scatter,

    /// <summary>An old frame of one link arrives once more.</summary>
    OldFrame,

    /// <summary>One wall clock jumps by an amount of nanoseconds, and back when the fault ends.</summary>
    WallStep,

    /// <summary>One monotonic clock goes wrong by an amount of parts in a million.</summary>
    Drift,

    /// <summary>Some reads of one disk fail.</summary>
    FailRead,

    /// <summary>Bits flip in what one disk holds since long; the amount seeds which. Of a minority for good.</summary>
    BitRot,

    /// <summary>A write is acknowledged and done nowhere, after an amount of others. Of a minority for good.</summary>
    LostWrite,

    /// <summary>A write is acknowledged and done elsewhere in its file. Of a minority for good.</summary>
    MisdirectedWrite,

    /// <summary>One replica dies, its directory is wiped and formatted under the old number. Of a minority.</summary>
    WipeDisk,

    /// <summary>One replica dies and finds another disk, never formatted. Of a minority for good.</summary>
    ReplaceDisk,

    /// <summary>A host asks for another leader: the other replica, or the fittest when none is named; the fault's time
    /// is the deadline.</summary>
    Transfer,

    /// <summary>One replica is stopped in good order, as in a rolling restart, and starts again after the
    /// fault's time.</summary>
    Stop,

    /// <summary>No fault, but a good moment for others: one replica takes a snapshot, and trims.</summary>
    TakeSnapshot,

    /// <summary>No fault either: an operator asks a replica for a change of the members; see
    /// <see cref="MemberOperator"/>. Drawn by <see cref="MemberDrawing"/>.</summary>
    ChangeMembers,
}
