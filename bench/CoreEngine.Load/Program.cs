using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;
using Spectre.Console;

namespace CoreEngine.Load;

/// <summary>The load tool: raw disk, log, cluster, side by side in one run.</summary>
internal static class Program
{
    internal static Task<int> Main(string[] arguments)
    {
        RootCommand root = BenchCommand.Create();
        root.Subcommands.Add(FailoverCommand.Create());
        foreach (Command feature in FeatureCommands.Create())
        {
            root.Subcommands.Add(feature);
        }

        root.Subcommands.Add(ReplicaCommandLine.Create());

        // A cancelled run still closes its replicas and removes its directories.
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
        return root.Parse(arguments).InvokeAsync(configuration);
    }
}

/// <summary>What several commands share.</summary>
internal static class Shared
{
    internal static Option<DirectoryInfo> DirectoryOption() => new("--directory")
    {
        Description = "where data directories are made and removed again (default: ./artifacts/load-<process>)",
    };

    internal static Option<bool> AllowMemoryOption() => new("--allow-memory")
    {
        Description = "accept a directory in memory (tmpfs): its writes are not durable, its rows prove nothing",
    };

    /// <summary>The directory to use; null, with a complaint, when durable writes would mean nothing there.</summary>
    internal static string? DirectoryOf(DirectoryInfo? wanted, bool allowMemory, IAnsiConsole console)
    {
        string path = wanted?.FullName ?? Path.GetFullPath(Path.Combine("artifacts", $"load-{Environment.ProcessId}"));
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            System.Console.Error.WriteLine(
                $"{path} is not empty; name a new directory with --directory, it is removed at the end");
            return null;
        }

        var medium = Medium.Of(path);
        if (medium.IsMemory && !allowMemory)
        {
            System.Console.Error.WriteLine(
                $"{path} lies in memory ({medium}): durable writes cost nothing there. "
                + "Name a directory on a disk with --directory, or insist with --allow-memory");
            return null;
        }

        console.WriteLine($"machine: {Machine.Describe()}");
        console.WriteLine($"medium:  {path}: {medium}");
        console.WriteLine($"commit:  {Machine.Commit()}");
        return path;
    }
}

/// <summary>Kills leaders.</summary>
internal static class FailoverCommand
{
    internal static Command Create()
    {
        var rounds = new Option<int>("--rounds")
        {
            Description = "leaders to kill",
            DefaultValueFactory = static _ => 10,
        };
        Option<DirectoryInfo> directory = Shared.DirectoryOption();
        Option<bool> allowMemory = Shared.AllowMemoryOption();
        var command = new Command("failover", "kills the leader under load and tells how long no write was accepted")
        {
            rounds, directory, allowMemory,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IAnsiConsole console = Report.Console();
            string? home = Shared.DirectoryOf(parsed.GetValue(directory), parsed.GetValue(allowMemory), console);
            bool passed = home is not null
                && await RunAsync(home, parsed.GetValue(rounds), console, cancellationToken);
            return passed ? 0 : 1;
        });
        return command;
    }

    private static async Task<bool> RunAsync(
        string home, int rounds, IAnsiConsole console, CancellationToken cancellationToken)
    {
        try
        {
            return await new Failover(home, int.Max(1, rounds), console.WriteLine).RunAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or EngineOpenException)
        {
            await System.Console.Error.WriteLineAsync(error.Message);
            return false;
        }
    }
}

/// <summary>A replica's own process; not for people.</summary>
internal static class ReplicaCommandLine
{
    internal static Command Create()
    {
        var replica = new Option<uint>("--id") { Required = true };
        var directory = new Option<string>("--directory") { Required = true };
        var ports = new Option<string>("--ports") { Required = true };
        var queueBytes = new Option<int>("--queue-bytes") { Required = true };
        var shape = new Option<string>("--shape") { Required = true };
        var command = new Command("replica", "one replica of the load's cluster")
        {
            replica, directory, ports, queueBytes, shape,
        };
        command.Hidden = true;
        command.SetAction((parsed, _) => ReplicaHost.RunAsync(new ReplicaSettings(
            parsed.GetRequiredValue(replica),
            parsed.GetRequiredValue(directory),
            [.. parsed.GetRequiredValue(ports).Split(',').Select(PortOf)],
            parsed.GetRequiredValue(queueBytes))
        {
            Shape = JsonSerializer.Deserialize<ReplicaShape>(parsed.GetRequiredValue(shape), ReplicaJson.Options)!,
        }));
        return command;
    }

    private static int PortOf(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
