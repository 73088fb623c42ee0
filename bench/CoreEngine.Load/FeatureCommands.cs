using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Features;
using Spectre.Console;

namespace CoreEngine.Load;

/// <summary>What the rows of one feature are given.</summary>
/// <param name="Directory">For the cluster's directories; removed at the end.</param>
/// <param name="Seconds">Measured seconds of a row.</param>
/// <param name="Size">What the feature's option says.</param>
/// <param name="Print">One line for the reader.</param>
internal sealed record FeatureRun(string Directory, double Seconds, long Size, Action<string> Print)
{
    internal List<Row> Rows { get; } = [];

    internal void Add(Measurement measurement)
    {
        var row = new Row(measurement.Key);
        row.Add(measurement);
        Rows.Add(row);
        Print($"  {Report.Line(measurement)}");
    }
}

/// <summary>The rows of single features, each a command of its own: they are no part of the table.</summary>
internal static class FeatureCommands
{
    private const long MiB = 1024 * 1024;

    internal static IEnumerable<Command> Create() =>
    [
        Of("reads", "reads per second at every level, 16 B values", null, 0, ReadRows.RunAsync),
        Of("levels", "the cluster at every level of durability, 16 B", null, 0, LevelRows.RunAsync),
        Of(
            "groups",
            "many groups against one at equal total load",
            new Option<long>("--groups") { Description = "groups" },
            1_000,
            GroupRows.RunAsync),
        Of(
            "idle",
            "what groups cost in which nothing happens",
            new Option<long>("--groups") { Description = "groups" },
            10_000,
            GroupRows.RunIdleAsync),
        Of(
            "hog",
            "small writes of one group beside large ones of another",
            new Option<long>("--bytes") { Description = "bytes of a large write" },
            65_536,
            GroupRows.RunHogAsync),
        Of(
            "snapshot",
            "writes while a snapshot is taken, and without",
            new Option<long>("--mib") { Description = "MiB of state" },
            1_024,
            SnapshotRows.RunAsync),
        Of(
            "restart",
            "restart time per GiB of log",
            new Option<long>("--mib") { Description = "MiB of log at least" },
            1_024,
            RestartRows.RunAsync),
        Of(
            "catchup",
            "how fast an empty replica catches up, by snapshot and by log",
            new Option<long>("--mib") { Description = "MiB of state, and of log" },
            1_024,
            CatchUpRows.RunAsync),
    ];

    private static Command Of(
        string name,
        string description,
        Option<long>? size,
        long defaultSize,
        Func<FeatureRun, CancellationToken, Task> run)
    {
        var seconds = new Option<double>("--seconds")
        {
            Description = "measured seconds of a row",
            DefaultValueFactory = static _ => 3,
        };
        Option<DirectoryInfo> directory = Shared.DirectoryOption();
        Option<bool> allowMemory = Shared.AllowMemoryOption();
        var command = new Command(name, description) { seconds, directory, allowMemory };
        if (size is not null)
        {
            size.DefaultValueFactory = _ => defaultSize;
            size.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<long>() is < 1 or > 64 * 1024)
                {
                    result.AddError($"{size.Name} must be from 1 to 65536");
                }
            });
            command.Options.Add(size);
        }

        bool isMiB = size?.Name == "--mib";
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IAnsiConsole console = Report.Console();
            string? home = Shared.DirectoryOf(parsed.GetValue(directory), parsed.GetValue(allowMemory), console);
            long wanted = size is null ? 0 : parsed.GetValue(size) * (isMiB ? MiB : 1);
            return home is null
                ? 1
                : await RunAsync(
                    new FeatureRun(home, parsed.GetValue(seconds), wanted, console.WriteLine),
                    run,
                    console,
                    cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        FeatureRun feature,
        Func<FeatureRun, CancellationToken, Task> run,
        IAnsiConsole console,
        CancellationToken cancellationToken)
    {
        MachineLoad before = MachineLoad.Read();
        Directory.CreateDirectory(feature.Directory);
        try
        {
            await run(feature, cancellationToken);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or EngineOpenException)
        {
            await System.Console.Error.WriteLineAsync($"broken off: {error.Message}");
            return 1;
        }
        finally
        {
            Directory.Delete(feature.Directory, recursive: true);
        }

        console.WriteLine($"machine: {MachineLoad.Read().OthersSince(before)}");
        if (feature.Rows.Count > 0)
        {
            Report.WriteTable(console, feature.Rows);
        }

        return feature.Rows.Exists(static row => row.IsBroken) ? 1 : 0;
    }
}
