using System;
using System.Globalization;

namespace CoreEngine.Model.Guarantees;

/// <summary>How much is known of a reply's age.</summary>
public enum RecencyKind : byte
{
    /// <summary>Nothing is promised, not even that updates arrive.</summary>
    None = 0,

    /// <summary>EO: updates arrive eventually, no bound.</summary>
    Eventual = 1,

    /// <summary>BS(K, δ): at most K versions and δ behind.</summary>
    Bounded = 2,

    /// <summary>Fresh(φ): the newest state there was when the call began, if φ holds.</summary>
    Fresh = 3,
}

/// <summary>
/// What a fresh reply rests on beside its quorum. The empty set is a quorum barrier: no clock, no promise; fewer is
/// stronger.
/// </summary>
[Flags]
public enum FreshAssumptions : byte
{
    /// <summary>A quorum confirmed after the call began.</summary>
    None = 0,

    /// <summary>A lease: clocks run at nearly the same rate.</summary>
    ClockRate = 1,

    /// <summary>An interval clock: the distance to true time is bounded.</summary>
    ClockError = 2,

    /// <summary>Replicas keep a promise not to acknowledge without the reader.</summary>
    Promise = 4,

    /// <summary>All of them.</summary>
    All = ClockRate | ClockError | Promise,
}

/// <summary>The fourth place of a <see cref="Guarantee"/>: None &lt; EO &lt; BS(K, δ) &lt; Fresh(φ).</summary>
/// <remarks><c>default</c> is None. A bound without any limit is EO: there is one value for one meaning.</remarks>
public readonly record struct Recency
{
    /// <summary>As K: no limit in versions.</summary>
    public const uint AnyVersions = uint.MaxValue;

    /// <summary>As δ: no limit in time.</summary>
    public const ulong AnyAge = ulong.MaxValue;

    private Recency(RecencyKind kind, uint versions, ulong ageNs, FreshAssumptions assumptions)
    {
        Kind = kind;
        VersionsMax = versions;
        AgeNsMax = ageNs;
        Assumptions = assumptions;
    }

    /// <summary>EO.</summary>
    public static Recency Eventual { get; } = new(RecencyKind.Eventual, 0, 0, FreshAssumptions.None);

    /// <summary>Which of the four.</summary>
    public RecencyKind Kind { get; }

    /// <summary>K: how many versions the reply may be behind. Zero unless Bounded.</summary>
    public uint VersionsMax { get; }

    /// <summary>δ in nanoseconds. Zero unless Bounded.</summary>
    public ulong AgeNsMax { get; }

    /// <summary>φ. None unless Fresh.</summary>
    public FreshAssumptions Assumptions { get; }

    /// <summary>BS(K, δ); without any limit EO.</summary>
    /// <param name="versions">K, or <see cref="AnyVersions"/>.</param>
    /// <param name="ageNs">δ in nanoseconds, or <see cref="AnyAge"/>.</param>
    public static Recency Bounded(uint versions, ulong ageNs) =>
        versions == AnyVersions && ageNs == AnyAge
            ? Eventual
            : new(RecencyKind.Bounded, versions, ageNs, FreshAssumptions.None);

    /// <summary>Fresh(φ).</summary>
    public static Recency Fresh(FreshAssumptions assumptions)
    {
        if ((assumptions & ~FreshAssumptions.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(assumptions));
        }

        return new(RecencyKind.Fresh, 0, 0, assumptions);
    }

    /// <summary>
    /// What both promise: of different kinds the lower, else the larger bounds or the union of assumptions.
    /// </summary>
    public Recency Meet(Recency other)
    {
        if (Kind != other.Kind)
        {
            return Kind < other.Kind ? this : other;
        }

        return Kind switch
        {
            RecencyKind.Bounded =>
                Bounded(uint.Max(VersionsMax, other.VersionsMax), ulong.Max(AgeNsMax, other.AgeNsMax)),
            RecencyKind.Fresh => Fresh(Assumptions | other.Assumptions),
            _ => this,
        };
    }

    /// <summary>A hop over a copy that is stale itself: the bounds add, and saturate at "any".</summary>
    public Recency Then(Recency next)
    {
        if (Kind != RecencyKind.Bounded || next.Kind != RecencyKind.Bounded)
        {
            return Meet(next);
        }

        ulong versions = (ulong)VersionsMax + next.VersionsMax;
        ulong room = AnyAge - AgeNsMax;
        return Bounded(
            versions >= AnyVersions ? AnyVersions : (uint)versions,
            next.AgeNsMax >= room ? AnyAge : AgeNsMax + next.AgeNsMax);
    }

    /// <summary>True when this promises all that <paramref name="other"/> promises.</summary>
    public bool IsAtLeast(Recency other)
    {
        if (Kind != other.Kind)
        {
            return Kind > other.Kind;
        }

        return VersionsMax <= other.VersionsMax
            && AgeNsMax <= other.AgeNsMax
            && (Assumptions & ~other.Assumptions) == 0;
    }

    /// <summary>None, EO, BS(K=2, δ=150ms) or Fresh(quorum).</summary>
    public override string ToString() => Kind switch
    {
        RecencyKind.None => "None",
        RecencyKind.Eventual => "EO",
        RecencyKind.Bounded => BoundedWord(),
        _ => $"Fresh({AssumptionsWord()})",
    };

    /// <summary>The packed form back to the value. The fields come from a value of this type.</summary>
    internal static Recency Unpack(RecencyKind kind, uint versions, ulong ageNs, FreshAssumptions assumptions) =>
        new(kind, versions, ageNs, assumptions);

    private string BoundedWord()
    {
        string age = string.Create(CultureInfo.InvariantCulture, $"δ={AgeNsMax / 1e6:0.######}ms");
        string versions = string.Create(CultureInfo.InvariantCulture, $"K={VersionsMax}");
        if (VersionsMax == AnyVersions)
        {
            return $"BS({age})";
        }

        return AgeNsMax == AnyAge ? $"BS({versions})" : $"BS({versions}, {age})";
    }

    private string AssumptionsWord()
    {
        if (Assumptions == FreshAssumptions.None)
        {
            return "quorum";
        }

        string lease = Assumptions.HasFlag(FreshAssumptions.ClockRate) ? "+lease" : string.Empty;
        string interval = Assumptions.HasFlag(FreshAssumptions.ClockError) ? "+TT" : string.Empty;
        string promise = Assumptions.HasFlag(FreshAssumptions.Promise) ? "+promise" : string.Empty;
        return $"{lease}{interval}{promise}"[1..];
    }
}
