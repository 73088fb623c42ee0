using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Numerics;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.IO.Log;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>A replica's own process: opens the engine and does what its parent asks, line by line.</summary>
/// <remarks>It ends with its standard input: when the parent is gone, so is the replica.</remarks>
internal sealed class ReplicaHost
{
    private static readonly TimeSpan LeadPatience = TimeSpan.FromSeconds(60);

    private readonly Engine _engine;
    private readonly Group[] _groups;
    private readonly Group _group;
    private readonly ReplicaOpening _opening;
    private readonly ReplicaSettings _settings;
    private readonly TextWriter _output;
    private Counters _mark;
    /// <summary>The small writes beside a hog.</summary>
    private const int SmallBytes = 16;
    private const int SmallOutstanding = 16;

    private Workload? _background;

    private ReplicaHost(
        Engine engine, Group[] groups, ReplicaOpening opening, ReplicaSettings settings, TextWriter output)
    {
        _engine = engine;
        _groups = groups;
        _group = groups[0];
        _opening = opening;
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
            // Made before the clock runs: what a machine's first state costs is not the engine's.
            LedgerMachine[] machines = [.. Enumerable.Range(0, settings.Shape.Groups)
                .Select(i => new LedgerMachine(i == 0 ? settings.Shape.StateBytes : 0, settings.Shape.IsStateText))];
            long started = Stopwatch.GetTimestamp();
            await using Engine engine = await Engine.OpenAsync(settings.ToOptions(Console.Error.WriteLine));
            Counters.DurableWrites = () => DurableWritesOf(engine);
            double engineMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            await LinkAsync(engine, settings);
            long before = GC.GetTotalMemory(forceFullCollection: true);
            long resident = ResidentBytes();
            started = Stopwatch.GetTimestamp();
            Group[] groups = await Task.WhenAll(machines.Select(
                (machine, i) => OpenAsync(engine, machine, i, settings)));
            double groupsMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            SegmentedLog log = engine.Host.Loop.Log;
            long logBytes = (long)(log.DurableEnd - log.Segments.Oldest.Base);
            var opening = new ReplicaOpening(engineMs, groupsMs, before, resident, logBytes);
            var host = new ReplicaHost(engine, groups, opening, settings, output);
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

    /// <summary>Waits until the links stand: their buffers are the engine's, however many groups it has.</summary>
    private static async Task LinkAsync(Engine engine, ReplicaSettings settings)
    {
        const int Lanes = 2;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        long deadline = Environment.TickCount64 + (long)LeadPatience.TotalMilliseconds;
        var transport = (PipeTransport)engine.Host.Loop.Transport;
        bool isAlone = settings.Shape.Groups == 1;
        while (!isAlone && transport.Counters.ConnectionsOpened < Lanes * engine.Host.Options.Peers.Count)
        {
            if (Environment.TickCount64 >= deadline || !await pace.WaitForNextTickAsync())
            {
                throw new IOException("the other replicas cannot be reached");
            }
        }
    }

    private static Task<Group> OpenAsync(Engine engine, LedgerMachine machine, int place, ReplicaSettings settings)
    {
        string name = place == 0
            ? ReplicaSettings.Group
            : string.Create(CultureInfo.InvariantCulture, $"{ReplicaSettings.Group}-{place + 1}");
        GroupOptions options = settings.ToGroupOptions() with { Group = (uint)place + 1 };
        return engine.OpenGroupAsync(name, machine, options).AsTask();
    }

    private static void Write(TextWriter output, ReplicaReply reply)
    {
        output.WriteLine(JsonSerializer.Serialize(reply, ReplicaJson.Options));
        output.Flush();
    }

    private async Task ServeAsync(TextReader input)
    {
        Write(_output, new ReplicaReply { Status = Status(), Opening = _opening });
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
                Write(_output, new ReplicaReply { Ledger = await LedgerAsync(command.Indexes) });
                break;
            case ReplicaVerb.Load:
                _background = new Workload(_groups, ShapeOf(command));
                _background.Start();
                _background.WaitFor(command.Outstanding * 4L, TimeSpan.FromSeconds(10));
                Write(_output, new ReplicaReply { At = Now(), Status = Status() });
                break;
            case ReplicaVerb.Probe:
                long accepted = await Prober.RunAsync(_group, command.Run, command.Term);
                Write(_output, new ReplicaReply { At = accepted, Status = Status() });
                break;
            default:
                Write(_output, await OtherAsync(command));
                break;
        }
    }

