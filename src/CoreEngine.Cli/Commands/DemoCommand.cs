using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine demo</c>: three replicas, load, kills, and a verdict.</summary>
internal static class DemoCommand
{
    private const int SecondsMin = 5;
    private const int SecondsMax = 3600;

    internal static Command Create()
    {
        var seconds = new Option<int>("--seconds")
        {
            Description = "How long the clients work; elections and restarts come on top.",
            DefaultValueFactory = _ => 20,
        };
        var history = new Option<string?>("--history")
        {
            Description = "Where the merged history of the checked clients is written.",
        };
        var keep = new Option<string?>("--keep")
        {
            Description = "A directory for data, logs and histories, kept afterwards.",
        };
        var command =
            new Command("demo", "Runs three replicas under load, kills them, and judges what the clients saw.")
        {
            seconds, history, keep,
        };
        command.SetAction((parsed, _) =>
            RunAsync(
                new DemoOptions(parsed.GetRequiredValue(seconds), parsed.GetValue(history), parsed.GetValue(keep))));
        return command;
    }

    private static async Task<int> RunAsync(DemoOptions options)
    {
        if (options.Seconds is < SecondsMin or > SecondsMax)
        {
            throw new BadInputException($"--seconds: is {options.Seconds}; use {SecondsMin} to {SecondsMax}");
        }

        using var stop = new StopSignal();
        var directory = DemoDirectory.Create(options.Keep);
        try
        {
            DemoResults results;
            using (var run = new DemoRun(options, directory, new DemoScreen()))
            {
                results = await run.RunAsync(stop.Token);
            }

            IReadOnlyList<string> failures = DemoReport.Write(Console.Out, results, directory, options);
            if (failures.Count == 0)
            {
                directory.RemoveIfTemporary();
                return ExitCode.Ok;
            }
        }
        catch (DemoException error)
        {
            await Console.Error.WriteLineAsync($"demo: FAILED: {error.Message}");
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("demo: stopped before its end; every child process was ended");
        }

        await Console.Error.WriteLineAsync($"data, logs and histories are kept in {directory.Path}");
        return ExitCode.Fault;
    }
}
