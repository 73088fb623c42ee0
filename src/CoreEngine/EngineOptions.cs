using System;
using System.Collections.Generic;
using System.Net;
using CoreEngine.Diagnostics;
using CoreEngine.Model;
using CoreEngine.Protocol.Raft;

namespace CoreEngine;

/// <summary>Another replica of the cluster and where it listens.</summary>
/// <param name="Replica">Its number, unique in the cluster, from 1.</param>
/// <param name="Address">Where its engine listens for replicas.</param>
public sealed record Peer(uint Replica, IPEndPoint Address);

/// <summary>
/// What an engine needs to open. Immutable; checked by <see cref="Engine.OpenAsync"/>, which names a setting that
/// makes no sense.
/// </summary>
public sealed record EngineOptions
{
    /// <summary>This replica's number, as the directory was formatted with.</summary>
    public required uint Replica { get; init; }

    /// <summary>The data directory. It must have been formatted; it belongs to one engine at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Where this engine listens for other replicas. Plaintext is refused off loopback.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The other replicas. Empty for a cluster of one.</summary>
    public IReadOnlyList<Peer> Peers { get; init; } = [];

    /// <summary>
    /// False, the default: this replica and <see cref="Peers"/> found their groups, and all of them must have met once
    /// before a group begins. True: the groups exist, and this replica waits until a member adds it
    /// (<see cref="Group.AddLearnerAsync"/>); it names any of the members as peers.
    /// </summary>
    public bool Join { get; init; }

    /// <summary>The cluster that the directory must belong to; <c>null</c> takes the directory's word.</summary>
    public ClusterId? Cluster { get; init; }

