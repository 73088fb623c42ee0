namespace CoreEngine.Simulation.Faults;

/// <summary>What can be done to a world. All within the declared contract.</summary>
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
}
