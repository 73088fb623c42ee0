// Goal: the stock tools work against the server as they are.
// Method: redis-cli and redis-benchmark as processes; without them the tests are skipped, with that reason.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Cli.Tests.Server;

/// <summary>A test that needs a program, and is skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(string tool)
    {
        Tool = tool;
        string path = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
        if (!path.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool))))
        {
            Skip = $"{tool} is not installed (apt-get install redis-tools)";
        }
    }

    public string Tool { get; }
}

public sealed class StockToolTests
{
    [ToolFact("redis-cli")]
    public async Task Redis_cli_reads_what_it_wrote()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();

        Assert.Equal("OK", await RunAsync(replica, "redis-cli", "SET", "greeting", "hello world"));
        Assert.Equal("hello world", await RunAsync(replica, "redis-cli", "GET", "greeting"));
        Assert.Contains(
            "role:leader", await RunAsync(replica, "redis-cli", "INFO", "replication"), StringComparison.Ordinal);
    }

    [ToolFact("redis-benchmark")]
    public async Task Redis_benchmark_runs_pipelined()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();

        string output = await RunAsync(
            replica, "redis-benchmark", "-n", "5000", "-P", "16", "-c", "20", "-t", "ping,set,get,incr", "--csv");

        Assert.All(["PING_MBULK", "SET", "GET", "INCR"], test =>
            Assert.Contains($"\"{test}\"", output, StringComparison.Ordinal));
        Assert.DoesNotContain("ERR", output, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(ServedReplica replica, string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-p");
        start.ArgumentList.Add(replica.Endpoint.Port.ToString(CultureInfo.InvariantCulture));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((0, string.Empty), (process.ExitCode, (await errors).Trim()));
        return output.Trim();
    }
}
