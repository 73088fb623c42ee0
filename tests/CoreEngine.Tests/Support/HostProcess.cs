using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Tests.Support;

/// <summary>The test host as a process of its own, on a directory that outlives it.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process _process;

    private HostProcess(Process process) => _process = process;

    internal int Id => _process.Id;

    /// <summary>What the host said about its way to the disk.</summary>
    internal string Backends { get; private set; } = string.Empty;

    internal static EngineOptions Options(string directory) => new()
    {
        Replica = 1,
        Directory = directory,
        Listen = Cluster.FreeAddress(),
        SegmentBytes = 1024 * 1024,
        Heartbeat = TimeSpan.FromMilliseconds(20),
        ElectionMin = TimeSpan.FromMilliseconds(60),
        ElectionMax = TimeSpan.FromMilliseconds(90),
    };

    internal static void Format(string directory) => Engine.Format(directory, new ClusterId(5, 5), 1, 1024 * 1024);

    internal static async Task<HostProcess> StartAsync(string directory)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "CoreEngine.Tests.Host.dll");
        string runner = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(
            runner, [program, directory, Cluster.FreeAddress().Port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var host = new HostProcess(Process.Start(start)!);
        string ready = await host.ReadAsync() ?? string.Empty;
        Assert.StartsWith("ready ", ready, StringComparison.Ordinal);
        host.Backends = ready;
        return host;
    }

    internal void Run(int count, int outstanding) =>
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {count} {outstanding}"));

    internal async Task<string?> ReadAsync() =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(Cluster.Patience);

    /// <summary>
    /// Reads acknowledgements, at most so many, until another line or the end of the process comes; returns that
    /// line.
    /// </summary>
    internal async Task<string?> ReadAcksAsync(Dictionary<ulong, ulong> acks, int most = int.MaxValue)
    {
        for (int i = 0; i < most; i++)
        {
            string? line = await ReadAsync();
            if (line is null || !TryParse(line, acks))
            {
                return line;
            }
        }

        return null;
    }

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Cluster.Patience);
    }

    /// <summary>
    /// Opens the directory in this process and demands that every acknowledged number stands at its index.
    /// </summary>
    internal static async Task VerifyAsync(string directory, Dictionary<ulong, ulong> acks)
    {
        await using Engine engine = await Engine.OpenAsync(Options(directory));
        var machine = new RecordingMachine();
        Group group = await engine.OpenGroupAsync("test", machine, GroupOptions.Raft());
        using var patience = new System.Threading.CancellationTokenSource(Cluster.Patience);
        while (!(await group.ReadAsync(Read.Linearizable, patience.Token)).IsGranted)
        {
            await Task.Yield();
        }

        var heads = await group.QueryAsync<RecordingMachine, int, Dictionary<ulong, ulong>>(
            static (m, _) => new Dictionary<ulong, ulong>(m.Heads), 0);
        foreach ((ulong index, ulong number) in acks)
        {
            bool found = heads.Value!.TryGetValue(index, out ulong value);
            Assert.True(found && value == number, $"acknowledged {number} at {index} is lost, there is {value}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static bool TryParse(string line, Dictionary<ulong, ulong> acks)
    {
        string[] words = line.Split(' ');

        // A process that was killed may leave half a line: its acknowledgement never reached anybody.
        if (words.Length != 3 || words[0] != "ack")
        {
            return false;
        }

        acks.Add(
            ulong.Parse(words[1], CultureInfo.InvariantCulture), ulong.Parse(words[2], CultureInfo.InvariantCulture));
        return true;
    }
}
