using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;
using CoreEngine.Cli.Demo;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>One replica under test: its place on disk, its addresses, and its present process, if any.</summary>
internal sealed class NemesisReplica(uint number, string directory, string workPlace, IPEndPoint client) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private ToolProcess? _process;

    internal uint Number { get; } = number;

    internal string DataDirectory { get; } = directory;

    /// <summary>Where its clients connect.</summary>
    internal IPEndPoint Client { get; } = client;

    internal string ConfigFile => Path.Combine(workPlace, $"replica-{Number}.json");

    /// <summary>What it said on standard error, all lives together.</summary>
    internal string LogFile => Path.Combine(workPlace, $"replica-{Number}.log");

    /// <summary>Where it writes its protocol trace; null: nowhere.</summary>
    internal string? TraceFile { get; init; }

    /// <summary>What it is started through; null starts it as it is.</summary>
    internal IReadOnlyList<string>? Through { get; init; }

    internal int ProcessId => _process?.Id ?? throw new NemesisException($"replica {Number} was not started");

    internal bool IsRunning => _process is { HasExited: false };

    /// <summary>Starts the process and waits until it serves clients.</summary>
    /// <exception cref="NemesisException">It ended before that, or was not ready in time.</exception>
    internal async Task StartAsync()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process?.Dispose();
        ToolProcess process = ToolProcess.Start(
            TraceFile is null
                ? ["run", "--config", ConfigFile, "--stop-with-parent"]
                : ["run", "--config", ConfigFile, "--stop-with-parent", "--protocol-trace", TraceFile],
            LogFile,
            line =>
            {
                if (line.StartsWith(RunCommand.ReadyWord, StringComparison.Ordinal))
                {
                    ready.TrySetResult();
                }
            },
            Through);
        _process = process;
        Task first = await Task.WhenAny(ready.Task, process.WaitAsync(), Task.Delay(Patience));
        if (first != ready.Task)
        {
            string what = process.HasExited ? "ended before it was ready" : "was not ready in time";
            throw new NemesisException($"replica {Number} {what}:\n{process.Tail()}");
        }
    }

    /// <summary>SIGKILL. Returns once the process is gone.</summary>
    internal async Task KillAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await ExitAsync();
        }
    }

    /// <summary>Asks the process to end by itself, and waits for it.</summary>
    /// <exception cref="NemesisException">It did not end well.</exception>
    internal async Task StopAsync()
    {
        _process!.CloseInput();
        int code = await ExitAsync();
        if (code != 0)
        {
            throw new NemesisException($"replica {Number} was asked to end and ended with {code}:\n{Tail()}");
        }
    }

    /// <summary>Waits for the process to end, by itself or not; returns its exit code.</summary>
    internal async Task<int> ExitAsync()
    {
        Task<int> exit = _process!.WaitAsync();
        return await Task.WhenAny(exit, Task.Delay(Patience)) == exit
            ? await exit
            : throw new NemesisException($"replica {Number} did not end within {Patience.TotalSeconds:0} s");
    }

    /// <summary>SIGSTOP: the process does nothing more, its sockets stay open.</summary>
    internal void Pause() => Signal(NativeMethods.SignalStop);

    /// <summary>SIGCONT.</summary>
    internal void Resume() => Signal(NativeMethods.SignalContinue);

    /// <summary>The last lines that the process wrote to standard error.</summary>
    internal string Tail() => _process?.Tail() ?? string.Empty;

    public void Dispose() => _process?.Dispose();

    private void Signal(int signal)
    {
        if (NativeMethods.Kill(ProcessId, signal) != 0)
        {
            string reason = Marshal.GetLastPInvokeErrorMessage();
            throw new NemesisException($"signal {signal} to replica {Number}: {reason}");
        }
    }
}
