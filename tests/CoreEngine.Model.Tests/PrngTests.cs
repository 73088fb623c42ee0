// Goal: the same seed gives the same numbers on every machine and in every version; ranges and odds are kept.
// Method: the published values of SplitMix64; counts over a fixed seed.
using System.Linq;
using Xunit;

namespace CoreEngine.Model.Tests;

public class PrngTests
{
    [Fact]
    public void It_gives_the_published_numbers()
    {
        var zero = new Prng(0);
        Assert.Equal(
            [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC, 0x1B39896A51A8749B],
            Enumerable.Range(0, 5).Select(_ => zero.Next()));
        var other = new Prng(1234567);
        Assert.Equal(
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
            Enumerable.Range(0, 5).Select(_ => other.Next()));
    }

    [Fact]
    public void A_range_is_kept_and_filled()
    {
        var prng = new Prng(42);
        long[] drawn = [.. Enumerable.Range(0, 2000).Select(_ => prng.Between(-3, 4))];
        Assert.Equal([-3, -2, -1, 0, 1, 2, 3], drawn.Distinct().Order());
    }

    [Fact]
    public void The_widest_range_and_the_narrowest_are_kept()
    {
        var prng = new Prng(7);
        Assert.DoesNotContain(
            Enumerable.Range(0, 100), _ => prng.Between(long.MinValue, long.MaxValue) == long.MaxValue);
        Assert.Equal(5, prng.Between(5, 6));
        Assert.Throws<InvariantException>(() => prng.Between(5, 5));
    }

    [Fact]
    public void Odds_are_kept()
    {
        var prng = new Prng(9);
        Assert.InRange(Enumerable.Range(0, 10_000).Count(_ => prng.Chance(1, 4)), 2300, 2700);
        Assert.DoesNotContain(Enumerable.Range(0, 1000), _ => prng.Chance(0, 4));
        Assert.DoesNotContain(Enumerable.Range(0, 1000), _ => !prng.Chance(4, 4));
    }
}