    /// <summary>What only rows of a feature ask for.</summary>
    private async Task<ReplicaReply> OtherAsync(ReplicaCommand command)
    {
        switch (command.Verb)
        {
            case ReplicaVerb.Reads:
                var reads = new ReadLoad(_group, command.Level, command.Outstanding);
                return new ReplicaReply { Run = await reads.RunAsync(command.WarmSeconds, command.Seconds) };
            case ReplicaVerb.Boundaries:
                return new ReplicaReply { Indexes = [.. _groups.Select(static group => group.Frontiers.Committed)] };
            case ReplicaVerb.Lead:
                await Task.WhenAll(_groups.Select(LeadAsync));
                return new ReplicaReply { Status = Status() };
            case ReplicaVerb.Idle:
                return new ReplicaReply { Idle = Idle(command.Seconds, command.Collects) };
            case ReplicaVerb.Wake:
                return new ReplicaReply { Wake = await WakeAsync(command.Outstanding) };
            case ReplicaVerb.Hog:
                return new ReplicaReply { Hog = await HogAsync(command) };
            case ReplicaVerb.Snapshot:
                return new ReplicaReply { Snapshot = await SnapshotAsync() };
            case ReplicaVerb.Add:
                var address = new IPEndPoint(IPAddress.Loopback, command.Port);
                MembershipOutcome outcome = await _group.AddLearnerAsync(command.Learner, address, promote: false);
                return new ReplicaReply { Error = outcome.Outcome == Outcome.Committed ? null : $"{outcome}" };
            default:
                throw new IOException($"the parent sent {command.Verb}");
        }
    }

    /// <summary>Has the group led here; a transfer that comes too early is asked for again.</summary>
    private async Task LeadAsync(Group group)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        long deadline = Environment.TickCount64 + (long)LeadPatience.TotalMilliseconds;
        TransferResult result;
        do
        {
            result = await group.TransferLeadershipAsync(_settings.Replica, TimeSpan.FromSeconds(5));
        }
        while (!result.IsDone && Environment.TickCount64 < deadline && await pace.WaitForNextTickAsync());

