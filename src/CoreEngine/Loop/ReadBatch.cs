using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Loop;

/// <summary>What the reads of a batch have in common.</summary>
internal enum ReadClass : byte
{
    /// <summary>A quorum barrier.</summary>
    Barrier = 0,

    /// <summary>A quorum barrier, each read of one key.</summary>
    Key,

    /// <summary>The leader's lease.</summary>
    Lease,

    /// <summary>A quorum barrier whose last entries need not be applied.</summary>
    Entries,

    /// <summary>A state that is young enough; asks for a barrier when there is none.</summary>
    Stale,

    /// <summary>No reads: keeps the state's age known for those that will come.</summary>
    Pump,
}

/// <summary>Reads of one turn that share an answer of the core. Pooled.</summary>
internal sealed class ReadBatch
{
    internal ulong Id { get; set; }

    internal ReadClass Class { get; set; }

    internal bool IsAnswered { get; set; }

    internal bool IsAsked { get; set; }

    /// <summary>When the batch was taken in. Monotonic nanoseconds.</summary>
    internal long WaitsSince { get; set; }

    /// <summary>When the core was asked, or before. Monotonic nanoseconds.</summary>
    internal long AskedNs { get; set; }

    /// <summary>Runs when this is applied.</summary>
    internal ulong Index { get; set; }

    /// <summary>How many entries below the index suffice; the least of the batch.</summary>
    internal ulong Slack { get; set; }

    internal ReadCertificate Proof { get; set; }

    internal Refusal Refusal { get; set; }

    /// <summary>The answer holds for keys that no undecided entry touches.</summary>
    internal bool IsOfKeys { get; set; }

    internal List<IReadRequest> Requests { get; } = [];

    internal bool IsGranted => Refusal.Code == RefusalCode.None;

    internal void Reset(ulong id, ReadClass kind, long nowNs)
    {
        Id = id;
        Class = kind;
        IsAnswered = false;
        IsAsked = false;
        WaitsSince = nowNs;
        AskedNs = nowNs;
        Index = 0;
        Slack = ulong.MaxValue;
        Proof = default;
        Refusal = default;
        IsOfKeys = false;
        Requests.Clear();
    }
}

/// <summary>A read that may run now.</summary>
/// <param name="Request">The read.</param>
/// <param name="Point">What it will be told; refused or granted.</param>
/// <param name="CurrentNs">The state was known to be current at this time of our clock; for reads of bounded
/// age.</param>
internal readonly record struct ReadyRead(IReadRequest Request, ReadResult Point, long CurrentNs = 0);
