// Goal: a cluster of real processes grows from three to five and shrinks to three, until no founder is left, under
// load: no acknowledged write is lost, the history is linearizable, and the new members alone serve all of it. Method:
// checked clients and redis-benchmark go on throughout; all is done with 'coreengine admin', at leaders and followers.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Tests.Server;
using CoreEngine.Cli.Workload;
using CoreEngine.Simulation.Checkers;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Cli.Tests.Admin;

public sealed class ReplacementTests(ITestOutputHelper output) : IDisposable
{
    private const int Keys = 16;
    private const int FinalProcess = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _path = Path.Combine(AppContext.BaseDirectory, $"replacement-{Environment.ProcessId}");
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    [ToolFact("redis-benchmark")]
    public async Task Cli_GrowToFiveShrinkToThree_ReplacesEveryFounderUnderLoad()
    {
        var directory = DemoDirectory.Create(_path);
        using DemoCluster cluster = DemoCluster.Format(directory);
        IReadOnlyList<ReplicaProcess> founders = cluster.Replicas;
        string settings = founders[0].ConfigFile;
        using ReplicaProcess fourth = AdminCalls.FormatJoiner(directory, 4, settings, out IPEndPoint atFourth);
        using ReplicaProcess fifth = AdminCalls.FormatJoiner(directory, 5, fourth.ConfigFile, out IPEndPoint atFifth);
        using ReplicaProcess sixth = AdminCalls.FormatJoiner(directory, 6, fifth.ConfigFile, out IPEndPoint atSixth);
        ReplicaProcess[] heirs = [fourth, fifth, sixth];
        await cluster.StartAsync();
        ReplicaProcess leader = await cluster.FindLeaderAsync(Patience, default);
        ReplicaProcess[] others = [.. founders.Where(replica => replica != leader)];

        using var stop = new CancellationTokenSource();
        string history = Path.Combine(_path, "history.jsonl");
        IPEndPoint[] endpoints = [.. founders.Concat(heirs).Select(static replica => replica.Client)];
        Task load = WorkloadRun.RunAsync(Checked(endpoints, history), TextWriter.Null, stop.Token);
        using (var benchmark = new BenchmarkLoad(others[1].Client))
        {
            await AddAsync(fourth, atFourth, leader, 1, 2, 3, 4);
            await AddAsync(fifth, atFifth, others[0], 1, 2, 3, 4, 5);
            await benchmark.MoveToAsync(fourth.Client);
            await RemoveAsync(others[0], fifth, fourth, Left(others[0]));
            await RemoveAsync(leader, fifth, fourth, Left(others[0], leader));
            await SnapshotAsync(fourth, fifth, others[1]);
            await AddAsync(sixth, atSixth, fourth, [.. Left(others[0], leader), 6]);
            await RemoveAsync(others[1], sixth, fourth, 4, 5, 6);
            await benchmark.EndAsync();
            Note($"redis-benchmark: {benchmark.Runs} runs, {benchmark.Refused} of them ended by a refusal");
            Assert.True(benchmark.Runs > benchmark.Refused, "redis-benchmark finished no run");
        }

        await stop.CancelAsync();
        await load;
        await JudgeAsync(history, heirs);
    }

    public void Dispose()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    private static WorkloadOptions Checked(IReadOnlyList<IPEndPoint> endpoints, string history) => new()
    {
        Endpoints = endpoints,
        Clients = 4,
        Keys = Keys,
        Think = TimeSpan.FromMilliseconds(5),
        History = history,
        Patience = TimeSpan.FromSeconds(5),
    };

    /// <summary>The five, without those that are gone.</summary>
    private static uint[] Left(params ReplicaProcess[] gone) =>
        [.. new uint[] { 1, 2, 3, 4, 5 }.Except(gone.Select(static replica => replica.Replica))];

    private async Task AddAsync(ReplicaProcess joiner, IPEndPoint listen, ReplicaProcess asked, params uint[] voters)
    {
        await joiner.StartAsync();
        string number = joiner.Replica.ToString(CultureInfo.InvariantCulture);
        await AdminCalls.AdminAsync(asked, "add", number, listen.ToString());
        await AdminCalls.VotersAsync(joiner, voters);
        Note($"replica {number} added at replica {asked.Replica}");
    }

    private async Task RemoveAsync(
        ReplicaProcess leaving, ReplicaProcess asked, ReplicaProcess witness, params uint[] voters)
    {
        JsonElement status = await AdminCalls.AdminAsync(leaving, "status");
        string number = leaving.Replica.ToString(CultureInfo.InvariantCulture);
        await AdminCalls.AdminAsync(asked, "remove", number);
        long stopping = Stopwatch.GetTimestamp();
        Assert.Equal(0, await leaving.StopAsync().WaitAsync(Patience));
        await AdminCalls.VotersAsync(witness, voters);
        Note($"replica {number}, {status.GetProperty("role")}, removed at replica {asked.Replica}, "
            + string.Create(
                CultureInfo.InvariantCulture,
                $"stopped in {Stopwatch.GetElapsedTime(stopping).TotalMilliseconds:0} ms"));
    }

    private async Task SnapshotAsync(params ReplicaProcess[] members)
    {
        foreach (ReplicaProcess member in members)
        {
            JsonElement taken = await AdminCalls.AdminAsync(member, "snapshot");
            Note($"snapshot at replica {member.Replica}: {taken}");
        }
    }

    /// <summary>The new members alone: they agree who they are, and hold all that was acknowledged.</summary>
    private async Task JudgeAsync(string history, ReplicaProcess[] heirs)
    {
        foreach (ReplicaProcess heir in heirs)
        {
            await AdminCalls.VotersAsync(heir, 4, 5, 6);
        }

        string last = Path.Combine(_path, "last.jsonl");
        string[] keys = [.. Enumerable.Range(0, Keys).Select(static key => $"checked:{key}")];
        int reads = await FinalReads.RecordAsync(
            last, keys, [.. heirs.Select(static heir => heir.Client)], FinalProcess, default);
        Assert.Equal(Keys * heirs.Length, reads);
        HistoryJudgement judgement = HistoryJudgement.Of(HistoryFiles.Load([history, last]), []);
        Note(string.Create(
            CultureInfo.InvariantCulture, $"{judgement.Operations} operations, {judgement.OkPercent:0.0} % ok"));
        Assert.Equal(Verdict.Linearizable, judgement.Verdict.Verdict);
        Assert.True(judgement.Operations > 500, $"only {judgement.Operations} operations");
    }

    private void Note(string what) => output.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,5:0.0} s  {what}"));
}
