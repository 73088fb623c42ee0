using System;
using CoreEngine.Model;
using CoreEngine.Model.Guarantees;

namespace CoreEngine;

/// <summary>The kinds of <see cref="Read"/>.</summary>
public enum ReadLevel : byte
{
    /// <summary>See <see cref="Read.Linearizable"/>.</summary>
    Linearizable = 0,

    /// <summary>See <see cref="Read.Local"/>.</summary>
    Local = 1,

    /// <summary>See <see cref="Read.Lease"/>.</summary>
    Lease = 2,

    /// <summary>See <see cref="Read.Stale"/>.</summary>
    Stale = 3,

    /// <summary>See <see cref="Read.StaleEntries"/>.</summary>
    StaleEntries = 4,

    /// <summary>See <see cref="Read.AtLeast"/>.</summary>
    AtLeast = 5,

    /// <summary>See <see cref="Read.AsOf(ulong)"/>.</summary>
    AsOf = 6,
}

/// <summary>How fresh a read must be. <c>default</c> is <see cref="Linearizable"/>.</summary>
/// <remarks>
/// What is granted is never weaker than what was asked for, and the <see cref="ReadResult"/> names what it is. What
/// cannot be granted is refused with the evidence that is missing.
/// <code>
/// level         messages per read            served by            rests on
/// Linearizable  one round for all that wait  every replica        a quorum
/// Lease         none                         the leader           a quorum and clock rates
/// Stale         none while it is fresh       every replica        a quorum, earlier
/// StaleEntries  one round for all that wait  every replica        a quorum; does not wait for the last entries
/// AtLeast       none                         every replica        the token's place is applied
/// AsOf          none                         every replica        the machine keeps versions
/// Local         none                         every replica        nothing
/// </code>
/// </remarks>
public readonly record struct Read
{
    private Read(ReadLevel level, ulong amount)
    {
        Level = level;
        Amount = amount;
    }

    /// <summary>
    /// Reflects everything acknowledged before the call, anywhere: a quorum confirms the leader first (ReadIndex).
    /// </summary>
    public static Read Linearizable => default;

    /// <summary>What this replica holds at the moment; no proof of freshness, labelled so.</summary>
    public static Read Local => new(ReadLevel.Local, 0);

    /// <summary>
    /// Linearizable without a message, at the leader, while the clocks keep the bound that
    /// <see cref="GroupOptions.Lease"/> names; the result's guarantee says that it rests on them.
    /// </summary>
    /// <remarks>Refused where no lease is held, and when it ended before the answer: a machine that stood still is not
    /// believed. A leader that holds none yet renews it by an empty entry and waits for that.</remarks>
    public static Read Lease => new(ReadLevel.Lease, 0);

    /// <summary>The kind.</summary>
    public ReadLevel Level { get; }

    /// <summary>Nanoseconds, entries or an index, by kind.</summary>
    internal ulong Amount { get; }

    /// <summary>Term of the entry at the place asked for; 0: any.</summary>
    internal ulong Term { get; init; }

    /// <summary>The group that the place belongs to; 0: any.</summary>
    internal uint Group { get; init; }

    /// <summary>How long it may wait; 0: the engine's choice.</summary>
    internal long PatienceNs { get; init; }

    /// <summary>The one key that is asked for, as the machine hashes it.</summary>
    internal ulong Key { get; init; }

    /// <summary><see cref="Key"/> means something.</summary>
    internal bool HasKey { get; init; }

    /// <summary>A state that was current at most <paramref name="bound"/> ago, at any replica.</summary>
    /// <remarks>
    /// Served at once while the replica knows such a state: it asks the leader once a heartbeat as long as such reads
    /// come. The age is measured on the replica's own monotonic clock from before it asked, so no two clocks are
    /// compared. Without contact to a leader the state ages, and the read is refused when it is too old.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive, or longer than a year.</exception>
    public static Read Stale(TimeSpan bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(bound, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bound, TimeSpan.FromDays(366));
        return new(ReadLevel.Stale, (ulong)bound.Ticks * 100);
    }

    /// <summary>A state that lacks at most so many of the entries that were committed when the call began, at any
    /// replica.</summary>
    /// <remarks>A quorum says how many there are; only those beyond the bound are waited for.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">More than an int holds, or negative.</exception>
    public static Read StaleEntries(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bound);
        return new(ReadLevel.StaleEntries, (ulong)bound);
    }

    /// <summary>Reflects what the token's session has written and seen, at any replica: waits until it does, or is
    /// refused.</summary>
    /// <exception cref="ArgumentException">The token was never given out.</exception>
    public static Read AtLeast(in SessionToken token)
    {
        if (!token.IsValid)
        {
            throw new ArgumentException("the token names no group: it was never given out", nameof(token));
        }

        return new(ReadLevel.AtLeast, token.Index) { Group = token.Group, Term = token.LeaderEpoch };
    }

    /// <summary>The state exactly at an index: every entry up to it, none after it.</summary>
    /// <remarks>Waits until the index is applied. An index that was passed needs a machine that keeps versions
    /// (<see cref="IVersionedMachine"/>); without one, or when that version is gone, the read is refused.</remarks>
    public static Read AsOf(ulong index) => new(ReadLevel.AsOf, index);

    /// <summary>As <see cref="AsOf(ulong)"/>, and only if the entry there is of the coordinate's leader
    /// epoch.</summary>
    public static Read AsOf(in LineCoordinate place) =>
        new(ReadLevel.AsOf, place.Index) { Group = place.Group, Term = place.LeaderEpoch };

    /// <summary>The same, but it may wait only so long (AtLeast, AsOf, Stale); by default two election
    /// timeouts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is not positive, or longer than a day.</exception>
    public Read Within(TimeSpan patience)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(patience, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(patience, TimeSpan.FromDays(1));
        return this with { PatienceNs = patience.Ticks * 100 };
    }

    /// <summary>
    /// The same (Linearizable, Lease), of one key: a new leader that cannot answer for all keys yet answers for those
    /// that its predecessors' undecided entries do not touch. Needs an <see cref="IKeyedMachine"/>.
    /// </summary>
    /// <param name="key">The key as the machine names it, such as a hash of it.</param>
    public Read ForKey(ulong key) => this with { Key = key, HasKey = true };

    /// <summary>Kind and bound, for people.</summary>
    public override string ToString() => Level switch
    {
        ReadLevel.Stale => $"Stale({TimeSpan.FromTicks((long)(Amount / 100))})",
        ReadLevel.StaleEntries => $"Stale({Amount} entries)",
        ReadLevel.AtLeast => $"AtLeast(t{Term}/i{Amount})",
        ReadLevel.AsOf => $"AsOf({Amount})",
        _ => Level.ToString(),
    };

    /// <summary>What a read of this level promises when it is granted, apart from its age.</summary>
    internal Guarantee Promise => Level switch
    {
        ReadLevel.Linearizable => Guarantee.LinearizableRead,
        ReadLevel.Lease => Guarantee.LeaseRead,
        ReadLevel.StaleEntries => Guarantee.StaleRead((uint)Amount, Recency.AnyAge),
        ReadLevel.Stale => Guarantee.StaleRead(Recency.AnyVersions, Amount),
        ReadLevel.AtLeast => Guarantee.SessionRead,
        ReadLevel.AsOf => Guarantee.HistoryRead,
        _ => Guarantee.LocalRead,
    };
}
