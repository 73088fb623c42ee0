using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoreEngine.Load.Cluster;

/// <summary>What the parent asks of a replica's process.</summary>
internal enum ReplicaVerb
{
    /// <summary>Role, leader, boundaries.</summary>
    Status,

    /// <summary>Runs a workload here: answers once when the measured time starts, and once when all is over.</summary>
    Run,

    /// <summary>From here on the costs count that <see cref="Sample"/> tells.</summary>
    Mark,

    /// <summary>Tells the costs since <see cref="Mark"/>.</summary>
    Sample,

    /// <summary>Waits until the machine has applied an index, then tells its state.</summary>
    Ledger,

    /// <summary>Starts a workload in the background; answers when it runs.</summary>
    Load,

    /// <summary>Proposes until a leader of a later term has committed something; tells when that was.</summary>
    Probe,

    /// <summary>Reads at a level, a fixed number under way.</summary>
    Reads,

    /// <summary>The committed boundary of every group.</summary>
    Boundaries,

    /// <summary>Makes this replica the leader of every group.</summary>
    Lead,

    /// <summary>Lets time pass and tells what the process used meanwhile, and how much memory it holds.</summary>
    Idle,

    /// <summary>Proposes once in each of so many groups led here, one after the other.</summary>
    Wake,

    /// <summary>Few small writes in one group, alone and beside many large ones in another.</summary>
    Hog,

    /// <summary>Takes a snapshot and trims the log.</summary>
    Snapshot,

    /// <summary>Adds a learner to the first group.</summary>
    Add,

    /// <summary>Closes the engine and ends.</summary>
    Exit,
}

/// <summary>One line on a replica's standard input.</summary>
internal sealed record ReplicaCommand
{
    public ReplicaVerb Verb { get; init; }

    public CallForm Form { get; init; }

    public int Payload { get; init; }

    public int Outstanding { get; init; }

    public uint Run { get; init; }

    public double WarmSeconds { get; init; }

    public double Seconds { get; init; }

    public ulong Index { get; init; }

    public ulong Term { get; init; }

    /// <summary>For <see cref="ReplicaVerb.Ledger"/>: an index per group.</summary>
    public ulong[] Indexes { get; init; } = [];

    public ReadLevel Level { get; init; }

    /// <summary>For <see cref="ReplicaVerb.Run"/>: the measured time is that of a snapshot taken here.</summary>
    public bool WithSnapshot { get; init; }

    /// <summary>For <see cref="ReplicaVerb.Idle"/>: collects garbage before memory is read, which takes a
    /// moment.</summary>
    public bool Collects { get; init; }

    /// <summary>For <see cref="ReplicaVerb.Add"/>: who, and the port where it listens.</summary>
    public uint Learner { get; init; }

    public int Port { get; init; }
}

/// <summary>One line on a replica's standard output. Only the part that the command asked for is set.</summary>
internal sealed record ReplicaReply
{
    /// <summary>What went wrong; null when nothing did.</summary>
    public string? Error { get; init; }

    public ReplicaStatus? Status { get; init; }

    public ReplicaCosts? Costs { get; init; }

    public ReplicaRun? Run { get; init; }

    public ReplicaLedger? Ledger { get; init; }

    /// <summary>In the first line: what opening took.</summary>
    public ReplicaOpening? Opening { get; init; }

    public ReplicaIdle? Idle { get; init; }

    public ReplicaSnapshot? Snapshot { get; init; }

    /// <summary>An index per group.</summary>
    public ulong[]? Indexes { get; init; }

    /// <summary>Stamp of the monotonic clock that all processes of the machine share, in nanoseconds.</summary>
    public long At { get; init; }

    public ReplicaHog? Hog { get; init; }

    public ReplicaWake? Wake { get; init; }
}

internal sealed record ReplicaStatus(
    string Role,
    ulong Term,
    uint Leader,
    ulong Applied,
    ulong Committed,
    string Durability,
    string Backends,
    string? Fault);

internal sealed record ReplicaCosts(double Seconds, long AllocatedBytes, int Collections, double CpuUs, long Writes);

internal sealed record ReplicaRun(
    double Rate,
    long Committed,
    double P50Us,
    double P99Us,
    double MeanUs,
    long Refused,
    long Unknown,
    string? RefusalText,
    string? Violation,
    ReplicaCosts Costs)
{
    /// <summary>The snapshot that was taken meanwhile; null when none was asked for.</summary>
    public ReplicaSnapshot? Snapshot { get; init; }
}

/// <param name="EngineMs">From the call until the log was read and the shard ran.</param>
/// <param name="GroupsMs">From there until every group was open.</param>
/// <param name="BeforeBytes">Managed memory in use before the groups were opened.</param>
/// <param name="BeforeResidentBytes">Memory of the process then.</param>
/// <param name="LogBytes">Bytes of log from the oldest record on.</param>
internal sealed record ReplicaOpening(
    double EngineMs, double GroupsMs, long BeforeBytes, long BeforeResidentBytes, long LogBytes);

/// <param name="CpuPercent">Of one core.</param>
/// <param name="FramesPerSecond">Frames that this replica sent for groups.</param>
/// <param name="BeatsPerSecond">Beats between nodes.</param>
/// <param name="LiveBytes">Managed memory in use, after a collection.</param>
/// <param name="ResidentBytes">Memory of the process.</param>
/// <param name="Led">Groups that this replica leads.</param>
/// <param name="Leaderless">Groups that know of no leader.</param>
internal sealed record ReplicaIdle(
    double CpuPercent,
    double FramesPerSecond,
    double BeatsPerSecond,
    long LiveBytes,
    long ResidentBytes,
    int Led,
    int Leaderless);

/// <param name="Groups">Groups that were at rest, each asked once.</param>
/// <param name="P50Us">From the call until it was committed.</param>
/// <param name="P99Us">The same.</param>
/// <param name="MaxUs">The same.</param>
internal sealed record ReplicaWake(int Groups, double P50Us, double P99Us, double MaxUs);

/// <param name="AloneP50Us">Of the small writes while nothing else happens.</param>
/// <param name="AloneP99Us">The same.</param>
/// <param name="BesideP50Us">Of the small writes beside the large ones.</param>
/// <param name="BesideP99Us">The same.</param>
/// <param name="BesideRate">Small writes per second then.</param>
/// <param name="HogRate">Large writes per second then.</param>
/// <param name="Violation">A broken promise; null when all held.</param>
internal sealed record ReplicaHog(
    double AloneP50Us,
    double AloneP99Us,
    double BesideP50Us,
    double BesideP99Us,
    double BesideRate,
    double HogRate,
    string? Violation);

/// <param name="Seconds">Until it was durable and the log trimmed.</param>
/// <param name="Bytes">Of its file.</param>
/// <param name="Index">What it covers.</param>
/// <param name="Refusal">Why there is none; null when there is one.</param>
internal sealed record ReplicaSnapshot(double Seconds, long Bytes, ulong Index, string? Refusal);

internal sealed record ReplicaLedger(ulong Count, ulong Digest, ulong Index, ulong Applied);

/// <summary>How the lines are written: both sides are the same program.</summary>
internal static class ReplicaJson
{
    internal static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };
}
