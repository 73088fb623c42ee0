using System;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Quorums;
using Xunit;

namespace CoreEngine.Protocol.Tests.Quorums;

/// <summary>Majorities of the membership, against their definition.</summary>
public sealed class QuorumSystemTests
{
    // Goal: S13 and the laws of majorities. Method: known cases, and every bitmap and many vectors for one to seven
    // voters.
    [Fact]
    public void Raft_S13_ThreeKnownOfFiveVotersCommitTheLowest()
    {
        var five = new QuorumSystem([1, 2, 3, 4, 5]);
        Assert.Equal(6ul, five.Reached([10, 10, 6]));
        Assert.Equal(10ul, five.Reached([10, 10, 10]));
        Assert.Equal(0ul, five.Reached([10, 10]));
        Assert.Equal(6ul, five.Reached([10, 0, 6, 0, 10]));
    }

    [Fact]
    public void Raft_S13_ZeroVotersNeverReachAnything()
    {
        var none = new QuorumSystem([]);
        Assert.Equal(0ul, none.Reached([]));
        Assert.False(none.IsQuorum(0));
        Assert.False(none.IsQuorum(ulong.MaxValue));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void QuorumSystem_QuorumsAreExactlyTheMajoritiesAndAlwaysMeet(int count)
    {
        var quorum = new QuorumSystem([.. Enumerable.Range(1, count).Select(i => (uint)i)]);
        ulong all = (1ul << count) - 1;
        for (ulong a = 0; a <= all; a++)
        {
            Assert.Equal(ulong.PopCount(a) * 2 > (ulong)count, quorum.IsQuorum(a));
            Assert.False(quorum.IsQuorum(a | (1ul << count)));
            for (ulong b = 0; b <= all && quorum.IsQuorum(a); b++)
            {
                Assert.True(!quorum.IsQuorum(b) || (a & b) != 0);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(64)]
    public void QuorumSystem_ReachedIsTheHighestValueThatAMajorityHas(int count)
    {
        var quorum = new QuorumSystem([.. Enumerable.Range(1, count).Select(i => (uint)i)]);
        var chance = new Prng((ulong)count);
        for (int i = 0; i < 500; i++)
        {
            ulong[] values = [.. Enumerable.Range(0, count).Select(_ => (ulong)chance.Between(0, 10))];
            ulong reached = quorum.Reached(values);
            Assert.True(values.Count(v => v >= reached) >= quorum.Majority);
            Assert.True(values.Count(v => v >= reached + 1) < quorum.Majority);
        }
    }

    [Fact]
    public void QuorumSystem_PlacesAreRanksOfTheIds()
    {
        var quorum = new QuorumSystem([30, 10, 20]);
        Assert.Equal([0, 1, 2, -1], new uint[] { 10, 20, 30, 40 }.Select(quorum.PlaceOf));
        Assert.Equal(20u, quorum.VoterAt(1));
        Assert.Throws<InvariantException>(() => new QuorumSystem([1, 1]));
    }
}
