using CoreEngine.Model;
using CoreEngine.Protocol.Time;
using Xunit;

namespace CoreEngine.Protocol.Tests.Time;

/// <summary>Stamps rise whatever the wall clock does, and stay close to it.</summary>
public sealed class HybridClockTests
{
    // Goal: strictly rising, above what was observed, milliseconds in the high bits. Method: a wall clock that jumps
    // both ways.
    [Fact]
    public void HybridClock_RisesWhateverTheWallClockDoes()
    {
        var clock = default(HybridClock);
        var chance = new Prng(5);
        ulong last = 0;
        for (int i = 0; i < 10_000; i++)
        {
            if (chance.Chance(1, 10))
            {
                clock.Observe((ulong)chance.Between(0, 1L << 40));
            }

            ulong seen = clock.Last;
            ulong stamp = clock.Next(chance.Between(-1_000_000_000, 20_000_000_000));
            Assert.True(stamp > last && stamp > seen);
            last = stamp;
        }
    }

    [Fact]
    public void HybridClock_CarriesMillisecondsAboveTheCounter()
    {
        var clock = default(HybridClock);
        Assert.Equal(1234ul << 16, clock.Next(1_234_567_890));
        Assert.Equal((1234ul << 16) + 1, clock.Next(1_234_567_999));
        Assert.Equal(1235ul << 16, clock.Next(1_235_000_000));
        clock.Observe(ulong.MaxValue);
        Assert.Equal((1235ul << 16) + 1, clock.Next(1_235_000_000));
    }
}
