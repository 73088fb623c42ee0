// Goal: whatever the network does, nothing acknowledged is lost, nobody without a quorum answers, and a quorum that can
// talk goes on. Method: each replica in a network namespace of its own, cut by packet filters one way or both, or by
// pulling its cable; clients stand outside and reach every replica all the time.
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Nemesis;

public sealed class NetworkFaultTests(ITestOutputHelper notes)
{
    private const int Replicas = 3;

    [NeedsFact(Need.Network)]
    public async Task Nemesis_isolated_leader_answers_nobody_and_the_others_go_on()
    {
        using var stage = new Stage();
        NetworkLab network = await StartAsync(stage);
        NemesisReplica old = await stage.Cluster.FindLeaderAsync();
        network.Isolate(old.Number);
        await stage.Cluster.FindLeaderAsync(otherThan: old);
        await stage.Load.GoesOnAsync();
        await DeniesAsync(stage, old, "SET", "isolated", "1");
        await DeniesAsync(stage, old, "GET", "isolated");
        network.Heal();
        await stage.Cluster.CaughtUpAsync(old);
        await stage.Load.GoesOnAsync();
        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.Network)]
    public async Task Nemesis_leader_that_nobody_hears_or_that_hears_nobody_is_replaced()
    {
        using var stage = new Stage();
        NetworkLab network = await StartAsync(stage);
        NemesisReplica mute = await stage.Cluster.FindLeaderAsync();
        foreach (NemesisReplica other in stage.Cluster.Others(mute))
        {
            network.DropOneWay(mute.Number, other.Number);
        }

        await stage.Cluster.FindLeaderAsync(otherThan: mute);
        await stage.Load.GoesOnAsync();
        network.Heal();
        await stage.Cluster.CaughtUpAsync(mute);

        NemesisReplica deaf = await stage.Cluster.FindLeaderAsync();
        foreach (NemesisReplica other in stage.Cluster.Others(deaf))
        {
            network.DropOneWay(other.Number, deaf.Number);
        }

        await stage.Cluster.FindLeaderAsync(otherThan: deaf);
        await stage.Load.GoesOnAsync();
        network.Heal();
        await stage.Cluster.CaughtUpAsync(deaf);
        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.Network)]
    public async Task Nemesis_one_cut_pair_is_survived_and_all_apart_means_no_write()
    {
        using var stage = new Stage();
        NetworkLab network = await StartAsync(stage);
        NemesisReplica leader = await stage.Cluster.FindLeaderAsync();
        network.Cut(leader.Number, stage.Cluster.Others(leader)[0].Number);
        await stage.Load.GoesOnAsync(200);

        foreach (NemesisReplica replica in stage.Cluster.Replicas)
        {
            network.Isolate(replica.Number);
        }

        await stage.Load.StandsStillAsync();
        network.Heal();
        await stage.Load.GoesOnAsync();
        foreach (NemesisReplica replica in stage.Cluster.Replicas)
        {
            await stage.Cluster.CaughtUpAsync(replica);
        }

        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.Network)]
    public async Task Nemesis_pulled_cable_of_the_leader()
    {
        using var stage = new Stage();
        NetworkLab network = await StartAsync(stage);
        NemesisReplica old = await stage.Cluster.FindLeaderAsync();
        network.SetCable(old.Number, isPlugged: false);
        await stage.Cluster.FindLeaderAsync(otherThan: old);
        await stage.Load.GoesOnAsync();
        network.SetCable(old.Number, isPlugged: true);
        await stage.Cluster.CaughtUpAsync(old);
        await stage.Load.GoesOnAsync();
        notes.WriteLine(await stage.JudgeAsync());
    }

    private static async Task<NetworkLab> StartAsync(Stage stage)
    {
        NetworkLab network = stage.Make(() => new NetworkLab(stage.Scratch, Replicas));
        await stage.StartAsync(new ClusterShape { Replicas = Replicas, Network = network });
        return network;
    }

    /// <summary>A replica without a quorum must not say that a write is done, nor what is written.</summary>
    private static async Task DeniesAsync(Stage stage, NemesisReplica replica, params string[] command)
    {
        using RespConnection connection = await RespConnection.ConnectAsync(
            replica.Client, NemesisCluster.Patience, default, stage.Cluster.Shape.Network!.OpenSocket);
        RespReply reply = await connection.CallAsync(command);
        Assert.True(reply.Type == RespReplyType.Error, $"{command[0]} was answered: {reply.Type} {reply.String}");
    }
}
