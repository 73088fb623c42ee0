using System;

namespace CoreEngine.Model.Guarantees;

/// <summary>
/// What a reply promises: ⟨Scope, Order, Visibility, Recency, Idempotence, Auth⟩. A path promises the meet of its
/// hops.
/// </summary>
/// <remarks>
/// A lattice with <see cref="Bottom"/> and <see cref="Top"/>; the order is partial. 32 bytes, no references,
/// <c>default</c> is
/// <see cref="Bottom"/>: what was forgotten promises nothing. Durability has no place here; it stands beside (<see
/// cref="Contract"/>).
/// </remarks>
public readonly record struct Guarantee
{
    // Packed, the widest first, so that a receipt can carry it: the places are rebuilt by their properties.
    private readonly ulong _ageNs;
    private readonly ulong _epoch;
    private readonly uint _versions;
    private readonly uint _retentionSeconds;
    private readonly Scope _scope;
    private readonly Order _order;
    private readonly Visibility _visibility;
    private readonly RecencyKind _recency;
    private readonly FreshAssumptions _assumptions;
    private readonly KeySpaces _keys;
    private readonly AuthKind _auth;

    /// <summary>Builds a vector from its six places.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A place has no such value, or <paramref name="order"/> lacks a fact that it implies.
    /// </exception>
    public Guarantee(
        Scope scope, Order order, Visibility visibility, Recency recency, Idempotence idempotence, Auth auth)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((byte)scope, (byte)Scope.Global, nameof(scope));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            (byte)visibility, (byte)Visibility.Serializable, nameof(visibility));
        if (!order.IsClosed())
        {
            throw new ArgumentOutOfRangeException(nameof(order), order, "a fact is missing that the set implies");
        }

        _scope = scope;
        _order = order;
        _visibility = visibility;
        _recency = recency.Kind;
        _versions = recency.VersionsMax;
        _ageNs = recency.AgeNsMax;
        _assumptions = recency.Assumptions;
        _keys = idempotence.Keys;
        _retentionSeconds = idempotence.RetentionSeconds;
        _auth = auth.Kind;
        _epoch = auth.Epoch;
    }

    /// <summary>⟨Object, None, Fractured, None, None, Unauth⟩: nothing.</summary>
    public static Guarantee Bottom => default;

    /// <summary>⟨Global, SS, SER, Fresh(quorum), Idem(∞), Auth(cert)⟩: everything.</summary>
    public static Guarantee Top { get; } = new(
        Scope.Global,
        Order.StrictSerializable,
        Visibility.Serializable,
        Recency.Fresh(FreshAssumptions.None),
        Idempotence.Idem(KeySpaces.All, Idempotence.Always),
        Auth.By(AuthKind.Cert));

    /// <summary>
    /// ⟨Object, None, Fractured, EO, None, Unauth⟩: what a domain without evidence may say (mode Floor).
    /// </summary>
    public static Guarantee Floor { get; } = new(
        Scope.Object, Order.None, Visibility.Fractured, Recency.Eventual, default, default);

    /// <summary>
    /// ⟨Range, SS, SER, Fresh(quorum), None, Unauth⟩: what a committed proposal of a Line group proves.
    /// </summary>
    /// <remarks>
    /// Range: one group. SS: the log is one order of whole commands, each command is the group's transaction, and the
    /// reply comes
    /// after the commit, so real time is kept (Herlihy and Wing 1990). SER: commands are applied one after the other.
    /// Fresh(quorum): a quorum of the proposal's own term took the entry after the call began; no clock is trusted.
    /// None: no session table stands behind the reply, a repeated proposal is a second one.
    /// Unauth: Raft's certificates are not signed and convince members only.
    /// </remarks>
    public static Guarantee CommittedLine { get; } = new(
        Scope.Range,
        Order.StrictSerializable,
        Visibility.Serializable,
        Recency.Fresh(FreshAssumptions.None),
        default,
        default);

    /// <summary>⟨Range, SS, SER, Fresh(quorum), Idem(K), Unauth⟩: a committed proposal whose repeats are
    /// recognised.</summary>
    /// <param name="idempotence">By what, and for how long: the session's timeout after its newest entry, or the key's
    /// retention.</param>
    public static Guarantee CommittedOnce(Idempotence idempotence) => new(
        Scope.Range,
        Order.StrictSerializable,
        Visibility.Serializable,
        Recency.Fresh(FreshAssumptions.None),
        idempotence,
        default);

    /// <summary>⟨Range, SS, SER, Fresh(quorum), None, Unauth⟩: what a read behind a quorum barrier proves.</summary>
    /// <remarks>
    /// The read runs between two batches at an index that is not below any entry committed before the call began: a
    /// quorum confirmed
    /// the leader after that (ReadIndex, Raft thesis 6.4). So it is one more serial transaction that keeps real time.
    /// </remarks>
    public static Guarantee LinearizableRead => CommittedLine;

    /// <summary>
    /// ⟨Range, MW+WFR, SER, EO, None, Unauth⟩: what a read of this replica's state, without any barrier, proves.
    /// </summary>
    /// <remarks>
    /// The state is a prefix of the log. A prefix holds writes in their order and never an answer without its
    /// question (MW, WFR), and
    /// a read placed at its prefix is serial (SER). It may lack the caller's own writes, and go back when the caller
    /// changes
    /// replicas or the replica restarts: neither RYW nor MR, and no bound of age (EO).
    /// </remarks>
    public static Guarantee LocalRead { get; } = new(
        Scope.Range,
        Order.MonotonicWrites | Order.WritesFollowReads,
        Visibility.Serializable,
        Recency.Eventual,
        default,
        default);

    /// <summary>⟨Range, SS, SER, Fresh(lease), None, Unauth⟩: what a read under a leader's lease proves.</summary>
    /// <remarks>As <see cref="LinearizableRead"/>, on one condition that no certificate can show: that the clocks of
    /// the leader and of its successor kept the rate that the group's contract names.</remarks>
    public static Guarantee LeaseRead { get; } = new(
        Scope.Range,
        Order.StrictSerializable,
        Visibility.Serializable,
        Recency.Fresh(FreshAssumptions.ClockRate),
        default,
        default);

    /// <summary>⟨Object, SS, SER, Fresh(quorum), None, Unauth⟩: what a linearizable read of one key proves when other
    /// keys cannot be answered for yet.</summary>
    /// <remarks>A new leader does not know which entries of its predecessors are committed. None of them touches the
    /// key, and a quorum confirmed the leader after the call began: whatever is committed of them, the key has this
    /// value.</remarks>
    public static Guarantee KeyRead { get; } = new(
        Scope.Object,
        Order.StrictSerializable,
        Visibility.Serializable,
        Recency.Fresh(FreshAssumptions.None),
        default,
        default);

    /// <summary>⟨Range, Causal, SER, EO, None, Unauth⟩: what a read behind a session's token proves to that
    /// session.</summary>
    /// <remarks>The state is a prefix of the log (MW, WFR) that holds what the session wrote (RYW) and saw (MR). How
    /// much others have written since is not known.</remarks>
    public static Guarantee SessionRead { get; } = new(
        Scope.Range, Order.Causal, Visibility.Serializable, Recency.Eventual, default, default);

    /// <summary>⟨Range, MW+WFR, SER, None, None, Unauth⟩: what a read of one place of the line proves: the same answer
    /// at every replica, for ever, and nothing about now.</summary>
    public static Guarantee HistoryRead { get; } = new(
        Scope.Range,
        Order.MonotonicWrites | Order.WritesFollowReads,
        Visibility.Serializable,
        default,
        default,
        default);

    /// <summary>⟨Range, MW+WFR, SER, BS(K, δ), None, Unauth⟩: what a read of known age proves.</summary>
    /// <param name="versions">K: at most so many entries behind; <see cref="Recency.AnyVersions"/> for no
    /// bound.</param>
    /// <param name="ageNs">δ: at most so many nanoseconds behind; <see cref="Recency.AnyAge"/> for no bound.</param>
    public static Guarantee StaleRead(uint versions, ulong ageNs) => new(
        Scope.Range,
        Order.MonotonicWrites | Order.WritesFollowReads,
        Visibility.Serializable,
        Recency.Bounded(versions, ageNs),
        default,
        default);

    /// <summary>First place.</summary>
    public Scope Scope => _scope;

    /// <summary>Second place.</summary>
    public Order Order => _order;

    /// <summary>Third place.</summary>
    public Visibility Visibility => _visibility;

    /// <summary>Fourth place.</summary>
    public Recency Recency => Recency.Unpack(_recency, _versions, _ageNs, _assumptions);

    /// <summary>Fifth place.</summary>
    public Idempotence Idempotence => Idempotence.Idem(_keys, _retentionSeconds);

    /// <summary>Sixth place.</summary>
    public Auth Auth => Auth.By(_auth, _epoch);

    /// <summary>The strongest vector that both promise: the meet, place by place.</summary>
    public Guarantee Meet(in Guarantee other) => With(other, Recency.Meet(other.Recency));

    /// <summary>
    /// What is left after a further hop that reads from a copy as this vector describes it: the meet, but staleness
    /// adds.
    /// </summary>
    public Guarantee Then(in Guarantee next) => With(next, Recency.Then(next.Recency));

    /// <summary>
    /// True when this promises all that <paramref name="other"/> promises, in every place. A partial order.
    /// </summary>
    public bool IsAtLeast(in Guarantee other) =>
        _scope >= other._scope
        && (other._order & ~_order) == 0
        && _visibility >= other._visibility
        && Recency.IsAtLeast(other.Recency)
        && Idempotence.IsAtLeast(other.Idempotence)
        && Auth.IsAtLeast(other.Auth);

    /// <summary>The vector as the documents write it, such as ⟨Range, SS, SER, Fresh(quorum), None, Unauth⟩.</summary>
    public override string ToString() =>
        $"⟨{_scope}, {_order.Word()}, {VisibilityWord()}, {Recency}, {Idempotence}, {Auth}⟩";

    private Guarantee With(in Guarantee other, Recency recency) => new(
        _scope < other._scope ? _scope : other._scope,
        _order & other._order,
        _visibility < other._visibility ? _visibility : other._visibility,
        recency,
        Idempotence.Meet(other.Idempotence),
        Auth.Meet(other.Auth));

    private string VisibilityWord() => _visibility switch
    {
        Visibility.Fractured => "Fractured",
        Visibility.ReadCommitted => "RC",
        Visibility.ReadAtomic => "RA",
        Visibility.Snapshot => "SI",
        _ => "SER",
    };
}
