using System;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Simulation.Faults;
using CoreEngine.Simulation.Hosting;
using CoreEngine.Simulation.Monitoring;
using CoreEngine.Simulation.Tracing;

namespace CoreEngine.Simulation;

/// <summary>How long one seed runs.</summary>
internal sealed record SimulatorOptions
{
    internal const long Second = 1_000_000_000;

    /// <summary>Decides everything.</summary>
    internal required ulong Seed { get; init; }

    /// <summary>Virtual time under faults.</summary>
    internal long FaultsNs { get; init; } = 20 * Second;

    /// <summary>Virtual time in which a healed quorum must make progress.</summary>
    internal long LivenessNs { get; init; } = 20 * Second;

    /// <summary>Ends after so many events; for replay.</summary>
    internal long EventsMax { get; init; } = long.MaxValue;

    /// <summary>Is given every event as a line; null for none.</summary>
    internal Action<string>? Writer { get; init; }

    /// <summary>After so many events each, <see cref="HashWriter"/> is given their number and the hash.</summary>
    internal long HashEvery { get; init; } = long.MaxValue;

    /// <summary>Tells where two runs part; null for nobody.</summary>
    internal Action<long, ulong>? HashWriter { get; init; }

    /// <summary>Is given every step of the protocol; null for none. Changes nothing that happens.</summary>
    internal Action<ProtocolEvent>? Protocol { get; init; }

    /// <summary>Kept from seed to seed by the caller; null: this seed's own.</summary>
    internal SimulationMemory? Memory { get; init; }

    /// <summary>Changes the world before it starts: plants what a checker must find.</summary>
    internal Action<World>? Plant { get; init; }

    /// <summary>What is done to the world, instead of what chance would do; its seed must be the same.</summary>
    internal FaultPlan? Plan { get; init; }

    /// <summary>Notes what is done, for a plan of it.</summary>
    internal bool IsRecorded { get; init; }

    /// <summary>Makes a host's machine at each start of a replica; null for the journal alone.</summary>
    internal Func<HostedMachine>? Machine { get; init; }

    /// <summary>Makes the host's commands.</summary>
    internal Func<Prng, byte[]>? Command { get; init; }
}

/// <summary>What became of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Failure">What was found wrong, by which monitor; null when all is well.</param>
/// <param name="Hash">Of every event.</param>
/// <param name="Events">Events.</param>
/// <param name="VirtualNs">Simulated time.</param>
/// <param name="Operations">Operations of the load.</param>
/// <param name="Acknowledged">Proposals answered Committed.</param>
/// <param name="Reads">Reads granted.</param>
/// <param name="Faults">By <see cref="FaultKind"/>.</param>
/// <param name="Rare">Rare states reached.</param>
/// <param name="Plan">What was done; null unless it was to be recorded.</param>
internal sealed record SeedResult(
    ulong Seed,
    Violation? Failure,
    ulong Hash,
    long Events,
    long VirtualNs,
    long Operations,
    long Acknowledged,
    long Reads,
    long[] Faults,
    RareStates Rare,
    FaultPlan? Plan = null);

/// <summary>
/// Runs one seed: first faults throughout, where nothing may be wrong; then a random quorum is healed and the rest
/// stays dead, and it must make progress within a bound.
/// </summary>
internal sealed class Simulator : IDisposable
{
    private const long RetryPeriodNs = 20_000_000;
    private const long LockstepNs = 100_000;
    private const long AuditPeriodNs = 12 * SimulatorOptions.Second;

    private readonly SimulatorOptions _options;
    private readonly Prng _audits;
    private readonly FaultDriver _driver;
    private readonly SimulatedLoad _load;
    private readonly PlanRecorder? _recorder;
    private readonly Swarm _swarm;
    private readonly World _world;
    private long _nextAudit;
    private long _nextTry;