        if (!result.IsDone)
        {
            throw new IOException($"replica {_settings.Replica} cannot lead {group.Name}: {result}");
        }
    }

    private async Task<ReplicaSnapshot> SnapshotAsync()
    {
        long started = Stopwatch.GetTimestamp();
        SnapshotResult result = await _group.SnapshotAsync();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new ReplicaSnapshot(
            seconds, result.Bytes, result.Index, result.IsTaken ? null : result.Refusal.ToString());
    }

    private ReplicaIdle Idle(double seconds, bool collects)
    {
        LoopCounters counters = _engine.Host.Loop.Counters;
        long frames = Volatile.Read(ref counters.FramesSent);
        long beats = Volatile.Read(ref counters.BeatsSent);
        Counters before = Counters.AtStart();
        Stretch.Pass(seconds, CancellationToken.None);
        Usage usage = Counters.AtEnd().Since(before);
        double framesPerSecond = (Volatile.Read(ref counters.FramesSent) - frames) / usage.Seconds;
        double beatsPerSecond = (Volatile.Read(ref counters.BeatsSent) - beats) / usage.Seconds;

        // Last, for a collection stops the process, and its groups may wake for that.
        long live = GC.GetTotalMemory(collects);
        return new ReplicaIdle(
            usage.CpuUs / usage.Seconds / 1e4,
            framesPerSecond,
            beatsPerSecond,
            live,
            ResidentBytes(),
            _groups.Count(static group => group.Status.Role == "Leader"),
            _groups.Count(static group => group.Status.Leader == 0));
    }

    private async Task<ReplicaWake> WakeAsync(int count)
    {
        Group[] led = [.. _groups.Where(static group => group.Status.Role == "Leader").Take(count)];
        var microseconds = new double[led.Length];
        byte[] command = new byte[16];
        for (int i = 0; i < led.Length; i++)
        {
            long started = Stopwatch.GetTimestamp();
            Receipt receipt = await led[i].ProposeAsync(command);
            microseconds[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            if (receipt.Outcome != Outcome.Committed)
            {
                throw new IOException($"{led[i].Name} did not wake: {receipt}");
            }
        }

        Array.Sort(microseconds);
        return led.Length == 0 ? new ReplicaWake(0, 0, 0, 0) : new ReplicaWake(
            led.Length, microseconds[led.Length / 2], microseconds[led.Length * 99 / 100], microseconds[^1]);
    }

    private async Task<ReplicaHog> HogAsync(ReplicaCommand command)
    {
        WorkloadShape shape = ShapeOf(command);
        var small = new Workload(_groups[0], shape with { Payload = SmallBytes, Outstanding = SmallOutstanding });
        var hog = new Workload(_groups[1], shape);
        small.Start();
        Stretch.Pass(command.WarmSeconds, CancellationToken.None);
        (Latencies alone, _) = Watch(small, command.Seconds);
        hog.Start();
        Stretch.Pass(command.WarmSeconds, CancellationToken.None);
        long before = hog.Read().Committed;
        (Latencies beside, double rate) = Watch(small, command.Seconds);
        double hogRate = (hog.Read().Committed - before) / command.Seconds;
        await Task.WhenAll(small.StopAsync(), hog.StopAsync());
        return new ReplicaHog(
            alone.PercentileUs(0.5),
            alone.PercentileUs(0.99),
            beside.PercentileUs(0.5),
            beside.PercentileUs(0.99),
            rate,
            hogRate,
            small.Violation ?? hog.Violation);
    }

    private static (Latencies Latencies, double Rate) Watch(Workload workload, double seconds)
    {
        var latencies = new Latencies();
        long before = workload.Read().Committed;
        workload.Measure(latencies);
        Stretch.Pass(seconds, CancellationToken.None);
        workload.Measure(null);
        return (latencies, (workload.Read().Committed - before) / seconds);
    }

    private async Task<ReplicaRun> RunWorkloadAsync(ReplicaCommand command)
    {
        ulong placesBefore = await PlacesAsync();
        ulong termBefore = Terms();
        var workload = new Workload(_groups, ShapeOf(command));
        var latencies = new Latencies();
        workload.Start();
        Stretch.Pass(command.WarmSeconds, CancellationToken.None);
        Write(_output, new ReplicaReply { At = Now() });

        Counters before = Counters.AtStart();
        Tally first = workload.Read();
        workload.Measure(latencies);
        ReplicaSnapshot? snapshot = null;
        if (command.WithSnapshot)
        {
            snapshot = await SnapshotAsync();
        }
        else
        {
            Stretch.Pass(command.Seconds, CancellationToken.None);
        }

        workload.Measure(null);
        Tally last = workload.Read();
        Usage usage = Counters.AtEnd().Since(before);
        await workload.StopAsync();

        Tally all = workload.Read();
        ulong placesGained = unchecked(await PlacesAsync() - placesBefore);
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
            CostsOf(usage))
        {
            Snapshot = snapshot,
        };
    }

    /// <summary>What the sums say; null when all is well.</summary>
    private string? Judge(in Tally all, ulong placesGained, ulong termBefore)
    {
        bool isSummed = _settings.Shape.Durability == Durability.QuorumDurable;
        if (isSummed && all.Unknown == 0 && all.Places != placesGained)
        {
            return "the receipts do not name exactly the entries that were applied";
        }

        ulong term = Terms();
        return term == termBefore ? null : $"a leader changed during the run (sum of terms {termBefore} to {term})";
    }

    /// <summary>Waits until every group has applied its index, then tells all their states in one.</summary>
    private async Task<ReplicaLedger> LedgerAsync(ulong[] indexes)
    {
        var sum = default(LedgerState);
        ulong applied = 0;
        foreach ((Group group, ulong index) in _groups.Zip(indexes))
        {
            await group.WaitAsync(Frontier.Applied, index).WaitAsync(TimeSpan.FromSeconds(60));
            LedgerState state = await StateAsync(group);
            sum = unchecked(new LedgerState(
                sum.Count + state.Count,
                BitOperations.RotateLeft(sum.Digest, 1) ^ state.Digest,
                0,
                sum.Index + state.Index));
            applied += group.Frontiers.Applied;
        }

        return new ReplicaLedger(sum.Count, sum.Digest, sum.Index, applied);
    }

    private async Task<ulong> PlacesAsync()
    {
        ulong places = 0;
        foreach (Group group in _groups)
        {
            places = unchecked(places + (await StateAsync(group)).Places);
        }

        return places;
    }

    private ulong Terms() => _groups.Aggregate(0UL, static (sum, group) => sum + group.Status.Term);

    private static async Task<LedgerState> StateAsync(Group group)
    {
        QueryResult<LedgerState> answer = await group.QueryAsync<LedgerMachine, int, LedgerState>(
            static (machine, _) => machine.State, 0, Read.Local);
        return answer.Value;
    }

    private static long DurableWritesOf(Engine engine)
    {
        ulong sum = 0;
        foreach (EngineShard shard in engine.Host.Shards)
        {
            sum += shard.Loop.Log.BatchesDurable;
        }

        return (long)sum;
    }

    private static long ResidentBytes()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
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
