using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Diagnostics;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Recovery;
using CoreEngine.Simulation.Monitoring;
using Monitor = CoreEngine.Simulation.Monitoring.Monitor;

namespace CoreEngine.Simulation;

/// <summary>One replica of a world: its disk stays through crashes, its loop does not.</summary>
internal sealed partial class SimulatedReplica(World world, uint number, Prng chance) : IDisposable
{
    /// <summary>Small enough for ranges to end at a chunk's end now and then.</summary>
    private const int ChunkBytes = 32 * 1024;

    private readonly InlineWorkers _workers = new();
    private SimulatedRing? _ring;
    private SimulatedTransport? _transport;
    private SegmentedLog? _log;
    private Group? _group;
    private GroupRuntime? _runtime;
    private RaftCore? _core;
    private bool _again;
    private long _deadline;
    private long _stopBy;

    internal uint Number => number;

    /// <summary>Counts the starts.</summary>
    internal int Life { get; private set; }

    internal SimulatedDisk Disk { get; private set; } = new(world.Memory.Pages);

    /// <summary>How fast the disk is.</summary>
    internal DiskTiming Timing { get; set; } = world.Options.Disk;

    /// <summary>Until then the process stands still, as in a long collection or a stopped machine.</summary>
    internal long PausedUntil { get; set; }

    /// <summary>What its monotonic clock shows.</summary>
    internal SimulatedClock Clock { get; } = new();

    /// <summary>How far this replica's wall clock is off.</summary>
    internal long WallOffsetNs { get; set; }

    internal EngineLoop? Loop { get; private set; }

    internal JournalMachine Machine { get; private set; } = new();

    /// <summary>Set before a start to give the next life another machine.</summary>
    internal Func<JournalMachine> MachineMaker { get; set; } = static () => new JournalMachine();

    /// <summary>What recovery reported at the last start.</summary>
    internal RecoveryReport? Report { get; private set; }

    /// <summary>Why the last start ended before it began.</summary>
    internal LogOpenResult? Refusal { get; private set; }

    internal SimulatedRing Ring => _ring!;

    internal Group Group => _group!;

    /// <summary>Frames that will arrive here.</summary>
    internal int FramesUnderWay => _transport!.Count;

    internal GroupRuntime Runtime => _runtime!;

    /// <summary>The groups beside the watched one.</summary>
    internal List<(GroupRuntime Group, JournalMachine Machine)> Others { get; } = [];

    /// <summary>The core's own variables.</summary>
    internal RaftState Core => _core!.State;

    internal bool IsRunning => Loop is not null;

    internal GroupStatus Status => _group?.Status ?? default;

    internal bool IsLeader => IsRunning && Core.Role == Role.Leader && Group.Fault is null;

    /// <summary>Up, and its shard has not stopped on a fault.</summary>
    internal bool IsSound => Loop is not null && Loop.Fault is null && Runtime.Fault is null;

    /// <summary>Up, and something of its log cannot be read.</summary>
    internal bool IsDamaged => IsRunning && Claims.IsDamaged(Core);

    /// <summary>When the replica has something to do next; <see cref="long.MaxValue"/> when it is down.</summary>
    internal long NextInstant => Loop is null || Loop.Fault is not null ? long.MaxValue
        : _again ? long.Max(world.Now, PausedUntil)
        : long.Max(PausedUntil, long.Min(long.Min(_ring!.NextEnd, _transport!.NextArrival), _deadline));

    internal void Format()
    {
        using var ring = new SimulatedRing(Disk, chance, () => world.Now, Timing);
        Incarnation = chance.Next() | 1;
        SegmentedLog.Format(ring, new LogIdentity(world.Cluster, number, Incarnation), LogOptionsOf());
    }

    /// <summary>The directory is wiped and formatted again under the old number.</summary>
    internal void FormatAnew()
    {
        Invariant.Holds(Loop is null);
        Disk = new SimulatedDisk(world.Memory.Pages);
        world.Monitors.Wiped(this);
        Format();
        Disk.Mishaps.Harm = DiskHarm.Wiped;
    }

    /// <summary>A disk that was never formatted stands in the place of the old one.</summary>
    internal void ReplaceDisk()
    {
        Invariant.Holds(Loop is null);
        Disk = new SimulatedDisk(world.Memory.Pages);
        Disk.Mishaps.Harm = DiskHarm.Replaced;
    }

    /// <summary>The monotonic clock goes faster or slower from now on.</summary>
    internal void Drift(long partsPerMillion)
    {
        Clock.Drift(world.Now, partsPerMillion);
        _deadline = Loop is null ? long.MaxValue : Clock.WorldOf(Loop.NextDeadline());
    }

    /// <summary>Recovers from the disk and joins the network.</summary>
    /// <exception cref="InvariantException">It refuses its disk.</exception>
    internal void Start()
    {
        bool started = TryStart();
        Invariant.Holds(started);
    }

