using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Net;
using System.Threading.Tasks;
using CoreEngine.Cli.Config;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine client</c>: a workload against running replicas, with a history that can be judged.</summary>
internal static class ClientCommand
{
    private const int CountMax = 10_000;
    private const int BytesMax = 256 * 1024;

    private static readonly Option<string> Connect = new("--connect")
    {
        Description = "Replicas as ADDRESS:PORT, separated by commas.",
        Required = true,
    };

    private static readonly Option<int> Seconds =
        Number("--seconds", 10, "How long; 0 means until the standard input closes.");
    private static readonly Option<int> Clients =
        Number("--clients", 4, "Checked clients: one operation at a time, all recorded.");
    private static readonly Option<int> Keys = Number("--keys", 32, "Keys of the checked clients.");
    private static readonly Option<int> Reads = Number("--reads", 50, "Reads among a hundred operations.");
    private static readonly Option<int> Seed = Number("--seed", 1, "Decides which operations are made.");
    private static readonly Option<int> ProcessBase =
        Number("--process-base", 0, "First process id in the history; unique among client processes.");
    private static readonly Option<int> ThinkMs =
        Number("--think-ms", 0, "Pause of a checked client after each operation.");
    private static readonly Option<int> Load =
        Number("--load", 0, "Unchecked clients that keep a pipeline full, on keys of their own.");
    private static readonly Option<int> Pipeline =
        Number("--pipeline", 16, "Operations that a load client keeps in flight.");
    private static readonly Option<int> ValueBytes = Number("--value-bytes", 16, "Bytes of a load client's values.");
    private static readonly Option<string?> History = new("--history")
    {
        Description = "Where the history is recorded (JSON Lines).",
    };

    private static readonly Option<string> Prefix = new("--prefix")
    {
        Description = "Keys of the checked clients begin with this; nobody else may touch them.",
        DefaultValueFactory = _ => "checked:",
    };

    internal static Command Create()
    {
        var command = new Command("client", "Runs a workload against replicas and records its history.")
        {
            Connect, Seconds, Clients, Keys, Reads, Seed, ProcessBase, ThinkMs, Load, Pipeline, ValueBytes, History,
            Prefix,
        };
        command.SetAction((parsed, _) => RunAsync(ReadOptions(parsed)));
        return command;
    }

    private static Option<int> Number(string name, int value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static async Task<int> RunAsync(WorkloadOptions options)
    {
        using var stop = new StopSignal();
        if (options.Duration == TimeSpan.Zero)
        {
            ParentWatch.Start(stop.Stop);
        }

        await WorkloadRun.RunAsync(options, Console.Out, stop.Token);
        return ExitCode.Ok;
    }

    private static WorkloadOptions ReadOptions(ParseResult parsed)
    {
        int Value(Option<int> option, int low, int high)
        {
            int value = parsed.GetRequiredValue(option);
            return value >= low && value <= high
                ? value
                : throw new BadInputException($"{option.Name}: is {value}; use {low} to {high}");
        }

        return new WorkloadOptions
        {
            Endpoints = ReadEndpoints(parsed.GetRequiredValue(Connect)),
            Duration = TimeSpan.FromSeconds(Value(Seconds, 0, 86_400)),
            Clients = Value(Clients, 0, CountMax),
            Keys = Value(Keys, 1, CountMax),
            ReadPercent = Value(Reads, 0, 100),
            Seed = (ulong)Value(Seed, 0, int.MaxValue),
            ProcessBase = Value(ProcessBase, 0, int.MaxValue / 2),
            Think = TimeSpan.FromMilliseconds(Value(ThinkMs, 0, 60_000)),
            LoadClients = Value(Load, 0, CountMax),
            Pipeline = Value(Pipeline, 1, CountMax),
            ValueBytes = Value(ValueBytes, 0, BytesMax),
            History = parsed.GetValue(History),
            Prefix = parsed.GetRequiredValue(Prefix),
        };
    }

    private static List<IPEndPoint> ReadEndpoints(string text)
    {
        var endpoints = new List<IPEndPoint>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            endpoints.Add(EndpointText.TryParse(part, out IPEndPoint? endpoint)
                ? endpoint
                : throw new BadInputException($"--connect: \"{part}\" is no address; {EndpointText.Remedy}"));
        }

        return endpoints.Count > 0 ? endpoints
            : throw new BadInputException($"--connect: is empty; {EndpointText.Remedy}");
    }
}
