// Goal: each place orders and composes as the requirements say, and the named vectors print and compare as documented.
// Method: examples, the misuse of every constructor included.
using System;
using System.Runtime.InteropServices;
using CoreEngine.Model.Guarantees;
using Xunit;

namespace CoreEngine.Model.Tests;

public class GuaranteePlaceTests
{
    [Fact]
    public void A_vector_has_32_bytes_and_its_default_promises_nothing()
    {
        Assert.Equal(32, Marshal.SizeOf<Guarantee>());
        Assert.Equal(Guarantee.Bottom, default);
        Assert.Equal("⟨Object, None, Fractured, None, None, Unauth⟩", Guarantee.Bottom.ToString());
        Assert.NotEqual(Guarantee.Bottom, Guarantee.Floor);
    }

    [Fact]
    public void The_named_vectors_read_as_documented()
    {
        Assert.Equal(
            "⟨Global, SS, SER, Fresh(quorum), Idem(∞), Auth(cert)⟩", Guarantee.Top.ToString());
        Assert.Equal("⟨Range, SS, SER, Fresh(quorum), None, Unauth⟩", Guarantee.CommittedLine.ToString());
        Assert.Equal("⟨Range, SS, SER, Fresh(quorum), None, Unauth⟩", Guarantee.LinearizableRead.ToString());
        Assert.Equal("⟨Range, MW+WFR, SER, EO, None, Unauth⟩", Guarantee.LocalRead.ToString());
        Assert.Equal("⟨Range, SS, SER, Fresh(lease), None, Unauth⟩", Guarantee.LeaseRead.ToString());
        Assert.Equal("⟨Object, SS, SER, Fresh(quorum), None, Unauth⟩", Guarantee.KeyRead.ToString());
        Assert.Equal("⟨Range, Causal, SER, EO, None, Unauth⟩", Guarantee.SessionRead.ToString());
        Assert.Equal("⟨Range, MW+WFR, SER, None, None, Unauth⟩", Guarantee.HistoryRead.ToString());
        Assert.Equal(
            "⟨Range, MW+WFR, SER, BS(δ=5ms), None, Unauth⟩",
            Guarantee.StaleRead(Recency.AnyVersions, 5_000_000).ToString());
        Assert.Equal(
            "⟨Range, MW+WFR, SER, BS(K=3), None, Unauth⟩", Guarantee.StaleRead(3, Recency.AnyAge).ToString());
        Assert.Equal("⟨Object, None, Fractured, EO, None, Unauth⟩", Guarantee.Floor.ToString());
    }

    [Fact]
    public void Weaker_reads_stand_strictly_below_stronger_ones()
    {
        Assert.True(Guarantee.LinearizableRead.IsAtLeast(Guarantee.LocalRead));
        Assert.False(Guarantee.LocalRead.IsAtLeast(Guarantee.LinearizableRead));
        Assert.True(Guarantee.LocalRead.IsAtLeast(Guarantee.Floor));
        Assert.False(Guarantee.Floor.IsAtLeast(Guarantee.LocalRead));
        Assert.Equal(Guarantee.LocalRead, Guarantee.CommittedLine.Meet(Guarantee.LocalRead));
        Assert.True(Guarantee.LinearizableRead.IsAtLeast(Guarantee.LeaseRead));
        Assert.False(Guarantee.LeaseRead.IsAtLeast(Guarantee.LinearizableRead));
        Assert.True(Guarantee.LinearizableRead.IsAtLeast(Guarantee.KeyRead));
        Assert.True(Guarantee.LeaseRead.IsAtLeast(Guarantee.StaleRead(0, 0)));
        Assert.True(Guarantee.StaleRead(0, 5).IsAtLeast(Guarantee.StaleRead(0, 6)));
        Assert.True(Guarantee.StaleRead(0, 5).IsAtLeast(Guarantee.LocalRead));
        Assert.True(Guarantee.SessionRead.IsAtLeast(Guarantee.LocalRead));
        Assert.False(Guarantee.HistoryRead.IsAtLeast(Guarantee.LocalRead));
        Assert.True(Guarantee.LocalRead.IsAtLeast(Guarantee.HistoryRead));
    }

    [Fact]
    public void Four_session_facts_are_causal_and_do_not_compare_with_per_object()
    {
        Assert.Equal(
            Order.Causal,
            Order.ReadYourWrites | Order.MonotonicReads | Order.MonotonicWrites | Order.WritesFollowReads);
        Guarantee causal = With(Order.Causal);
        Guarantee perObject = With(Order.PerObject);
        Assert.False(causal.IsAtLeast(perObject));
        Assert.False(perObject.IsAtLeast(causal));
        Assert.Equal(Order.None, causal.Meet(perObject).Order);
        Assert.True(With(Order.Total).IsAtLeast(causal));
        Assert.True(With(Order.Total).IsAtLeast(perObject));
        Assert.True(With(Order.Linearizable).IsAtLeast(With(Order.Total)));
        Assert.True(With(Order.StrictSerializable).IsAtLeast(With(Order.Linearizable)));
        Assert.False(With(Order.Linearizable).IsAtLeast(With(Order.StrictSerializable)));
    }

    [Theory]
    [InlineData(Order.None, "None")]
    [InlineData(Order.Causal, "Causal")]
    [InlineData(Order.PerObject | Order.Causal, "PerObject+Causal")]
    [InlineData(Order.PerObject | Order.ReadYourWrites, "PerObject+RYW")]
    [InlineData(Order.ReadYourWrites | Order.MonotonicReads | Order.WritesFollowReads, "RYW+MR+WFR")]
    [InlineData(Order.Total, "Total")]
    [InlineData(Order.Linearizable, "Lx")]
    [InlineData(Order.StrictSerializable, "SS")]
    public void An_order_prints_its_word(Order order, string word) => Assert.Equal(word, order.Word());