    /// <summary>How often a leader shows that it lives. Default 50 ms.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Shortest silence of a leader after which a replica campaigns. Default 300 ms; at least three heartbeats.
    /// </summary>
    public TimeSpan ElectionMin { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Longest such silence. Default 600 ms; each replica draws anew between the two every time.</summary>
    public TimeSpan ElectionMax { get; init; } = TimeSpan.FromMilliseconds(600);

    /// <summary>
    /// After this a leader whose own disk completes no write, or has no room, gives way to another replica. At least
    /// <see cref="ElectionMax"/>; <c>null</c>, the default, means twice that, and no less than a second.
    /// </summary>
    public TimeSpan? DiskStall { get; init; }

    /// <summary>
    /// A group in which nothing happens for so long sends no heartbeats any more: its replicas rely on those that nodes
    /// send to each other, one per pair whatever the number of groups. It wakes with the first proposal or read. Zero
    /// means never. Default 1 s.
    /// </summary>
    public TimeSpan QuiesceAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Set while the protocol is traced; null otherwise.</summary>
    internal EngineTaps? Taps { get; init; }

    /// <summary>After this an undecided proposal ends as Unknown. Default 10 s.</summary>
    public TimeSpan ProposalTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long disposal waits for another leader and for pending proposals before they end as Unknown; 0 hands nothing
    /// over. Default 5 s.
    /// </summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of one log segment: a multiple of 1 MiB. Default 64 MiB.</summary>
    public long SegmentBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// Threads that serve groups, each with a log, a disk queue and links of its own; as the directory was formatted
    /// with, and the same on every replica. A group lives in one of them (<see cref="GroupOptions.Shard"/>); a disk
    /// that fails one shard leaves the others serving. Default 1, at most 64.
    /// </summary>
    public int Shards { get; init; } = 1;

    /// <summary>
    /// Bytes per second at which log and snapshots are read in search of rot, which is then repaired from other
    /// replicas before another copy rots; less than replication's share of any disk. 0: never. Default 1 MiB.
    /// </summary>
    public long ScrubBytesPerSecond { get; init; } = 1024 * 1024;

    /// <summary>A look at everything begins so often at most. Default one hour; positive.</summary>
    public TimeSpan ScrubEvery { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How the log reaches its disk. Default <see cref="DiskRing.Auto"/>.</summary>
    public DiskRing DiskRing { get; init; }

    /// <summary>
    /// The newest formats that this replica uses and admits to speak. The default is the newest that this build speaks;
    /// an older one keeps a group from going on to newer formats, until every member is started without it. A group
    /// never goes back: one that uses a later level refuses to open. Founders of a group name the same level.
    /// </summary>
    public int FeatureLevel { get; init; } = FeatureLevels.Newest;

    /// <summary>Seed of election timeouts and reconnect back-off; 0 draws one.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Receives one line per event of note (links, elections, faults). Called from the engine's threads; must not
    /// block. May be null.
    /// </summary>
    public Action<string>? Log { get; init; }
}

/// <summary>When a group takes snapshots, and how much log it keeps behind them.</summary>
public sealed record SnapshotOptions
{
    /// <summary>
    /// A snapshot is taken when so many bytes of entries were applied since the last one. Default 256 MiB; 0: never
    /// for this reason.
    /// </summary>
    public long LogBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>
    /// A snapshot is taken when the oldest applied entry outside the last one is so old, by the engine's clock. Default
    /// one hour; zero: never for this reason.
    /// </summary>
    public TimeSpan Age { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Bytes of log kept behind a snapshot at most for members that lag: one that is dead for longer takes a snapshot
    /// when it comes back. Default 64 MiB.
    /// </summary>
    public long KeptLogBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Bytes per second of snapshots sent to one other replica, below replication. Default 64 MiB.</summary>
    public long SendBytesPerSecond { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// How the chunks of a snapshot are stored. Default LZ4; where the native library cannot do it the log and
    /// <see cref="Engine.Backends"/> say so, and snapshots are stored uncompressed. Replicas may differ: all read both.
    /// </summary>
    public SnapshotCompression Compression { get; init; } = SnapshotCompression.Lz4;
}

/// <summary>How a snapshot's chunks are stored and sent.</summary>
public enum SnapshotCompression
{
    /// <summary>As they are.</summary>
    None,

    /// <summary>As LZ4 blocks, but for those that would not become shorter.</summary>
    Lz4,
}

/// <summary>What a group is.</summary>
public sealed record GroupOptions
{
    /// <summary>The group's number in the cluster, from 1; the same on every replica.</summary>
    public uint Group { get; init; } = 1;

    /// <summary>
    /// The shard that serves the group, from 0; the same on every replica, and for the group's whole life. <c>null</c>,
    /// the default: the one in whose log the group is, and for a new group one chosen by its number.
    /// </summary>
    public int? Shard { get; init; }

    /// <summary>True hands proposals made at a follower on to the leader. Default true.</summary>
    public bool Forward { get; init; } = true;

    /// <summary>
    /// Bytes that the group's queue of proposals holds before it refuses. Default 4 MiB, a power of two.
    /// </summary>
    public int QueueBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Proposals that may be pending at a time, awaited or ticketed. Default 32,768, a power of two.</summary>
    public int ProposalsMax { get; init; } = Limits.ProposalsMax;

    /// <summary>
    /// Allows <see cref="Read.Lease"/>; <c>null</c>, the default, means that safety trusts no clock. Part of the
    /// group's contract: the same on every replica, and for the group's whole life.
    /// </summary>
    public LeaseOptions? Lease { get; init; }

    /// <summary>
    /// Where nobody proposes, the leader appends an empty entry so often, so that the committed stamps keep up with the
    /// time (closed timestamps). <c>null</c>, the default: never, an idle group writes nothing.
    /// </summary>
    public TimeSpan? CloseTarget { get; init; }

    /// <summary>
    /// When a proposal that says nothing of its own is acknowledged. Default a quorum's media. A weaker level answers
    /// sooner and may lose what it acknowledged; what is committed, and that replicas agree on it, does not depend on
    /// it.
    /// </summary>
    public Model.Durability Durability { get; init; } = Model.Durability.QuorumDurable;

    /// <summary>
    /// Replicas compare <see cref="IStateMachine.StateDigest"/> after every so many entries: one whose state differs
    /// from that of most voters stops its group and names the index; where no majority agrees, the log says so. 0:
    /// never, as for replicas whose machines are of different versions. The same on every replica, or fewer points
    /// are compared. Default 4,096.
    /// </summary>
    public int DigestEvery { get; init; } = 4096;

    /// <summary>Snapshots and trimming. A machine without snapshots keeps its whole log.</summary>
    public SnapshotOptions Snapshots { get; init; } = new();

    /// <summary>How much may be under way; other than the limits only to make rare states frequent.</summary>
    internal RaftWindows Windows { get; init; } = new();

    /// <summary>
    /// A Line history by Raft: replicas may crash and come back, they do not lie; acknowledged means durable at a
    /// quorum.
    /// </summary>
    public static GroupOptions Raft() => new();
}