    private Simulator(SimulatorOptions options)
    {
        _options = options;
        _swarm = SwarmOf(options);
        _audits = Stream(ChanceOf.Audits);
        _recorder = options.IsRecorded ? new PlanRecorder() : null;
        _world = MakeWorld();
        if (options.Plan is { } plan)
        {
            _driver = new FaultDriver(_world, plan.Faults, _recorder);
            _load = new SimulatedLoad(_world, plan.Operations, _recorder);
        }
        else
        {
            var buggify = new Buggify(Stream(ChanceOf.Buggify));
            _world.Monitors.Buggify = buggify;
            var drawing = new FaultDrawing(_world, _swarm, Stream(ChanceOf.Faults));
            var changes = new MemberDrawing(_world, _swarm, Stream(ChanceOf.Members));
            _driver = new FaultDriver(_world, drawing, changes, buggify, _recorder);
            _load = new SimulatedLoad(_world, _swarm, Stream(ChanceOf.Load), _recorder);
        }

        _nextAudit = _world.Now + _audits.Between(1, AuditPeriodNs);
    }

    /// <summary>What each stream of chance decides: each is independent, so that one can be left out.</summary>
    private enum ChanceOf : ulong
    {
        Swarm,
        Audits,
        Buggify,
        Faults,
        Load,
        Clocks,
        Core,
        Reads,
        Members,
    }

    private bool IsOver => _world.Trace.Events >= _options.EventsMax;

    /// <summary>Runs a seed to its end, or to the first thing that is wrong.</summary>
    internal static SeedResult Run(SimulatorOptions options)
    {
        using var simulator = new Simulator(options);
        return simulator.Run();
    }

    public void Dispose() => _world.Dispose();

    private static Swarm SwarmOf(SimulatorOptions options)
    {
        var drawn = Swarm.Draw(new Prng(options.Seed));
        if (options.Plan is { } plan)
        {
            int spares = plan.Replicas - plan.Founders;
            return drawn with { Founders = plan.Founders, Spares = spares, Network = plan.Network, Disk = plan.Disk };
        }

        // The second statement of the rules knows one configuration.
        return options.Protocol is null ? drawn : drawn with { Spares = 0, ChangePeriodNs = 0 };
    }

    private Prng Stream(ChanceOf what) =>
        new(new Prng(unchecked(_options.Seed + ((ulong)what * 0xD1342543DE82EF95))).Next());

    private World MakeWorld()
    {
        var world = new World(new WorldOptions
        {
            Seed = _options.Seed,
            Replicas = _swarm.Replicas,
            Founders = _swarm.Founders,
            Disk = _swarm.Disk,
            BatchBytes = 64 * 1024,
            QueueBytes = 64 * 1024,
            ProposalsMax = 256,
            ProposalTimeoutMs = _swarm.ProposalTimeoutMs,
            IsBeyondContract = _swarm.IsBeyondContract,
            QuiesceAfterMs = _swarm.QuiesceAfterMs,
            Groups = _swarm.Groups,
            OtherPeriodMs = (int)(_swarm.BurstPeriodNs * 4 / 1_000_000) + 20,
            SubmitBytesMin = _swarm.SubmitBytesMin,
            Snapshots = _swarm.Snapshots,
            ScrubBytesPerSecond = _swarm.ScrubBytesPerSecond,
            ScrubEveryMs = _swarm.ScrubEveryMs,
            Command = _options.Command,
            Lease = LeaseOf(Stream(ChanceOf.Reads)),
        }, _options.Memory);
        world.Trace.Writer = _options.Writer;
        world.Trace.HashEvery = _options.HashEvery;
        world.Trace.HashWriter = _options.HashWriter;
        world.Tracer = _options.Protocol is null ? null : new ProtocolTracer(_options.Protocol);
        world.Network.Faults = _swarm.Network;
        Prng clocks = Stream(ChanceOf.Clocks);
        foreach (SimulatedReplica replica in world.Replicas)
        {
            replica.WallOffsetNs = clocks.Between(-_swarm.WallSkewNs, _swarm.WallSkewNs);
            if (_options.Machine is { } make)
            {
                replica.MachineMaker = () => JournalMachine.Before(make());
            }
        }

        return world;
    }

    /// <summary>A lease that holds against every drift that faults may cause.</summary>
    private static LeaseOptions LeaseOf(Prng chance) => new()
    {
        Duration = TimeSpan.FromMilliseconds(chance.Between(100, 601)),
        Clock = new ClockBound(FaultDrawing.DriftMax + 1_000, 1_000),
    };

