using System;
using System.Globalization;
using System.Net;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;

namespace CoreEngine.Cli.Demo;

/// <summary>One replica of the demonstration: its place on disk, its ports, and its present process, if any.</summary>
internal sealed class ReplicaProcess(DemoDirectory directory, uint replica, IPEndPoint client) : IDisposable
{
    private ToolProcess? _process;

    internal uint Replica { get; } = replica;

    /// <summary>Where its clients connect.</summary>
    internal IPEndPoint Client { get; } = client;

    internal bool IsRunning => _process is { HasExited: false };

    internal string ConfigFile =>
        directory.File(string.Create(CultureInfo.InvariantCulture, $"replica-{Replica}.json"));

    internal string DataDirectory => directory.File(string.Create(CultureInfo.InvariantCulture, $"replica-{Replica}"));

    /// <summary>Starts the process and waits until it serves clients.</summary>
    /// <exception cref="DemoException">It ended before that; the message holds its last words.</exception>
    internal async Task StartAsync()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process?.Dispose();
        string log = directory.File(string.Create(CultureInfo.InvariantCulture, $"replica-{Replica}.log"));
        ToolProcess process = ToolProcess.Start(["run", "--config", ConfigFile, "--stop-with-parent"], log, line =>
        {
            if (line.StartsWith(RunCommand.ReadyWord, StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        });
        _process = process;
        if (await Task.WhenAny(ready.Task, process.WaitAsync()) != ready.Task)
        {
            throw new DemoException($"replica {Replica} ended before it was ready:\n{process.Tail()}");
        }
    }

    /// <summary>SIGKILL. Returns once the process is gone.</summary>
    internal async Task KillAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitAsync();
        }
    }

    /// <summary>Asks the process to end in good order. Returns its exit code once it is gone.</summary>
    internal async Task<int> StopAsync()
    {
        if (_process is null)
        {
            return ExitCode.Ok;
        }

        _process.CloseInput();
        return await _process.WaitAsync();
    }

    public void Dispose() => _process?.Dispose();
}
