using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;

namespace CoreEngine.Load;

/// <summary>The options of the table, and its run.</summary>
internal static class BenchCommand
{
    private static readonly Option<double> Seconds = new("--seconds")
    {
        Description = "measured seconds of a cluster row's repetition; "
            + "raw and log rows take a sixth, served rows two thirds",
        DefaultValueFactory = static _ => 3,
    };

    private static readonly Option<int> Repetitions = new("--repetitions")
    {
        Description = "repetitions of every row; the table shows medians and the range of the rates",
        DefaultValueFactory = static _ => 3,
    };

    private static readonly Option<string[]> Layers = List<string>("--layers", "which layers", LoadSettings.AllLayers);

    private static readonly Option<int[]> Payloads = List("--payloads", "bytes per proposal", [16, 256, 1024]);

    private static readonly Option<int[]> Outstanding = List(
        "--outstanding", "proposals under way at a time (16384 is the stretch)", [1, 64, 1024]);

    private static readonly Option<string[]> Only = List<string>("--only", "rows by name, such as cluster/16/1024", []);

    private static readonly Option<DiskRing> Ring = new("--ring")
    {
        Description = "how logs reach the disk: auto, portable or iouring; both in turn show what io_uring buys",
        DefaultValueFactory = static _ => DiskRing.Auto,
    };

    private static readonly Option<FileInfo> Json = new("--json") { Description = "also write the rows to this file" };

    private static readonly Option<FileInfo> Resp = new("--resp")
    {
        Description = "the command-line tool that serves RESP (default: out/coreengine, or the build's own)",
    };

    private static readonly Option<DirectoryInfo> Home = Shared.DirectoryOption();

    private static readonly Option<bool> AllowMemory = Shared.AllowMemoryOption();

    internal static RootCommand Create()
    {
        Layers.AcceptOnlyFromAmong(LoadSettings.AllLayers);
        Require(Seconds, static value => value is >= 0.1 and <= 600, "must be from 0.1 to 600");
        Require(Repetitions, static value => value is >= 1 and <= 100, "must be from 1 to 100");
        Require(
            Payloads,
            static all => Array.TrueForAll(all, static value => value is >= 16 and <= 64 * 1024),
            "must be from 16 to 65536");
        Require(
            Outstanding,
            static all => Array.TrueForAll(all, static value => value is >= 1 and <= 32 * 1024),
            "must be from 1 to 32768");
        var root = new RootCommand("Measures raw disk, log and cluster side by side, in one run.")
        {
            Seconds, Repetitions, Layers, Payloads, Outstanding, Only, Ring, Json, Resp, Home, AllowMemory,
        };
        root.SetAction(RunAsync);
        return root;
    }

    private static Option<T[]> List<T>(string name, string description, T[] all) => new(name)
    {
        Description = description,
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => all,
    };

    private static void Require<T>(Option<T> option, Func<T, bool> holds, string complaint) =>
        option.Validators.Add(result =>
        {
            if (!holds(result.GetValueOrDefault<T>()))
            {
                result.AddError($"{option.Name} {complaint}");
            }
        });

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        IAnsiConsole console = Report.Console();
        string? home = Shared.DirectoryOf(parsed.GetValue(Home), parsed.GetValue(AllowMemory), console);
        if (home is null)
        {
            return 1;
        }

        var settings = new LoadSettings
        {
            Seconds = parsed.GetValue(Seconds),
            Repetitions = parsed.GetValue(Repetitions),
            Layers = parsed.GetRequiredValue(Layers),
            Payloads = parsed.GetRequiredValue(Payloads),
            Outstanding = parsed.GetRequiredValue(Outstanding),
            Only = parsed.GetRequiredValue(Only),
            Directory = home,
            Ring = parsed.GetValue(Ring),
            AllowMemory = parsed.GetValue(AllowMemory),
            JsonPath = parsed.GetValue(Json)?.FullName,
            RespTool = RespTool(parsed.GetValue(Resp)),
        };
        var run = new LoadRun(settings, System.Console.Error.WriteLine);
        try
        {
            await run.RunAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or EngineOpenException)
        {
            await System.Console.Error.WriteLineAsync($"broken off: {error.Message}");
            return 1;
        }

        return Conclude(console, settings, run);
    }

    private static int Conclude(IAnsiConsole console, LoadSettings settings, LoadRun run)
    {
        List<Row> rows = [.. run.Rows];
        if (rows.Count == 0)
        {
            System.Console.Error.WriteLine(
                "no row was selected; rows are named layer/payload/outstanding, such as cluster/16/1024");
            return 1;
        }

        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"medians of {settings.Repetitions} repetitions of {settings.Seconds:0.##} s "
            + $"(raw rows {settings.RawSeconds:0.##} s per payload, log rows {settings.LogSeconds:0.##} s, "
            + $"served rows {settings.RespSeconds:0.##} s)"));
        console.WriteLine($"machine: {run.Others}");
        if (run.Backends.Length > 0)
        {
            console.WriteLine($"engine:  {run.Backends}");
        }

        console.WriteLine();
        Report.WriteTable(console, rows);
        foreach (string bar in Bars.Of(rows))
        {
            console.WriteLine(bar);
        }

        if (run.RespSkipped is not null)
        {
            console.WriteLine($"cluster-resp was skipped: {run.RespSkipped}");
        }

        if (settings.JsonPath is not null)
        {
            Report.WriteJson(settings.JsonPath, rows);
        }

        return rows.Exists(static row => row.IsBroken) ? 1 : 0;
    }

    /// <summary>The named tool, else the one that the build left.</summary>
    private static string? RespTool(FileInfo? named)
    {
        if (named is not null)
        {
            return named.FullName;
        }

        string root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));
        string[] places =
        [
            Path.Combine(root, "out", "coreengine"),
            Path.Combine(root, "src", "CoreEngine.Cli", "bin", "Release", "net10.0", "CoreEngine.Cli"),
        ];
        return places.FirstOrDefault(File.Exists);
    }
}
