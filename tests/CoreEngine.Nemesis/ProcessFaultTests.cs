// Goal: replicas that die, stop or are restarted cost nothing that was acknowledged, and the others go on. Method: real
// processes under concurrent clients; each fault waits for the state that it must lead to; at the end all replicas are
// killed, started, and judged by the history and by every single acknowledged write.
using System;
using System.IO;
using System.Linq;
using System.Text;
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
    public async Task Nemesis_traces_of_killed_processes_obey_the_specification()
    {
        using var stage = new Stage();
        await stage.StartAsync(new ClusterShape { IsTraced = true });
        NemesisReplica leader = await stage.Cluster.FindLeaderAsync();
        await leader.KillAsync();
        await stage.Cluster.FindLeaderAsync(otherThan: leader);
        await stage.Load.GoesOnAsync();
        await leader.StartAsync();
        await stage.Cluster.CaughtUpAsync(leader);
        await stage.Cluster.KillAllAsync();
        await stage.Cluster.StartAllAsync();
        await stage.Load.GoesOnAsync();
        string judged = await stage.JudgeAsync();
        await stage.Cluster.KillAllAsync();

        string[] traces = [.. stage.Cluster.Replicas.Select(static replica => replica.TraceFile!)];
        (int code, string output) = await CheckAsync(stage, traces);
        Assert.True(code == 0, output);
        Assert.Contains("every step is allowed", output, StringComparison.Ordinal);

        // The oracle is awake: the same steps with one replica's votes left out are refused.
        string[] lines = await File.ReadAllLinesAsync(traces[0]);
        await File.WriteAllLinesAsync(
            traces[0],
            lines.Where(static line => !line.Contains("\"name\":\"Persisted\"", StringComparison.Ordinal)));
        (int forged, string found) = await CheckAsync(stage, traces);
        Assert.True(forged == 1, found);
        Assert.Contains("VIOLATION", found, StringComparison.Ordinal);
        notes.WriteLine($"{judged}; {output.ReplaceLineEndings(" ")}");
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

    /// <summary>Runs the tool's own judge over the traces.</summary>
    private static async Task<(int Code, string Output)> CheckAsync(Stage stage, string[] traces)
    {
        var output = new StringBuilder();
        using ToolProcess check = ToolProcess.Start(
            ["check", "--trace", .. traces],
            Path.Combine(stage.Scratch.Path, "check.log"),
            line => output.AppendLine(line));
        int code = await check.WaitAsync();
        return (code, output.ToString());
    }
}