    /// <summary>Recovers from the disk and joins the network.</summary>
    /// <returns>False when it refuses its disk, which is excused by what was done to that disk: it stays down, and
    /// <see cref="Refusal"/> says why.</returns>
    /// <exception cref="InvariantException">It refuses a disk to which nothing was done.</exception>
    internal bool TryStart()
    {
        LogOpenResult result = Recover();
        if (result.Log is null)
        {
            NoteRefusal(result);
        }

        return result.Log is not null;
    }

    /// <summary>Recovers from the disk and joins the network, or stays down with the reason; nothing is
    /// judged.</summary>
    internal LogOpenResult Recover()
    {
        Invariant.Holds(Loop is null);
        Life++;
        PausedUntil = 0;
        Disk.Mishaps.ForgetFailedReads();

        // Chance of its own for each life: what the disk did before does not decide what comes.
        var chances = new Prng(unchecked(world.Options.Seed + ((ulong)Life << 32) + number));
        _ring = new SimulatedRing(Disk, chance, () => world.Now, Timing);
        var recovery = new GroupRecovery(ChunkBytes, world.Options.SuffixBytes);
        LogOpenResult result = SegmentedLog.Open(_ring, LogOptionsOf(chances.Next()), number, world.Cluster, recovery);
        Report = result.Report;
        if (result.Log is null)
        {
            _ring.Dispose();
            return result;
        }

        _log = result.Log;
        if ((Disk.Mishaps.Harm & DiskHarm.LostWrite) != 0 && !Disk.Mishaps.IsLossFound(result.Damages))
        {
            // Nothing in the log may tell: it is not let in, so that nobody is blamed for what the disk forgot.
            _log.Dispose();
            _ring.Dispose();
            return result with { Log = null };
        }

        SnapshotStore snapshots = SnapshotStore.Open(_ring, world.Memory.Slabs);
        recovery.Join(snapshots, _log.Index);
        RecoveredGroup recovered = recovery.Find(1);
        world.Monitors.Restarted(this, recovered);
        long refused = world.Network.Refused;
        _transport = world.Network.Join(number, _log.Identity.Incarnation, recovery.Peers.Admits);
        world.Monitors.Rare.Sometimes(
            RareState.WipedRefused, Disk.Mishaps.Harm == DiskHarm.Wiped && world.Network.Refused > refused);
        EngineOptions options = OptionsOf();
        uint life = unchecked((uint)chances.Next());
        var setup = new LoopSetup(options, life, _ring, _transport, _log, _workers, recovery.Peers)
        {
            Scratch = world.Memory.ScratchOf(number),
            CoreTap = Tap,
            Clock = () => Clock.Local(world.Now),
            Snapshots = snapshots,
        };
        Loop = new EngineLoop(setup);
        Machine = MachineMaker();
        uint[] members = [.. Founders()];
        GroupRuntime runtime = GroupOpening.Create(
            Loop,
            recovered,
            new GroupRequest("journal", Machine, GroupOptionsOf()),
            new GroupMembership(members, chances.Next(), _log.Identity.Incarnation));
        Loop.Add(runtime);
        _runtime = runtime;
        var membership = new GroupMembership(members, chances.Next(), _log.Identity.Incarnation);
        Others.AddRange(OtherGroups.Open(world, Loop, recovery, GroupOptionsOf(), membership));
        _ring.Ended = (token, result) =>
            world.Trace.Add(world.Now, TraceKind.Completed, number, token, unchecked((ulong)result));
        world.Trace.Add(world.Now, TraceKind.Started, number, (ulong)Life, _log.Identity.Incarnation);
        _group = new Group(runtime);
        _again = true;
        return result;
    }

    private void NoteRefusal(LogOpenResult result)
    {
        Refusal = result;
        world.Trace.Add(world.Now, TraceKind.Refused, number, (ulong)result.Status, 0);
        DiskHarm harm = Disk.Mishaps.Harm;
        bool isIo = result.Status == LogOpenStatus.IoFailed;
        bool isExcused = (isIo && (Disk.IsFull || Disk.Mishaps.HasFailedReads)) || harm != DiskHarm.None;
        RareStates rare = world.Monitors.Rare;
        rare.Sometimes(RareState.FullDiskRefused, isIo && Disk.IsFull);
        rare.Sometimes(RareState.ReadFailedAtStart, isIo && Disk.Mishaps.HasFailedReads);
        rare.Sometimes(RareState.RotRefused, (harm & DiskHarm.Rotten) != 0);
        bool isUnseen = result.Status == LogOpenStatus.Opened;
        rare.Sometimes(RareState.LostWriteUnseen, isUnseen);
        rare.Sometimes(RareState.LostWriteRefused, (harm & DiskHarm.LostWrite) != 0 && !isUnseen);
        rare.Sometimes(RareState.ReplacedRefused, (harm & DiskHarm.Replaced) != 0);
        world.Check(Monitor.Recovery, isExcused, $"replica {number} refuses its own disk: {result.Message}");
        world.ThrowIfBroken();
    }

