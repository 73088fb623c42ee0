// Goal: replicas that die, stop or are restarted cost nothing that was acknowledged, and the others go on. Method: real
// processes under concurrent clients; each fault waits for the state that it must lead to; at the end all replicas are
// killed, started, and judged by the history and by every single acknowledged write.
using System;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Nemesis;

public sealed class ProcessFaultTests(ITestOutputHelper notes)
{
    [Fact]
    public async Task Nemesis_kill_of_leader_follower_and_all()
    {
        using var stage = new Stage();
        await stage.StartAsync();
        NemesisReplica leader = await stage.Cluster.FindLeaderAsync();
        await leader.KillAsync();
        NemesisReplica next = await stage.Cluster.FindLeaderAsync(otherThan: leader);
        await stage.Load.GoesOnAsync();
        await leader.StartAsync();
        await stage.Cluster.CaughtUpAsync(leader);

        NemesisReplica follower = stage.Cluster.Others(next)[0];
        await follower.KillAsync();
        await stage.Load.GoesOnAsync();
        await follower.StartAsync();
        await stage.Cluster.CaughtUpAsync(follower);

        await stage.Cluster.KillAllAsync();
        await stage.Cluster.StartAllAsync();
        await stage.Load.GoesOnAsync();
        notes.WriteLine(await stage.JudgeAsync());
    }

    [Fact]
    public async Task Nemesis_stop_of_the_leader_beyond_the_election_timeout()
    {
        using var stage = new Stage();
        await stage.StartAsync();
        NemesisReplica old = await stage.Cluster.FindLeaderAsync();
        await SleepThroughAsync(stage, old, old.Pause, old.Resume);
        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.Freezer)]
    public async Task Nemesis_freezer_on_the_leader_beyond_the_election_timeout()
    {
        using var stage = new Stage();
        await stage.StartAsync();
        NemesisReplica old = await stage.Cluster.FindLeaderAsync();
        using (var freezer = new FreezerGroup(stage.Scratch, old.ProcessId))
        {
            await SleepThroughAsync(stage, old, freezer.Freeze, freezer.Thaw);
        }

        notes.WriteLine(await stage.JudgeAsync());
    }

    [Fact]
    public async Task Nemesis_rolling_restart_of_all_under_load()
    {
        using var stage = new Stage();
        await stage.StartAsync();
        foreach (NemesisReplica replica in stage.Cluster.Replicas)
        {
            await replica.StopAsync();
            await stage.Load.GoesOnAsync();
            await replica.StartAsync();
            await stage.Cluster.CaughtUpAsync(replica);
        }

        await stage.Load.GoesOnAsync();
        notes.WriteLine(await stage.JudgeAsync());
    }

    /// <summary>A leader that sleeps through an election and wakes up in its old belief.</summary>
    private static async Task SleepThroughAsync(Stage stage, NemesisReplica old, Action sleep, Action wake)
    {
        ulong term = (await stage.Cluster.ViewAsync(old)).Term;
        sleep();
        try
        {
            await stage.Cluster.FindLeaderAsync(otherThan: old);
            await stage.Load.GoesOnAsync();
        }
        finally
        {
            wake();
        }

        await stage.Cluster.WaitAsync(
            views => views[(int)old.Number - 1] is ReplicaView view && view.Term > term,
            $"replica {old.Number} has not learnt that its term {term} is over");
        await stage.Cluster.CaughtUpAsync(old);
        await stage.Load.GoesOnAsync();
    }
}
