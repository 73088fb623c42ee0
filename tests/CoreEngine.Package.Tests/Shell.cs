using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Package.Tests;

/// <summary>What a program printed, and how it ended.</summary>
internal sealed record ShellResult(int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>Runs programs to their end.</summary>
internal static class Shell
{
    /// <summary>A program that hangs is killed after this; the test then fails by its exit code.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="program">Found by the path.</param>
    /// <param name="arguments">As they are, without a shell between.</param>
    /// <param name="directory">Where it runs.</param>
    /// <param name="settings">Set in its environment, above the test's own.</param>
    /// <param name="meeting">Its input ends once all programs of it have printed a line. Null: at once.</param>
    internal static async Task<ShellResult> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        string directory,
        IReadOnlyDictionary<string, string> settings,
        Meeting? meeting = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = string.Empty;
        try
        {
            if (meeting is not null)
            {
                output = await process.StandardOutput.ReadLineAsync(patience.Token) + "\n";
                await meeting.ArriveAsync().WaitAsync(patience.Token);
            }

            process.StandardInput.Close();
            output += await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        return new ShellResult(process.ExitCode, output, await errors);
    }
}

/// <summary>Programs that wait for each other.</summary>
internal sealed class Meeting(int programs)
{
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = programs;

    /// <summary>Ends when the last one has come.</summary>
    internal Task ArriveAsync()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
        {
            _complete.SetResult();
        }

        return _complete.Task;
    }
}