    /// <summary>Its election timeout ends at this instant.</summary>
    internal void TimeOut()
    {
        Core.ElectionDeadlineNs = world.Now;
        Nudge();
    }

    /// <summary>Why it makes no progress, by its own clock.</summary>
    internal ProgressReport Explain() => StallExplainer.Explain(Runtime, Clock.Local(world.Now));

    /// <summary>What it hands to workers is not done: the host's machine stands still.</summary>
    internal bool AreWorkersHeld { get; set; }

    /// <summary>It turns at this instant, whatever it waits for.</summary>
    internal void Nudge()
    {
        Loop!.Schedule.Signal(Runtime);
        _again = true;
    }

    /// <summary>One turn of the loop, and what it handed to workers.</summary>
    internal void Turn()
    {
        _again = Loop!.Turn(Clock.Local(world.Now), world.Wall + WallOffsetNs) | (!AreWorkersHeld && _workers.RunAll());

        // Whatever moves it between turns asks for another turn.
        _deadline = Clock.WorldOf(Loop.NextDeadline());
        RaftState core = Core;
        world.Trace.Add(
            world.Now, TraceKind.Turned, number, (core.Term << 8) | (ulong)core.Role, Runtime.Frontiers.Committed);
    }

    /// <summary>The host disposes the engine: it hands over what it leads, and goes when <see cref="TryStop"/> lets
    /// it.</summary>
    internal void BeginStop()
    {
        Closing.Begin(Loop!);
        _stopBy = world.Now + (Loop!.Options.CloseTimeout.Ticks * 100);
        _again = true;
    }

    /// <summary>The stop has come to its end, or its time is over: the log is sealed.</summary>
    /// <returns>False while something is waited for.</returns>
    internal bool TryStop()
    {
        if (Loop!.Fault is null && !Closing.IsDrained(Loop) && world.Now < _stopBy)
        {
            return false;
        }

        world.Trace.Add(world.Now, TraceKind.Killed, number, 1, 0);
        Closing.Seal(Loop);
        Leave();
        return true;
    }

    /// <summary>The process dies; the disk's cache survives.</summary>
    internal void Kill()
    {
        Invariant.Holds(Loop is not null);
        world.Trace.Add(world.Now, TraceKind.Killed, number, 0, 0);
        world.Monitors.Snapshots.Crashed(this);
        _ring!.Kill();
        Leave();
    }

    /// <summary>The power fails: unsynced data and writes under way are torn.</summary>
    internal void PowerCut()
    {
        world.Trace.Add(world.Now, TraceKind.PowerCut, number, 0, 0);
        if (Loop is not null)
        {
            world.Monitors.Snapshots.Crashed(this);
            _ring!.PowerCut();
            Leave();
        }
        else
        {
            Disk.PowerCut(chance);
        }
    }

    /// <summary>Proposes one value; the world's checker hears of the receipt.</summary>
    internal Task<Receipt> ProposeAsync(ulong value, Model.Durability level = Model.Durability.QuorumDurable)
    {
        world.Trace.Add(world.Now, TraceKind.Proposed, number, value, 0);
        ValueTask<Receipt> pending = Group.ProposeAsync(world.BytesOf(value), level);
        _again = true;
        return Watch(value, pending);
    }

    /// <summary>Its host wants another leader; 0: whoever is fittest.</summary>
    internal Task<TransferResult> TransferAsync(uint target, long withinNs)
    {
        _again = true;
        return Runtime.TransferAsync(target, withinNs).AsTask();
    }

    /// <summary>Proposes one value to a group beside the watched one; the world's checker hears of the
    /// receipt.</summary>
    internal void ProposeTo(uint number, ulong value)
    {
        Span<byte> command = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(command, value);
        _again = true;
        _ = world.Monitors.Others.Watch(number, value, new Group(Loop!.Find(number)!).ProposeAsync(command));
    }

    /// <summary>Asks for a linearizable count of the entries taken in.</summary>
    internal Task<QueryResult<int>> CountAsync() => CountAsync(Read.Linearizable);

    /// <summary>Asks for a count of the entries taken in, of any freshness.</summary>
    /// <param name="meanwhile">Runs inside the machine, after the count; null for nothing.</param>
    internal Task<QueryResult<int>> CountAsync(in Read read, Action? meanwhile = null)
    {
        int floor = world.Monitors.Reads.Floor;
        _again = true;
        return Watch(read, floor, world.Now, Group.QueryAsync<JournalMachine, Action?, int>(Count, meanwhile, read));
    }