    private SeedResult Run()
    {
        long start = _world.Now;
        Violation? failure = null;
        try
        {
            _options.Plant?.Invoke(_world);
            _world.StartAll();
            UnderFaults(start + _options.FaultsNs);
            Recover();
        }
        catch (InvariantException error)
        {
            failure = _world.Violation
                ?? new Violation(Monitor.OfInvariant(error), error.Message)
                {
                    Scene = _world.Scene(),
                    Calls = error.StackTrace ?? "",
                };
        }
        catch (EngineOpenException error)
        {
            failure = new Violation(Monitor.Recovery, error.Message) { Scene = _world.Scene() };
        }

        return new SeedResult(
            _options.Seed,
            failure,
            _world.Trace.Hash,
            _world.Trace.Events,
            _world.Now - start,
            _load.Operations,
            _world.Trunk.Acknowledged.Count,
            _world.Monitors.Reads.Granted,
            _driver.Counts.ToArray(),
            _world.Monitors.Rare,
            PlanOfRun());
    }

    private FaultPlan? PlanOfRun() => _recorder is null ? null : new FaultPlan
    {
        Seed = _options.Seed,
        Replicas = _swarm.Replicas,
        Founders = _swarm.Founders,
        FaultsNs = _options.FaultsNs,
        Network = _swarm.Network,
        Disk = _swarm.Disk,
        Core = _recorder.Core,
        Faults = _recorder.Faults,
        Operations = _recorder.Operations,
    };

    private void UnderFaults(long end)
    {
        while (_world.Now < end && !IsOver)
        {
            _world.Step(long.Min(end, long.Min(_driver.NextInstant, _load.NextInstant)));
            ShardChecker.Check(_world);
            if (_world.Now >= _nextAudit)
            {
                _nextAudit = _world.Now + _audits.Between(1, AuditPeriodNs);
                _world.Monitors.Durability.Audit(_world.Monitors.Elections);
            }

            _driver.Turn();
            _load.Turn();
            _world.ThrowIfBroken();
        }
    }

    /// <summary>Heals a random quorum, and waits for progress there.</summary>
    private void Recover()
    {
        if (IsOver)
        {
            return;
        }

        _driver.Rest();
        _world.CalmOthers();
        _world.CloseChanges();
        bool[]? all = _swarm.IsLockstep && FoundingPhase.AreDisksSound(_world) ? HealedCore.All(_world) : null;
        uint leftOut = all is null ? 0 : FallInStep(all);
        bool[]? core = HealedCore.Draw(_world, Stream(ChanceOf.Core), leftOut, _options.Plan?.Core ?? []);
        if (core is null)
        {
            // Beyond the contract: it may stop. What it said stays true: every step was checked.
            _world.Monitors.Rare.Sometimes(RareState.QuorumOfDisksLost);
            return;
        }

        Record(core);
        if (!TryFound(core))
        {
            return;
        }

        foreach (SimulatedReplica replica in _world.Replicas)
        {
            FoundingPhase.Prepare(replica, core[replica.Number]);
        }

        long end = _world.Now + _options.LivenessNs;
        Wait(() => LeaderIn(core) is not null, "no leader in the healed quorum", end, core);
        Task<Receipt>? last = null;
        Wait(() => IsCommitted(ref last, core), "no proposal commits in the healed quorum", end, core);
        Wait(() => IsEqual(core), "the healed quorum does not converge", end, core);
        foreach (SimulatedReplica replica in _world.Replicas)
        {
            if (core[replica.Number] && IsMember(replica))
            {
                _world.Trunk.CheckHolds(replica);
                CalmChecker.Check(_world, replica);
            }
        }

        _world.Monitors.Durability.Audit(_world.Monitors.Elections);
        _world.ThrowIfBroken();
    }

    /// <summary>Founders that have not met do now.</summary>
    /// <returns>False when a disk was harmed before: the group cannot begin.</returns>
    private bool TryFound(bool[] core)
    {
        bool isFounded = FoundingPhase.HasFounded(_world, core);
        if (isFounded || !FoundingPhase.AreDisksSound(_world))
        {
            return isFounded;
        }

        foreach (SimulatedReplica replica in _world.Replicas)
        {
            FoundingPhase.Prepare(replica, FoundingPhase.IsFounder(_world, replica));
        }

        long end = _world.Now + _options.LivenessNs;
        Wait(() => FoundingPhase.HaveAllFounded(_world), "the founders do not meet while all are up", end, core);
        return true;
    }

