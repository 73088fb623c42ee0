using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Raft;

/// <summary>What a Raft core is told once. Times are nanoseconds.</summary>
internal sealed record RaftOptions
{
    private const long NsPerMs = 1_000_000;

    /// <summary>The group's number.</summary>
    internal required uint Group { get; init; }

    /// <summary>This replica.</summary>
    internal required uint Replica { get; init; }

    /// <summary>The group's first configuration, where the log holds no newer one; <see cref="Configuration.None"/>
    /// for who waits to hear of it.</summary>
    internal required Configuration First { get; init; }

    /// <summary>What the first configuration is to be, without incarnations, where <see cref="First"/> is None: this
    /// replica founds the group together with the others named. Null: it waits until it is added.</summary>
    internal Configuration? Founders { get; init; }

    /// <summary>The newest formats that this replica speaks: <see cref="FeatureLevels"/>.</summary>
    internal int Level { get; init; } = FeatureLevels.Newest;

    /// <summary>Of the random timeouts. Must differ between replicas and between starts of one replica.</summary>
    internal required ulong Seed { get; init; }

    /// <summary>Fingerprint of the contract under which quorums are counted; not 0, the same on all replicas.</summary>
    internal required ulong Contract { get; init; }

    /// <summary>This replica's incarnation, from its superblock; not 0.</summary>
    internal required ulong Incarnation { get; init; }

    internal long HeartbeatNs { get; init; } = 50 * NsPerMs;

    internal long ElectionMinNs { get; init; } = 300 * NsPerMs;

    internal long ElectionMaxNs { get; init; } = 600 * NsPerMs;

    /// <summary>After this a leader whose medium completes nothing, or has no room, gives way. At least
    /// <see cref="ElectionMaxNs"/>; 0, the default, stands for twice that.</summary>
    internal long StallNs
    {
        get => field == 0 ? 2 * ElectionMaxNs : field;
        init;
    }

    /// <summary>A leader whose writes take so many times longer than its peers' gives way; 0: speed is neither measured
    /// nor told.</summary>
    internal int SlowFlushFactor { get; init; } = 100;

    /// <summary>How long a risen C may wait for entries that tell it to the followers, before an empty message does.
    /// 0: the next tick.</summary>
    internal long NoticeDelayNs { get; init; }

    /// <summary>How long an entry serves as a lease; 0: there are none. The same on all replicas: it is part of the
    /// contract.</summary>
    internal long LeaseNs { get; init; }

    /// <summary>How far clocks may be wrong about a lease's duration. Part of the contract.</summary>
    internal ClockBound Clock { get; init; } = ClockBound.Default;

    /// <summary>After this an idle leader appends an empty entry, to close time; 0: never.</summary>
    internal long CloseTargetNs { get; init; }

    /// <summary>A group in which nothing happens for so long sends no more heartbeats; 0, the default, never.</summary>
    internal long QuiesceAfterNs { get; init; }

    internal int UncommittedBytesMax { get; init; } = Limits.UncommittedBytesMax;

    internal int UncommittedEntriesMax { get; init; } = Limits.UncommittedEntriesMax;

    internal int InflightBytesMax { get; init; } = Limits.InflightBytesMax;

    internal int InflightMessagesMax { get; init; } = Limits.InflightMessagesMax;

    internal int AppendEntriesMax { get; init; } = Limits.AppendEntriesMax;

    internal int AppendBytesMax { get; init; } = Limits.AppendBytesMax;

    /// <summary>Linearizable reads that may wait at a time: own ones, and as leader those of others.</summary>
    internal int ReadsMax { get; init; } = 16 * 1024;

    /// <summary>Asserts what the values must satisfy together. Called once, when a core is made.</summary>
    internal void Verify()
    {
        Invariant.Holds(Replica != 0);
        Invariant.Holds(Contract != 0);
        Invariant.Holds(Level is >= FeatureLevels.Oldest and <= FeatureLevels.Newest);
        Invariant.Holds(Incarnation != 0);
        Invariant.Holds(HeartbeatNs > 0);
        Invariant.Holds(HeartbeatNs * 2 <= ElectionMinNs);
        Invariant.Holds(NoticeDelayNs >= 0);
        Invariant.Holds(NoticeDelayNs <= HeartbeatNs);
        Invariant.Holds(ElectionMinNs < ElectionMaxNs);
        Invariant.Holds(ElectionMaxNs <= StallNs);
        Invariant.Holds(AppendEntriesMax is > 0 and <= Limits.AppendEntriesMax);
        Invariant.Holds(AppendBytesMax is > 0 and <= Limits.AppendBytesMax);
        Invariant.Holds(QuiesceAfterNs >= 0);
        Invariant.Holds(InflightMessagesMax > 0);
        Invariant.Holds(InflightBytesMax > 0);
        Invariant.Holds(ReadsMax > 0);
        Invariant.Holds(SlowFlushFactor >= 0);
        Invariant.Holds(LeaseNs >= 0);
        Invariant.Holds(Clock.IsSound);
        Invariant.Holds(CloseTargetNs >= 0);
    }
}

/// <summary>What a replica once promised, as recovery read it from the log.</summary>
/// <param name="Term">Of the last hard state record; 0 for a new group.</param>
/// <param name="Vote">Whom it voted for in that term; 0 for nobody.</param>
/// <param name="Commit">The commit index in that record: a floor that no leader may truncate.</param>
/// <param name="Log">Filled with every entry on the medium, truncations done.</param>
/// <param name="Doubt">What damage has hidden.</param>
internal readonly record struct RaftRecovery(
    ulong Term, uint Vote, ulong Commit, LogSuffix Log, Doubt Doubt = Doubt.None)
{
    /// <summary>Proves the snapshot that the log stands on, and names the log's base; default when there is
    /// none.</summary>
    internal TrimCertificate Base { get; init; }
}
