using System;
using System.Diagnostics;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>A replica's own process: opens the engine and does what its parent asks, line by line.</summary>
/// <remarks>It ends with its standard input: when the parent is gone, so is the replica.</remarks>
internal sealed class ReplicaHost
{
    private readonly Engine _engine;
    private readonly Group _group;
    private readonly ReplicaSettings _settings;
    private readonly TextWriter _output;
    private Counters _mark;
    private Workload? _background;

    private ReplicaHost(Engine engine, Group group, ReplicaSettings settings, TextWriter output)
    {
        _engine = engine;
        _group = group;
        _settings = settings;
        _output = output;
    }

    /// <summary>The whole life of the process.</summary>
    /// <returns>The process's exit code.</returns>
    internal static async Task<int> RunAsync(ReplicaSettings settings)
    {
        TextWriter output = Console.Out;
        try
        {
            await using Engine engine = await Engine.OpenAsync(settings.ToOptions(Console.Error.WriteLine));
            Group group = await engine.OpenGroupAsync(
                ReplicaSettings.Group, new LedgerMachine(), settings.ToGroupOptions());
            var host = new ReplicaHost(engine, group, settings, output);
            await host.ServeAsync(Console.In);
            return 0;
        }
        catch (Exception error) when (error is EngineOpenException or ArgumentException or IOException)
        {
            Write(output, new ReplicaReply { Error = error.Message });
            await Console.Error.WriteLineAsync(error.ToString());
            return 1;
        }
    }

    private static void Write(TextWriter output, ReplicaReply reply)
    {
        output.WriteLine(JsonSerializer.Serialize(reply, ReplicaJson.Options));
        output.Flush();
    }

    private async Task ServeAsync(TextReader input)
    {
        Write(_output, new ReplicaReply { Status = Status() });
        while (await input.ReadLineAsync() is { } line)
        {
            ReplicaCommand command = JsonSerializer.Deserialize<ReplicaCommand>(line, ReplicaJson.Options)
                ?? throw new IOException("the parent sent an empty command");
            if (command.Verb == ReplicaVerb.Exit)
            {
                break;
            }

            await ObeyAsync(command);
        }

        if (_background is not null)
        {
            await _background.StopAsync();
        }
    }

    private async Task ObeyAsync(ReplicaCommand command)
    {
        switch (command.Verb)
        {
            case ReplicaVerb.Status:
                Write(_output, new ReplicaReply { Status = Status() });
                break;
            case ReplicaVerb.Run:
                Write(_output, new ReplicaReply { Run = await RunWorkloadAsync(command) });
                break;
            case ReplicaVerb.Mark:
                Write(_output, new ReplicaReply());
                _mark = Counters.AtStart();
                break;
            case ReplicaVerb.Sample:
                ReplicaCosts costs = CostsOf(Counters.AtEnd().Since(_mark));
                Write(_output, new ReplicaReply { Costs = costs });
                break;
            case ReplicaVerb.Ledger:
                Write(_output, new ReplicaReply { Ledger = await LedgerAsync(command.Index) });
                break;
            case ReplicaVerb.Load:
                _background = new Workload(_group, ShapeOf(command));
                _background.Start();
                _background.WaitFor(command.Outstanding * 4L, TimeSpan.FromSeconds(10));
                Write(_output, new ReplicaReply { At = Now(), Status = Status() });
                break;
            case ReplicaVerb.Probe:
                long accepted = await Prober.RunAsync(_group, command.Run, command.Term);
                Write(_output, new ReplicaReply { At = accepted, Status = Status() });
                break;
            default:
                throw new IOException($"the parent sent {command.Verb}");
        }
    }

    private async Task<ReplicaRun> RunWorkloadAsync(ReplicaCommand command)
    {
        ulong placesBefore = (await StateAsync()).Places;
        ulong termBefore = _group.Status.Term;
        var workload = new Workload(_group, ShapeOf(command));
        var latencies = new Latencies();
        workload.Start();
        Stretch.Pass(command.WarmSeconds, CancellationToken.None);
        Write(_output, new ReplicaReply { At = Now() });

        Counters before = Counters.AtStart();
        Tally first = workload.Read();
        workload.Measure(latencies);
        Stretch.Pass(command.Seconds, CancellationToken.None);
        workload.Measure(null);
        Tally last = workload.Read();
        Usage usage = Counters.AtEnd().Since(before);
        await workload.StopAsync();

        Tally all = workload.Read();
        ulong placesGained = unchecked((await StateAsync()).Places - placesBefore);
        long committed = last.Committed - first.Committed;
        return new ReplicaRun(
            committed / usage.Seconds,
            committed,
            latencies.PercentileUs(0.5),
            latencies.PercentileUs(0.99),
            latencies.MeanUs,
            last.Refused - first.Refused,
            all.Unknown,
            workload.RefusalText,
            workload.Violation ?? Judge(all, placesGained, termBefore),
            CostsOf(usage));
    }

    /// <summary>What the sums say; null when all is well.</summary>
    private string? Judge(in Tally all, ulong placesGained, ulong termBefore)
    {
        if (all.Unknown == 0 && all.Places != placesGained)
        {
            return "the receipts do not name exactly the entries that were applied";
        }

        ulong term = _group.Status.Term;
        return term == termBefore ? null : $"the leader changed during the run (term {termBefore} to {term})";
    }

    private async Task<ReplicaLedger> LedgerAsync(ulong index)
    {
        await _group.WaitAsync(Frontier.Applied, index).WaitAsync(TimeSpan.FromSeconds(60));
        LedgerState state = await StateAsync();
        return new ReplicaLedger(state.Count, state.Digest, state.Index, _group.Frontiers.Applied);
    }

    private async Task<LedgerState> StateAsync()
    {
        QueryResult<LedgerState> answer = await _group.QueryAsync<LedgerMachine, int, LedgerState>(
            static (machine, _) => machine.State, 0, Read.Local);
        return answer.Value;
    }

    private ReplicaStatus Status()
    {
        GroupStatus status = _group.Status;
        return new ReplicaStatus(
            status.Role,
            status.Term,
            status.Leader,
            status.Frontiers.Applied,
            status.Frontiers.Committed,
            _group.Durability,
            _engine.Backends,
            (_group.Fault ?? _engine.Fault)?.Reason);
    }

    private WorkloadShape ShapeOf(ReplicaCommand command) =>
        new(command.Form, command.Payload, command.Outstanding, command.Run, _settings.Quorum);

    private static ReplicaCosts CostsOf(in Usage usage) =>
        new(usage.Seconds, usage.AllocatedBytes, usage.Collections, usage.CpuUs, usage.Writes);

    private static long Now() => (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;
}
