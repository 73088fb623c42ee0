// Goal: the guarantee vector is a meet lattice, and no path promises more than its weakest hop.
// Method: laws as properties over random vectors (FsCheck shrinks and prints the seed); all lawful orders one by one.
using System;
using System.Linq;
using CoreEngine.Model.Guarantees;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CoreEngine.Model.Tests;

public class GuaranteeLawTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(3000);

    [Fact]
    public void Meet_is_associative() => ForTriples(t => t.A.Meet(t.B).Meet(t.C) == t.A.Meet(t.B.Meet(t.C)));

    [Fact]
    public void Meet_is_commutative() => ForTriples(t => t.A.Meet(t.B) == t.B.Meet(t.A));

    [Fact]
    public void Meet_is_idempotent() => ForTriples(t => t.A.Meet(t.A) == t.A);

    [Fact]
    public void Meet_is_monotone() => ForTriples(t =>
    {
        Guarantee lower = t.A.Meet(t.B);
        return t.A.Meet(t.C).IsAtLeast(lower.Meet(t.C));
    });

    [Fact]
    public void Bottom_absorbs_and_top_is_neutral() => ForTriples(t =>
        t.A.Meet(Guarantee.Bottom) == Guarantee.Bottom
        && t.A.Meet(Guarantee.Top) == t.A
        && t.A.IsAtLeast(Guarantee.Bottom)
        && Guarantee.Top.IsAtLeast(t.A));

    [Fact]
    public void A_vector_is_at_least_another_exactly_when_their_meet_is_the_other() => ForTriples(t =>
        t.A.IsAtLeast(t.B) == (t.A.Meet(t.B) == t.B));

    [Fact]
    public void The_order_is_antisymmetric_and_transitive() => ForTriples(t =>
    {
        Guarantee middle = t.A.Meet(t.B);
        Guarantee low = middle.Meet(t.C);
        bool antisymmetric = !(t.A.IsAtLeast(t.B) && t.B.IsAtLeast(t.A)) || t.A == t.B;
        return antisymmetric && t.A.IsAtLeast(low);
    });

    [Fact]
    public void The_meet_is_the_greatest_of_the_lower_bounds() => ForTriples(t =>
    {
        Guarantee bound = t.C.Meet(t.A).Meet(t.B);
        return t.A.Meet(t.B).IsAtLeast(bound);
    });

    [Fact]
    public void Then_is_associative_and_never_above_the_meet() => ForTriples(t =>
        t.A.Then(t.B).Then(t.C) == t.A.Then(t.B.Then(t.C))
        && t.A.Meet(t.B).IsAtLeast(t.A.Then(t.B)));

    [Fact]
    public void Then_is_monotone() => ForTriples(t =>
    {
        Guarantee lower = t.A.Meet(t.B);
        return t.A.Then(t.C).IsAtLeast(lower.Then(t.C)) && t.C.Then(t.A).IsAtLeast(t.C.Then(lower));
    });

    [Fact]
    public void A_path_never_promises_more_than_any_hop() => Check.One(Thorough, Prop.ForAll(GuaranteeGen.Paths, path =>
    {
        Guarantee met = path.Aggregate((left, right) => left.Meet(right));
        Guarantee chained = path.Aggregate((left, right) => left.Then(right));
        return path.All(hop => hop.IsAtLeast(met) && hop.IsAtLeast(chained));
    }));

    [Fact]
    public void The_places_of_a_vector_are_what_it_was_built_from() => Check.One(
        Thorough,
        Prop.ForAll(GuaranteeGen.Vectors, v =>
            new Guarantee(v.Scope, v.Order, v.Visibility, v.Recency, v.Idempotence, v.Auth) == v));

    [Fact]
    public void The_meet_of_any_two_lawful_orders_is_lawful()
    {
        Assert.Equal(35, GuaranteeGen.Orders.Length);
        foreach (Order left in GuaranteeGen.Orders)
        {
            Assert.All(GuaranteeGen.Orders, right => Assert.True((left & right).IsClosed()));
        }
    }

    private static void ForTriples(Func<(Guarantee A, Guarantee B, Guarantee C), bool> law) =>
        Check.One(Thorough, Prop.ForAll(GuaranteeGen.Triples, law));
}
