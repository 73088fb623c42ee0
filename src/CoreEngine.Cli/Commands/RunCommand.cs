using System;
using System.CommandLine;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Config;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Server;
using CoreEngine.Simulation.Tracing;

namespace CoreEngine.Cli.Commands;

/// <summary>
/// <c>coreengine run --config replica.json</c>: one replica, served over RESP2 until a signal ends it.
/// </summary>
internal static class RunCommand
{
    /// <summary>Begins the line on standard output that says that clients are served.</summary>
    internal const string ReadyWord = "ready:";

    private const string GroupName = "kv";

    internal static Command Create()
    {
        var config = new Option<string>("--config")
        {
            Description = "The replica's configuration: JSON with comments, see the sample replica.json.",
            Required = true,
        };
        var trace = new Option<string?>("--protocol-trace")
        {
            Description = "Appends the protocol's steps to this file, for 'check --trace'. Slow: for tests.",
        };
        var join = new Option<bool>("--join")
        {
            Description = "Joins a running cluster: waits until 'coreengine admin add' names this replica.",
        };
        var withParent = new Option<bool>("--stop-with-parent")
        {
            Description = "Ends when the standard input closes: for a parent that must leave nothing behind.",
            Hidden = true,
        };
        var command = new Command(
            "run",
            "Runs one replica with the key-value machine, served over RESP2; READLEVEL and SESSION choose how a "
                + "connection reads and writes.")
        {
            config, trace, join, withParent,
        };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetRequiredValue(config),
            parsed.GetValue(trace),
            parsed.GetValue(join),
            parsed.GetValue(withParent)));
        return command;
    }

    private static async Task<int> RunAsync(string path, string? tracePath, bool joins, bool withParent)
    {
        ReplicaConfig config = ReplicaConfigReader.Load(path);
        using var stop = new StopSignal();
        if (withParent)
        {
            ParentWatch.Start(stop.Stop);
        }

        using ProcessTrace? trace = ProtocolTraceFile.Append(tracePath);
        EngineOptions options = config.ToEngineOptions(Log) with { Taps = trace?.Taps, Join = config.Join || joins };
        await using Engine engine = await Engine.OpenAsync(options, stop.Token);
        var storeOptions = new KeyValueStoreOptions();
        Group group =
            await engine.OpenGroupAsync(GroupName, new KeyValueMachine(storeOptions), GroupOptions.Raft(), stop.Token);
        var state = new ServerState(new ServedEngine(engine, options), group, storeOptions, config.ConnectionsMax);
        await using RespServer server = RespServer.Start(config.Client, state);
        Log($"cluster {engine.Cluster}; {engine.Recovery}; {engine.Backends}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{ReadyWord} replica {engine.Replica} serves clients at {server.Endpoint}, replicas at {config.Listen}, "
            + $"acknowledges at {group.Durability}"));
        return await ServeAsync(engine, group, server, stop.Token);
    }

    /// <summary>Serves until a signal, a fault of the engine, or a defect of the server.</summary>
    private static async Task<int> ServeAsync(Engine engine, Group group, RespServer server, CancellationToken stop)
    {
        // No log ever reaches the last index: this wait ends with the group.
        Task stopped = group.WaitAsync(Model.Frontier.Applied, ulong.MaxValue, stop);
        Task first = await Task.WhenAny(stopped, server.Broken);
        if (stop.IsCancellationRequested)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"stopping: replica {engine.Replica} answers what it has received"));
            return ExitCode.Ok;
        }

        EngineFault? fault = group.Fault ?? engine.Fault;
        string reason = fault?.Reason ?? first.Exception?.InnerException?.ToString() ?? "the group stopped";
        await Console.Error.WriteLineAsync($"fault: {reason}");
        return ExitCode.Fault;
    }

    private static void Log(string line) => Console.Error.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {line}"));
}
