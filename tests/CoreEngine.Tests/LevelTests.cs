// Goal: a host that starts an older build on a group which has gone on to newer formats is told so, and nothing is
// lost. Method: engines on loopback, told to speak an older feature level.
using System;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class LevelTests
{
    [Fact]
    public async Task Raft_S57_an_older_build_refuses_a_group_that_has_gone_on_and_names_both_levels()
    {
        await using Cluster cluster = await Cluster.OpenAsync(
            1, static options => options with { FeatureLevel = FeatureLevels.Oldest });
        await cluster.LeaderAsync();
        ulong written = (await cluster.CommitAsync(7)).Coordinate.Index;
        Assert.Equal(FeatureLevels.Oldest, cluster.Group(1).FeatureLevel);

        // The newer build goes on by itself: nobody else must be waited for.
        await cluster.StopAsync(1);
        cluster.Options = static options => options;
        await cluster.StartAsync(1);
        await cluster.LeaderAsync();
        await cluster.CommitAsync(8);
        Assert.Equal(FeatureLevels.Newest, cluster.Group(1).FeatureLevel);

        await cluster.StopAsync(1);
        cluster.Options = static options => options with { FeatureLevel = FeatureLevels.Oldest };
        await using (Engine old = await Engine.OpenAsync(cluster.OptionsOf(1)))
        {
            EngineOpenException error = await Assert.ThrowsAsync<EngineOpenException>(
                async () => await old.OpenGroupAsync("test", new RecordingMachine(), GroupOptions.Raft()));
            Assert.Contains("feature level 2", error.Message, StringComparison.Ordinal);
            Assert.Contains("speaks up to 1", error.Message, StringComparison.Ordinal);
        }

        cluster.Options = static options => options;
        await cluster.StartAsync(1);
        await cluster.Group(1).WaitAsync(Frontier.Applied, written + 2).WaitAsync(Cluster.Patience);
        Assert.Equal(7UL, cluster.Machine(1).Heads[written]);
    }

    [Fact]
    public async Task A_level_that_this_build_does_not_speak_is_refused_by_name()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        EngineOptions options = cluster.OptionsOf(1) with { FeatureLevel = FeatureLevels.Newest + 1 };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            async () => await Engine.OpenAsync(options));
        Assert.Contains(nameof(EngineOptions.FeatureLevel), error.Message, StringComparison.Ordinal);
    }
}
