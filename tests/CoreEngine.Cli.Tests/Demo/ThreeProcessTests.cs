// Goal: what was acknowledged survives SIGKILL of the leader, and of all replicas at once, in real processes.
// Method: the demonstration's own cluster of three processes; conditions are waited for with a bound, never slept for.
using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Workload;
using Xunit;

namespace CoreEngine.Cli.Tests.Demo;

public sealed class ThreeProcessTests : IDisposable
{
    private const int Keys = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _path = Path.Combine(AppContext.BaseDirectory, $"three-processes-{Environment.ProcessId}");

    [Fact]
    public async Task Cli_ThreeProcesses_KeepWhatWasAcknowledgedThroughEveryKill()
    {
        using DemoCluster cluster = DemoCluster.Format(DemoDirectory.Create(_path));
        await cluster.StartAsync();
        ReplicaProcess leader = await cluster.FindLeaderAsync(Patience, default);
        await WriteAsync(leader, "first");

        await leader.KillAsync();
        ReplicaProcess[] others = [.. cluster.Replicas.Where(replica => replica != leader)];
        await LeaderProbe.WaitForWriteAsync([.. others.Select(static replica => replica.Client)], Patience, default);
        foreach (ReplicaProcess other in others)
        {
            await ReadAsync(other, "first");
        }

        await WriteAsync(others[0], "second");
        await leader.StartAsync();
        await ReadAsync(leader, "second");

        await Task.WhenAll(cluster.Replicas.Select(static replica => replica.KillAsync()));
        await cluster.StartAsync();
        await LeaderProbe.WaitForWriteAsync(cluster.Endpoints, Patience, default);
        foreach (ReplicaProcess replica in cluster.Replicas)
        {
            await ReadAsync(replica, "second");
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    private static async Task WriteAsync(ReplicaProcess replica, string value)
    {
        using RespConnection connection = await RespConnection.ConnectAsync(replica.Client, Patience, default);
        for (int i = 0; i < Keys; i++)
        {
            connection.Begin(3);
            connection.Add("SET");
            connection.Add(Key(i));
            connection.Add(value);
        }

        await connection.FlushAsync();
        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal("OK", (await connection.ReadAsync()).String);
        }
    }

    /// <summary>
    /// A read is refused while no leader is known or proven; such a refusal is asked again, a wrong value is not.
    /// </summary>
    private static async Task ReadAsync(ReplicaProcess replica, string value)
    {
        using RespConnection connection = await RespConnection.ConnectAsync(replica.Client, Patience, default);
        long deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        for (int i = 0; i < Keys; i++)
        {
            RespReply reply = await connection.CallAsync("GET", Key(i));
            while (reply.Type == RespReplyType.Error)
            {
                Assert.True(Environment.TickCount64 < deadline, reply.String);
                reply = await connection.CallAsync("GET", Key(i));
            }

            Assert.Equal(value, reply.String);
        }
    }

    private static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"key-{number}");
}
