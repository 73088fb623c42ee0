// Goal: real processes restarted one after another under load: no acknowledged write lost, a linearizable history, no
// wait for an election timeout; and what 'coreengine admin' says meanwhile. Method: the demonstration's three processes
// with election timeouts of seconds, checked clients, and one client that measures the longest time without an
// acknowledgement, for a stop in good order and for SIGKILL.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Workload;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Cli.Tests.Admin;

public sealed class RollingRestartTests(ITestOutputHelper output) : IDisposable
{
    private const int ElectionMinMs = 3_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _path = Path.Combine(AppContext.BaseDirectory, $"rolling-restart-{Environment.ProcessId}");

    [Fact]
    public async Task Cli_RollingRestart_CostsNoElectionTimeoutAndNoWrite()
    {
        using DemoCluster cluster = DemoCluster.Format(DemoDirectory.Create(_path));
        foreach (ReplicaProcess replica in cluster.Replicas)
        {
            string config = await File.ReadAllTextAsync(replica.ConfigFile);
            await File.WriteAllTextAsync(replica.ConfigFile, config
                .Replace("\"electionMinMs\": 300", $"\"electionMinMs\": {ElectionMinMs}", StringComparison.Ordinal)
                .Replace("\"electionMaxMs\": 600", "\"electionMaxMs\": 6000", StringComparison.Ordinal));
        }

        await cluster.StartAsync();
        ReplicaProcess leader = await cluster.FindLeaderAsync(Patience, default);
        string history = Path.Combine(_path, "history.jsonl");
        using var stop = new CancellationTokenSource();
        var options = new WorkloadOptions
        {
            Endpoints = cluster.Endpoints,
            Clients = 4,
            Keys = 16,
            Think = TimeSpan.FromMilliseconds(5),
            History = history,
            Patience = TimeSpan.FromSeconds(5),
        };
        Task load = WorkloadRun.RunAsync(options, TextWriter.Null, stop.Token);
        ReplicaProcess[] order = [.. cluster.Replicas.Where(replica => replica != leader), leader];
        foreach (ReplicaProcess replica in order)
        {
            ReplicaProcess witness = cluster.Replicas.First(other => other != replica && other != leader);
            TimeSpan gap = await GapAsync(witness, async () => Assert.Equal(0, await replica.StopAsync()));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"replica {replica.Replica} stopped{(replica == leader ? ", it led" : "")}: "
                + $"longest time without an acknowledged write {gap.TotalMilliseconds:0} ms"));
            Assert.True(gap < TimeSpan.FromMilliseconds(ElectionMinMs), $"a gap of {gap}");
            await replica.StartAsync();
            await CaughtUpAsync(replica, witness);
        }

        await AskAdminAsync(cluster);
        await stop.CancelAsync();
        await load;
        HistoryJudgement judgement = HistoryJudgement.Of(HistoryFiles.Load([history]), []);
        output.WriteLine($"{judgement.Operations} operations, {judgement.OkPercent:0.0} % ok");
        Assert.Equal(Simulation.Checkers.Verdict.Linearizable, judgement.Verdict.Verdict);
        Assert.True(judgement.Operations > 200, $"only {judgement.Operations} operations");

        // The same without good order: somebody has to notice the silence.
        leader = await cluster.FindLeaderAsync(Patience, default);
        ReplicaProcess left = cluster.Replicas.First(other => other != leader);
        TimeSpan killed = await GapAsync(left, leader.KillAsync);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"the leader killed: {killed.TotalMilliseconds:0} ms"));
        Assert.True(killed >= TimeSpan.FromMilliseconds(ElectionMinMs / 2), $"a gap of {killed} after SIGKILL");
    }

    public void Dispose()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    private static async Task AskAdminAsync(DemoCluster cluster)
    {
        ReplicaProcess leader = await cluster.FindLeaderAsync(Patience, default);
        ReplicaProcess follower = cluster.Replicas.First(replica => replica != leader);
        ReplicaProcess target = cluster.Replicas.First(replica => replica != leader && replica != follower);
        using RespConnection connection = await RespConnection.ConnectAsync(follower.Client, Patience, default);
        using (JsonDocument status = JsonDocument.Parse((await connection.CallAsync("CE.ADMIN", "status")).String!))
        {
            Assert.Equal("follower", status.RootElement.GetProperty("role").GetString());
            Assert.Equal(leader.Replica, status.RootElement.GetProperty("leader").GetUInt32());
            Assert.Equal("none", status.RootElement.GetProperty("failing").GetString());
        }

        string to = target.Replica.ToString(CultureInfo.InvariantCulture);
        using (JsonDocument done = JsonDocument.Parse(
            (await connection.CallAsync("CE.ADMIN", "TRANSFER", to, "5000")).String!))
        {
            Assert.Equal(target.Replica, done.RootElement.GetProperty("leader").GetUInt32());
        }

        Assert.StartsWith(
            "REFUSED TransferTargetUnfit", (await connection.CallAsync("CE.ADMIN", "TRANSFER", "9")).String);
        Assert.StartsWith("ERR ", (await connection.CallAsync("CE.ADMIN", "TRANSFER", "x")).String);
        Assert.StartsWith("ERR ", (await connection.CallAsync("CE.ADMIN", "nothing")).String);
        (int code, string text) = await AdminCalls.ToolAsync(
            "admin", "status", "--json", "--connect", target.Client.ToString());
        Assert.Equal(ExitCode.Ok, code);
        using JsonDocument shown = JsonDocument.Parse(text);
        Assert.Equal("leader", shown.RootElement.GetProperty("role").GetString());
        (code, text) = await AdminCalls.ToolAsync(
            "admin", "transfer", "--to", "9", "--json", "--connect", target.Client.ToString());
        Assert.Equal(ExitCode.Fault, code);
        Assert.Contains("\"error\":\"refused\"", text, StringComparison.Ordinal);
    }

    /// <summary>Writes one after another at a replica that stays, while something is done to another one, until writes
    /// flow again.</summary>
    private static async Task<TimeSpan> GapAsync(ReplicaProcess at, Func<Task> act)
    {
        using RespConnection connection = await RespConnection.ConnectAsync(at.Client, Patience, default);
        Task? acting = null;
        long longest = 0;
        long last = Stopwatch.GetTimestamp();
        long end = last + (long)(Patience.TotalSeconds * Stopwatch.Frequency);
        int after = 0;
        while (after < 20)
        {
            Assert.True(Stopwatch.GetTimestamp() < end, "no write was acknowledged for a minute");
            RespReply reply = await connection.CallAsync("SET", "gap", "x");
            if (reply.Type != RespReplyType.Simple)
            {
                // Refused or unknown: asked again, the gap goes on.
                continue;
            }

            long now = Stopwatch.GetTimestamp();
            longest = long.Max(longest, now - last);
            last = now;
            acting ??= act();
            after += acting.IsCompleted ? 1 : 0;
        }

        await acting!;
        return TimeSpan.FromSeconds((double)longest / Stopwatch.Frequency);
    }

    private static async Task CaughtUpAsync(ReplicaProcess replica, ReplicaProcess witness)
    {
        using RespConnection one = await RespConnection.ConnectAsync(replica.Client, Patience, default);
        using RespConnection other = await RespConnection.ConnectAsync(witness.Client, Patience, default);
        ulong wanted = await CommittedAsync(other);
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (await CommittedAsync(one) < wanted)
        {
            Assert.True(Environment.TickCount64 < end, "a restarted replica does not catch up");
        }
    }

    private static async Task<ulong> CommittedAsync(RespConnection connection)
    {
        using JsonDocument status = JsonDocument.Parse((await connection.CallAsync("CE.ADMIN", "STATUS")).String!);
        return status.RootElement.GetProperty("applied").GetUInt64();
    }
}
