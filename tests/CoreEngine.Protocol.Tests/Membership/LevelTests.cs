using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Membership;

/// <summary>
/// Goal: a group goes on to newer formats when all members speak them, once, and a build that does not speak them says
/// so (raft.md S57). Method: real cores told to speak older levels; bytes of a configuration of each level.
/// </summary>
public sealed class LevelTests
{
    private const int Old = FeatureLevels.Oldest;
    private const int New = FeatureLevels.Newest;

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void AConfiguration_KeepsItsLevel(int level)
    {
        Configuration configuration = Configuration.OfVoters([1, 2, 3], level);
        byte[] bytes = ConfigurationBody.ToBytes(configuration);
        Assert.Equal(level, ConfigurationBody.LevelOf(bytes));
        Assert.True(ConfigurationBody.TryRead(bytes, 1, out Configuration read));
        Assert.Equal(level, read.Level);
        Assert.Equal(level, read.At(9).Level);
    }

    [Fact]
    public void AConfiguration_OfTheOldLevelIsWrittenAsOldBuildsWroteIt()
    {
        byte[] bytes = ConfigurationBody.ToBytes(Configuration.OfVoters([1], Old));
        Assert.Equal(1u, System.BitConverter.ToUInt32(bytes));
        Assert.Equal(0u, System.BitConverter.ToUInt32(bytes, 28));
    }

    [Theory]
    [InlineData(2, New + 1)]
    [InlineData(3, 0)]
    [InlineData(3, 7)]
    public void AConfiguration_OfALaterLevelIsRefusedAndTold(uint version, int level)
    {
        byte[] bytes = ConfigurationBody.ToBytes(Configuration.OfVoters([1, 2, 3]));
        System.BitConverter.TryWriteBytes(bytes, version);
        System.BitConverter.TryWriteBytes(System.MemoryExtensions.AsSpan(bytes, 28), level);
        Assert.False(ConfigurationBody.TryRead(bytes, 1, out _));
        Assert.True(ConfigurationBody.LevelOf(bytes) > New);
    }

    [Fact]
    public void AGroup_IsRaisedOnceAllMembersSpeakMore_AndNotBefore()
    {
        Cluster cluster = Of(Old, New, Old);
        cluster.Elect(2);
        Assert.Equal(Old, cluster[2].State.Configuration.Level);
        cluster = Of(New, New, New);
        cluster.Elect(2);
        cluster.Run(200);
        foreach (Node node in cluster.Nodes)
        {
            Assert.Equal(New, node.State.Configuration.Level);
            Assert.Equal(3, node.State.Configuration.Members.Length);
        }

        ulong epoch = cluster[2].State.ConfigEpoch;
        cluster.Run(500);
        Assert.Equal(epoch, cluster[2].State.ConfigEpoch);
        Assert.Equal(epoch, cluster[2].Commit);
    }

    [Fact]
    public void AFollower_OfAnOldBuildSaysThatItDoesNotSpeakTheEntry()
    {
        Cluster cluster = Of(New, New, Old);
        cluster.Isolate(3);
        cluster.Elect(1);

        // As if it had spoken more when it was asked, and was started with the old build since.
        cluster[1].State.Peers[2].Level = New;
        cluster.Run(200);
        Assert.Equal(New, cluster[1].State.Configuration.Level);
        ulong before = cluster[3].Commit;
        cluster.Heal();
        cluster[1].Link(3, true);
        ReceiveResult worst = ReceiveResult.Accepted;
        for (int i = 0; i < 20 && worst != ReceiveResult.NewerLevel; i++)
        {
            cluster[3].Persist();
            cluster.Deliver();
            worst = cluster[3].LastResult;
        }

        Assert.Equal(ReceiveResult.NewerLevel, worst);
        Assert.Equal(Old, cluster[3].State.Configuration.Level);
        Assert.True(cluster[3].Commit >= before);
        Assert.Equal(New, cluster[2].State.Configuration.Level);
    }

    private static Cluster Of(params int[] levels)
    {
        Configuration first = Configuration.OfVoters([1, 2, 3], Old);
        return new Cluster(
            3, change: options => options with { First = first, Level = levels[(int)options.Replica - 1] });
    }
}