    [Theory]
    [InlineData(Order.OneOrder)]
    [InlineData(Order.RealTime | Order.Causal)]
    [InlineData(Order.WholeTransactions | Order.Total)]
    public void An_order_that_lacks_an_implied_fact_is_refused(Order order) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => With(order));

    [Fact]
    public void Values_that_no_place_has_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new Guarantee((Scope)4, Order.None, Visibility.Fractured, default, default, default));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new Guarantee(Scope.Object, Order.None, (Visibility)5, default, default, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => Recency.Fresh((FreshAssumptions)8));
        Assert.Throws<ArgumentOutOfRangeException>(() => Idempotence.Idem((KeySpaces)8, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Auth.By((AuthKind)4));
    }

    [Fact]
    public void Bounds_meet_at_the_larger_and_add_along_a_path()
    {
        Recency near = Recency.Bounded(2, 100);
        Recency far = Recency.Bounded(1, 250);
        Assert.Equal(Recency.Bounded(2, 250), near.Meet(far));
        Assert.Equal(Recency.Bounded(3, 350), near.Then(far));
        Assert.Equal(near, Recency.Fresh(FreshAssumptions.ClockRate).Then(near));
        Assert.Equal(Recency.Eventual, near.Then(Recency.Eventual));
        Assert.Equal(Recency.Eventual, Recency.Bounded(Recency.AnyVersions, Recency.AnyAge));
        Assert.Equal(
            Recency.Eventual,
            Recency.Bounded(Recency.AnyVersions - 1, Recency.AnyAge - 1).Then(Recency.Bounded(1, 1)));
    }

    [Fact]
    public void Freshness_on_fewer_assumptions_is_stronger()
    {
        Recency barrier = Recency.Fresh(FreshAssumptions.None);
        Recency lease = Recency.Fresh(FreshAssumptions.ClockRate);
        Recency interval = Recency.Fresh(FreshAssumptions.ClockError);
        Assert.True(barrier.IsAtLeast(lease));
        Assert.False(lease.IsAtLeast(barrier));
        Assert.False(lease.IsAtLeast(interval));
        Assert.Equal(Recency.Fresh(FreshAssumptions.ClockRate | FreshAssumptions.ClockError), lease.Meet(interval));
        Assert.True(lease.IsAtLeast(Recency.Bounded(0, 0)));
    }

    [Fact]
    public void Idempotence_meets_at_the_common_keys_for_the_shorter_time()
    {
        var sessions = Idempotence.Idem(KeySpaces.Sessions | KeySpaces.Tokens, 3600);
        var natural = Idempotence.Idem(KeySpaces.Natural | KeySpaces.Tokens, Idempotence.Always);
        Assert.Equal(Idempotence.Idem(KeySpaces.Tokens, 3600), sessions.Meet(natural));
        Assert.Equal(default, sessions.Meet(Idempotence.Idem(KeySpaces.Natural, 60)));
        Assert.Equal(default, Idempotence.Idem(KeySpaces.Tokens, 0));
        Assert.False(sessions.IsAtLeast(natural));
        Assert.False(natural.IsAtLeast(sessions));
    }

    [Fact]
    public void Epochs_must_match_or_nobody_is_convinced()
    {
        Auth bound = Auth.By(AuthKind.Signature, 7);
        Assert.Equal(default, bound.Meet(Auth.By(AuthKind.Cert, 8)));
        Assert.Equal(bound, bound.Meet(Auth.By(AuthKind.Cert, 7)));
        Assert.Equal(Auth.By(AuthKind.Mac, 7), bound.Meet(Auth.By(AuthKind.Mac)));
        Assert.True(Auth.By(AuthKind.Signature).IsAtLeast(bound));
        Assert.False(Auth.By(AuthKind.Cert, 7).IsAtLeast(Auth.By(AuthKind.Signature)));
        Assert.Equal(default, Auth.By(AuthKind.Unauth, 7));
    }

    [Fact]
    public void Places_print_as_the_documents_write_them()
    {
        Assert.Equal("BS(K=2, δ=1.5ms)", Recency.Bounded(2, 1_500_000).ToString());
        Assert.Equal("BS(δ=0.000001ms)", Recency.Bounded(Recency.AnyVersions, 1).ToString());
        Assert.Equal("BS(K=0)", Recency.Bounded(0, Recency.AnyAge).ToString());
        Assert.Equal("Fresh(lease+TT+promise)", Recency.Fresh(FreshAssumptions.All).ToString());
        Assert.Equal("Fresh(TT)", Recency.Fresh(FreshAssumptions.ClockError).ToString());
        Assert.Equal(
            "Idem(sessions+tokens, 3600s)", Idempotence.Idem(KeySpaces.Sessions | KeySpaces.Tokens, 3600).ToString());
        Assert.Equal("Idem(natural, ∞)", Idempotence.Idem(KeySpaces.Natural, Idempotence.Always).ToString());
        Assert.Equal("Auth(mac@7)", Auth.By(AuthKind.Mac, 7).ToString());
        Assert.Equal("Auth(signature)", Auth.By(AuthKind.Signature).ToString());
    }

    private static Guarantee With(Order order) =>
        new(Scope.Range, order, Visibility.Snapshot, Recency.Eventual, default, default);
}
