// Goal: the operator's commands for members and snapshots do what they say, on real processes: a replica that joins is
// added and becomes a voter with all data, one is removed and knows it, and a senseless wish is refused with a reason.
using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Text.Json;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Workload;
using Xunit;

namespace CoreEngine.Cli.Tests.Admin;

public sealed class MembersTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _path = Path.Combine(AppContext.BaseDirectory, $"members-{Environment.ProcessId}");

    [Fact]
    public async Task Cli_Admin_AddsSnapshotsAndRemoves()
    {
        var directory = DemoDirectory.Create(_path);
        using DemoCluster cluster = DemoCluster.Format(directory);
        await cluster.StartAsync();
        ReplicaProcess asked = await cluster.FindLeaderAsync(Patience, default);
        using RespConnection client = await RespConnection.ConnectAsync(asked.Client, Patience, default);
        Assert.Equal("OK", (await client.CallAsync("SET", "greeting", "hello")).String);
        await AdminCalls.VotersAsync(asked, 1, 2, 3);

        using ReplicaProcess joiner = AdminCalls.FormatJoiner(directory, 4, asked.ConfigFile, out IPEndPoint listen);
        await joiner.StartAsync();
        JsonElement before = await AdminCalls.AdminAsync(asked, "members");
        JsonElement added = await AdminCalls.AdminAsync(asked, "add", "4", listen.ToString());
        Assert.True(added.GetProperty("epoch").GetUInt64() > before.GetProperty("epoch").GetUInt64());
        await AdminCalls.VotersAsync(joiner, 1, 2, 3, 4);
        using RespConnection other = await RespConnection.ConnectAsync(joiner.Client, Patience, default);
        Assert.Equal("hello", (await other.CallAsync("GET", "greeting")).String);

        JsonElement taken = await AdminCalls.AdminAsync(joiner, "snapshot");
        ulong index = taken.GetProperty("index").GetUInt64();
        JsonElement status = await AdminCalls.AdminAsync(joiner, "status");
        Assert.InRange(index, added.GetProperty("epoch").GetUInt64(), status.GetProperty("applied").GetUInt64());
        Assert.True(taken.GetProperty("bytes").GetInt64() > 0);

        await AdminCalls.AdminAsync(joiner, "remove", "4");
        await AdminCalls.VotersAsync(asked, 1, 2, 3);
        await RefusedAsync(asked, "refused", "remove", "9");
        await RefusedAsync(asked, "error", "add", "5", "nowhere");
        await RefusedAsync(asked, "error", "remove", "0");
        (int code, _) = await AdminCalls.ToolAsync("admin", "force-recover", "--connect", asked.Client.ToString());
        Assert.Equal(ExitCode.BadInput, code);
        Assert.Equal("hello", (await client.CallAsync("GET", "greeting")).String);
    }

    public void Dispose()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    private static async Task RefusedAsync(ReplicaProcess at, string kind, params string[] words)
    {
        (int code, string text) = await AdminCalls.ToolAsync(
            ["admin", .. words, "--json", "--connect", at.Client.ToString()]);
        Assert.NotEqual(ExitCode.Ok, code);
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"\"error\":\"{kind}\""), text, StringComparison.Ordinal);
    }
}
