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

    /// <summary>Stamp of the monotonic clock that all processes of the machine share, in nanoseconds.</summary>
    public long At { get; init; }
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
    ReplicaCosts Costs);

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