    /// <summary>All voters run, and every delay is the same, until a leader was heard by all.</summary>
    /// <returns>That leader.</returns>
    private uint FallInStep(bool[] all)
    {
        _world.Network.Faults = new NetworkFaults(DelayMinNs: LockstepNs, DelayMaxNs: LockstepNs + 1);
        foreach (SimulatedReplica replica in _world.Replicas)
        {
            FaultEffects.SetTiming(replica, new DiskTiming(WriteMinNs: LockstepNs, WriteMaxNs: LockstepNs + 1));
            FoundingPhase.Prepare(replica, all[replica.Number]);
        }

        long end = _world.Now + _options.LivenessNs;
        Wait(() => LeaderIn(all) is not null, "no leader while all are up", end, all);
        Wait(() => IsEqual(all), "the replicas do not converge while all are up", end, all);
        return _world.Leader?.Number ?? 0;
    }

    private void Record(bool[] core)
    {
        for (uint replica = 1; replica < core.Length; replica++)
        {
            if (core[replica])
            {
                _recorder?.Core.Add(replica);
            }
        }
    }

    /// <summary>The leader counts on it, or sends to it: who was removed is left behind.</summary>
    private bool IsMember(SimulatedReplica replica) =>
        _world.Leader?.Core.Configuration.Find(replica.Number) is not null;

    private void Wait(Func<bool> condition, string complaint, long end, bool[] core)
    {
        while (!condition() && !IsOver)
        {
            _world.Check(
                Monitor.Progress,
                _world.Now < end,
                $"{complaint} within {_options.LivenessNs} ns; {Stalled(core)}");
            _world.Step(long.Min(end, _world.Now + RetryPeriodNs));
            ShardChecker.Check(_world);
            _world.ThrowIfBroken();
        }
    }

    private SimulatedReplica? LeaderIn(bool[] core) =>
        _world.Leader is { } leader && core[leader.Number] ? leader : null;

    /// <summary>Proposes until one proposal is committed: a change of leaders may cost some.</summary>
    private bool IsCommitted(ref Task<Receipt>? last, bool[] core)
    {
        if (last is { IsCompleted: true, Result.Outcome: Outcome.Committed })
        {
            return true;
        }

        // A refusal comes at once: time must pass before the next try.
        if (last is not { IsCompleted: false } && _world.Now >= _nextTry)
        {
            _nextTry = _world.Now + RetryPeriodNs;
            last = LeaderIn(core)?.ProposeAsync(_world.NextValue());
        }

        return false;
    }

    private bool IsEqual(bool[] core)
    {
        ulong committed = LeaderIn(core)?.Core.CommitIndex ?? 0;
        foreach (SimulatedReplica replica in _world.Replicas)
        {
            if (core[replica.Number] && IsMember(replica) && !IsCalmAt(replica, committed))
            {
                return false;
            }
        }

        return committed > 0;
    }

    private static bool IsCalmAt(SimulatedReplica replica, ulong committed)
    {
        FrontierValues values = replica.Runtime.Frontiers.Values;
        return values.Applied == committed && values.Appended == committed && values.Durable == committed
            && replica.Runtime.Slots.InUse == 0
            && replica.Core.Reads.Count + replica.Core.Asked.Count == 0
            && !replica.Runtime.HasReadsQueued;
    }

    /// <summary>Who is behind, and what it waits for.</summary>
    private string Stalled(bool[] core)
    {
        var text = new System.Text.StringBuilder("the quorum is");
        foreach (SimulatedReplica replica in _world.Replicas)
        {
            if (core[replica.Number])
            {
                FrontierValues values = replica.Runtime.Frontiers.Values;
                _ = text.Append(
                    CultureInfo.InvariantCulture,
                    $" {replica.Number} ({replica.Core.Role}, term {replica.Core.Term}, E {values.Appended}, "
                    + $"D {values.Durable}, C {values.Committed}, A {values.Applied}, "
                    + $"{replica.Runtime.Slots.InUse} waiting, log {(replica.Loop!.IsLogFull ? "full" : "open")}, "
                    + $"{replica.MembersAsSeen})");
            }
        }

        return text.ToString();
    }
}
