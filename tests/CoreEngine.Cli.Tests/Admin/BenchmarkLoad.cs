using System;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Cli.Tests.Admin;

/// <summary>Writes of redis-benchmark at one replica, run after run, until told to end. It gives up at the first error
/// reply: one that says that the write had no effect, between two leaders, is counted; any other fails.</summary>
internal sealed class BenchmarkLoad : IDisposable
{
    private readonly CancellationTokenSource _kill = new();
    private readonly Task _running;
    private volatile IPEndPoint _at;
    private volatile bool _ends;
    private TaskCompletionSource? _moved;

    internal BenchmarkLoad(IPEndPoint at)
    {
        _at = at;
        _running = RunAsync();
    }

    /// <summary>Runs that have ended.</summary>
    internal int Runs { get; private set; }

    /// <summary>Runs among them that ended with a refusal.</summary>
    internal int Refused { get; private set; }

    /// <summary>Goes to another replica. Completes once nothing is under way at the old one.</summary>
    internal async Task MoveToAsync(IPEndPoint at)
    {
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // In this order: who takes the wish sees the address.
        _at = at;
        Interlocked.Exchange(ref _moved, moved);
        await await Task.WhenAny(moved.Task, _running);
    }

    /// <summary>Ends after the run under way. Fails when a run has.</summary>
    internal Task EndAsync()
    {
        _ends = true;
        return _running;
    }

    public void Dispose()
    {
        _ends = true;
        _kill.Cancel();
        _kill.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_ends)
        {
            TaskCompletionSource? moved = Interlocked.Exchange(ref _moved, null);
            moved?.SetResult();
            await RunOnceAsync(_at.Port.ToString(CultureInfo.InvariantCulture));
            Runs++;
        }
    }

    private async Task RunOnceAsync(string port)
    {
        var start = new ProcessStartInfo(
            "redis-benchmark", ["-p", port, "-t", "set", "-n", "5000", "-c", "8", "-P", "4", "-r", "1000", "--csv"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        await using CancellationTokenRegistration killed = _kill.Token.Register(process.Kill);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string shown = await process.StandardOutput.ReadToEndAsync();
        shown += await errors;
        await process.WaitForExitAsync();
        bool isRefused = shown.Contains("Error from server: NOLEADER ", StringComparison.Ordinal)
            || shown.Contains("Error from server: ERR refused ", StringComparison.Ordinal);
        Refused += isRefused ? 1 : 0;
        Assert.True(isRefused || (process.ExitCode == 0 && shown.Contains("\"SET\"", StringComparison.Ordinal)), shown);
    }
}
