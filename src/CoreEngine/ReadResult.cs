using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Guarantees;

namespace CoreEngine;

/// <summary>What a read point proves.</summary>
public readonly record struct ReadResult
{
    /// <summary>False when no read point could be proven: see <see cref="Refusal"/>.</summary>
    public bool IsGranted => Refusal.Code == RefusalCode.None;

    /// <summary>The state that was read reflects everything up to here, and nothing beyond it.</summary>
    public ulong Index { get; init; }

    /// <summary>Term of the entry at <see cref="Index"/>; 0 before the first one.</summary>
    public ulong Term { get; init; }

    /// <summary>For later reads that must not go back behind this one, at any replica. Not valid when refused, nor
    /// before the first entry.</summary>
    public SessionToken Token => !IsGranted || Term == 0
        ? default
        : new SessionToken(Certificate.Group, Certificate.ConfigEpoch, Term, Index);

    /// <summary>How fresh the state is, and how that is known; its proof is None for a local read. Its index may be
    /// below <see cref="Index"/>: more was applied since.</summary>
    public ReadCertificate Certificate { get; init; }

    /// <summary>At most so much time lies between the moment at which the state was known to be current and the answer;
    /// zero for fresh reads, <c>null</c> when nothing is known.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>What the read promises: what was asked for, or more.</summary>
    public Guarantee Guarantee { get; init; }

    /// <summary>Why not.</summary>
    public Refusal Refusal { get; init; }

    internal static ReadResult Refused(in Refusal refusal) => new() { Refusal = refusal, Guarantee = Guarantee.Floor };
}

/// <summary>A query's answer with the proof of its freshness.</summary>
/// <typeparam name="T">What the query returns.</typeparam>
/// <param name="Point">The read point; when not granted, <paramref name="Value"/> is default.</param>
/// <param name="Value">The query's result.</param>
public readonly record struct QueryResult<T>(ReadResult Point, T? Value);
