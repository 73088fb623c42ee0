// Goal: coordinates of one group are totally ordered, by config epoch, term, index; across groups they do not compare.
// Method: the order's laws as properties, against the order of tuples.
using System;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CoreEngine.Model.Tests;

public class LineCoordinateTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(3000);

    private static Gen<LineCoordinate> Coordinate =>
        from epoch in Gen.Elements(0ul, 1ul, 2ul, ulong.MaxValue)
        from term in Gen.Elements(0ul, 1ul, 2ul, ulong.MaxValue)
        from index in Gen.Elements(0ul, 1ul, 2ul, ulong.MaxValue)
        select new LineCoordinate(7, epoch, term, index);

    [Fact]
    public void The_order_is_total() => ForTriples((a, b, _) =>
        (a < b ? 1 : 0) + (a > b ? 1 : 0) + (a == b ? 1 : 0) == 1
        && (a <= b) == !(a > b)
        && (a >= b) == !(a < b));

    [Fact]
    public void The_order_is_transitive() => ForTriples((a, b, c) => !(a <= b && b <= c) || a <= c);

    [Fact]
    public void The_order_is_that_of_config_epoch_term_index() => ForTriples((a, b, _) =>
        Math.Sign(a.CompareTo(b)) == Math.Sign(
            (a.ConfigEpoch, a.LeaderEpoch, a.Index).CompareTo((b.ConfigEpoch, b.LeaderEpoch, b.Index))));

    [Fact]
    public void Coordinates_of_different_groups_do_not_compare()
    {
        var left = new LineCoordinate(1, 0, 1, 1);
        LineCoordinate right = left with { Group = 2 };
        Assert.Throws<ArgumentException>(() => left.CompareTo(right));
        Assert.NotEqual(left, right);
    }

    [Fact]
    public void It_prints_group_epoch_term_index() =>
        Assert.Equal("g3/c12/t4/i99", new LineCoordinate(3, 12, 4, 99).ToString());

    private static void ForTriples(Func<LineCoordinate, LineCoordinate, LineCoordinate, bool> law) => Check.One(
        Thorough,
        Prop.ForAll(
            (from a in Coordinate from b in Coordinate from c in Coordinate select (a, b, c)).ToArbitrary(),
            t => law(t.a, t.b, t.c)));
}