    public override string ToString() => Loop is null || _group is null
        ? string.Create(CultureInfo.InvariantCulture, $"{number} down, or not open")
        : string.Create(
            CultureInfo.InvariantCulture, $"{number} {Status} fault {Loop.Fault?.Reason ?? Group.Fault?.Reason}");

    public void Dispose()
    {
        if (Loop is not null)
        {
            Leave();
        }
    }

    private async Task<Receipt> Watch(ulong value, ValueTask<Receipt> pending)
    {
        Receipt receipt = await pending.ConfigureAwait(false);
        world.Answered(this, value, receipt);
        return receipt;
    }

    private static int Count(JournalMachine machine, Action? meanwhile)
    {
        int count = machine.Entries.Count;
        meanwhile?.Invoke();
        return count;
    }

    private async Task<QueryResult<int>> Watch(
        Read read, int floor, long askedNs, ValueTask<QueryResult<int>> pending)
    {
        QueryResult<int> result = await pending.ConfigureAwait(false);
        world.Trace.Add(world.Now, TraceKind.Read, number, (ulong)result.Value, (ulong)result.Point.Refusal.Code);
        world.Monitors.ReadEnded(this, read, floor, askedNs, result);
        return result;
    }

    private IProtocolCore Tap(RaftCore core)
    {
        if (core.State.Options.Group != 1)
        {
            return core;
        }

        _core = core;
        return world.Tracer?.Tap(core) ?? (IProtocolCore)core;
    }

    private void Leave()
    {
        _transport!.Dispose();
        _ring!.Dispose();
        _log!.Dispose();
        Loop!.Snapshots.Dispose();
        Loop = null;
        _group = null;
        _runtime = null;
        Others.Clear();
    }

    private LogOptions LogOptionsOf() => LogOptionsOf(chance.Next());

    private LogOptions LogOptionsOf(ulong seed) => new()
    {
        SegmentBytes = world.Options.SegmentBytes,
        BatchBytes = world.Options.BatchBytes,
        SubmitBytesMin = world.Options.SubmitBytesMin ?? int.Min(32 * 1024, world.Options.BatchBytes / 4),
        SparesWanted = 1,
        CursorBytes = 16 * 1024,
        ScanBytes = 64 * 1024,
        Slabs = world.Memory.Slabs,
        Seed = seed,
    };

    private GroupOptions GroupOptionsOf() => GroupOptions.Raft() with
    {
        QueueBytes = world.Options.QueueBytes,
        ProposalsMax = world.Options.ProposalsMax,
        Windows = world.Options.Windows,
        Lease = world.Options.Lease,
        CloseTarget = world.Options.CloseTarget,
        DigestEvery = world.Options.DigestEvery,

        // The second statement of the rules knows no snapshots: a traced world keeps its logs.
        Snapshots = world.Tracer is null ? world.Options.Snapshots : WorldOptions.NoSnapshots,
    };

    private EngineOptions OptionsOf() => new()
    {
        Replica = number,
        Directory = "simulated",
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        Peers = [.. PeersOf()],
        Join = Joins,
        Heartbeat = TimeSpan.FromMilliseconds(world.Options.HeartbeatMs),
        ElectionMin = TimeSpan.FromMilliseconds(world.Options.ElectionMinMs),
        ElectionMax = TimeSpan.FromMilliseconds(world.Options.ElectionMaxMs),
        QuiesceAfter = TimeSpan.FromMilliseconds(world.Options.QuiesceAfterMs),
        ProposalTimeout = TimeSpan.FromMilliseconds(world.Options.ProposalTimeoutMs),
        FeatureLevel = FeatureLevel,
        ScrubBytesPerSecond = world.Options.ScrubBytesPerSecond,
        ScrubEvery = TimeSpan.FromMilliseconds(world.Options.ScrubEveryMs),
    };

    private IEnumerable<Peer> PeersOf() => Enumerable.Range(1, world.Options.Replicas)
        .Where(i => i != number)
        .Select(static i => new Peer((uint)i, new IPEndPoint(IPAddress.Loopback, 0)));

    /// <summary>Runs handed-over work in the world's own thread, after the turn.</summary>
    private sealed class InlineWorkers : IWorkers
    {
        private readonly Queue<IThreadPoolWorkItem> _items = new();

        public void Run(IThreadPoolWorkItem item) => _items.Enqueue(item);

        internal bool RunAll()
        {
            if (_items.Count == 0)
            {
                return false;
            }

            // Under a caller's context the continuations of a host's stream would run on threads of their own.
            SynchronizationContext? outer = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            while (_items.TryDequeue(out IThreadPoolWorkItem? item))
            {
                item.Execute();
            }

            SynchronizationContext.SetSynchronizationContext(outer);
            return true;
        }
    }
}
