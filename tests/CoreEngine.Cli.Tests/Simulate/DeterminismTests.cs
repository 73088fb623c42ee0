// Goal: a seed is one run for ever: neither the collector nor the compiler of the runtime has a say in it.
// Method: the tool as processes with different settings; every rolling hash that they print must be the same.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Cli.Tests.Simulate;

/// <summary>A test that needs the tool as a Debug build, which <c>./build.sh test</c> makes.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DebugBuildFactAttribute : FactAttribute
{
    internal const string Variable = "COREENGINE_DEBUG_TOOL";

    public DebugBuildFactAttribute()
    {
        if (!File.Exists(Environment.GetEnvironmentVariable(Variable)))
        {
            Skip = $"{Variable} names no CoreEngine.Cli.dll (./build.sh test builds one)";
        }
    }
}

public sealed class DeterminismTests
{
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "CoreEngine.Cli.dll");

    private static readonly Dictionary<string, string>[] Settings =
    [
        [],
        new() { ["DOTNET_gcServer"] = "1", ["DOTNET_TieredPGO"] = "0" },
        new() { ["DOTNET_GCgen0size"] = "40000", ["DOTNET_gcConcurrent"] = "0", ["DOTNET_TC_QuickJitForLoops"] = "0" },
        new() { ["DOTNET_TieredCompilation"] = "0", ["DOTNET_ReadyToRun"] = "0" },
        new() { ["DOTNET_EnableHWIntrinsic"] = "0", ["DOTNET_GCgen0size"] = "4000000" },
    ];

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    public async Task Simulate_GivesTheSameHashes_UnderAnySettingsOfTheRuntime(int seed)
    {
        string? expected = null;
        foreach (Dictionary<string, string> settings in Settings)
        {
            string hashes = await HashesAsync(Tool, seed, settings);
            Assert.True(hashes.Split('\n').Length > 10, $"only these hashes:\n{hashes}");
            Assert.Equal(expected ?? hashes, hashes);
            expected = hashes;
        }
    }

    [Fact]
    public async Task Simulate_PrintsHashesThatPart_WhereTwoRunsPart()
    {
        Assert.NotEqual(await HashesAsync(Tool, 3, []), await HashesAsync(Tool, 4, []));
    }

    [DebugBuildFact]
    public async Task Simulate_GivesTheSameHashes_InDebugAndRelease()
    {
        string debug = Environment.GetEnvironmentVariable(DebugBuildFactAttribute.Variable)!;
        Assert.Equal(await HashesAsync(Tool, 7, []), await HashesAsync(debug, 7, []));
    }

    /// <summary>The lines that name a hash: everything else that is printed tells of speed.</summary>
    private static async Task<string> HashesAsync(string tool, int seed, Dictionary<string, string> settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (string argument in (string[])
            [tool, "simulate", "--seed", $"{seed}", "--seconds", "5", "--hash-every", "500"])
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}:\n{output}");
        string[] hashes = Array.FindAll(output.Split('\n'), static line => line.Contains("hash ", default));
        return string.Join('\n', hashes);
    }
}
