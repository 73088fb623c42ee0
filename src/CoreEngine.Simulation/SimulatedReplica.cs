using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.IO.Log;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Recovery;

namespace CoreEngine.Simulation;

/// <summary>One replica of a world: its disk stays through crashes, its loop does not.</summary>
internal sealed class SimulatedReplica(World world, uint number, Prng chance) : IDisposable
{
    private readonly InlineWorkers _workers = new();
    private SimulatedRing? _ring;
    private SimulatedTransport? _transport;
    private SegmentedLog? _log;
    private Group? _group;
    private bool _again;

    internal uint Number => number;

    /// <summary>Counts the starts.</summary>
    internal int Life { get; private set; }

    internal SimulatedDisk Disk { get; private set; } = new();

    internal EngineLoop? Loop { get; private set; }

    internal JournalMachine Machine { get; private set; } = new();

    /// <summary>Set before a start to give the next life another machine.</summary>
    internal Func<JournalMachine> MachineMaker { get; set; } = static () => new JournalMachine();

    /// <summary>What recovery reported at the last start.</summary>
    internal RecoveryReport? Report { get; private set; }

    internal SimulatedRing Ring => _ring!;

    internal Group Group => _group!;

    internal bool IsRunning => Loop is not null;

    internal GroupStatus Status => _group?.Status ?? default;

    internal bool IsLeader => IsRunning && Status.Role == "Leader" && Group.Fault is null;

    /// <summary>When the replica has something to do next; <see cref="long.MaxValue"/> when it is down.</summary>
    internal long NextInstant => Loop is null || Loop.Fault is not null ? long.MaxValue
        : _again ? world.Now
        : long.Min(long.Min(_ring!.NextEnd, _transport!.NextArrival), Loop.NextDeadline());

    internal void Format()
    {
        using var ring = new SimulatedRing(Disk, chance, () => world.Now, world.Options.Disk);
        SegmentedLog.Format(ring, new LogIdentity(world.Cluster, number, chance.Next() | 1), LogOptionsOf());
    }

    /// <summary>The directory is wiped and formatted again under the old number.</summary>
    internal void FormatAnew()
    {
        Invariant.Holds(Loop is null);
        Disk = new SimulatedDisk();
        Format();
    }

    /// <summary>Recovers from the disk and joins the network.</summary>
    internal void Start()
    {
        Invariant.Holds(Loop is null);
        Life++;
        _ring = new SimulatedRing(Disk, chance, () => world.Now, world.Options.Disk);
        var recovery = new GroupRecovery();
        LogOpenResult result = SegmentedLog.Open(_ring, LogOptionsOf(), number, world.Cluster, recovery);
        _log = result.Log ?? throw new InvariantException($"replica {number} refuses its own disk: {result.Message}");
        Report = result.Report;
        _transport = world.Network.Join(number, _log.Identity.Incarnation);
        EngineOptions options = OptionsOf();
        uint life = unchecked((uint)chance.Next());
        var setup = new LoopSetup(options, life, _ring, _transport, _log, _workers, recovery.Peers);
        Loop = new EngineLoop(setup);
        Machine = MachineMaker();
        uint[] members = [.. Enumerable.Range(1, world.Options.Replicas).Select(static i => (uint)i)];
        GroupRuntime runtime = GroupOpening.Create(
            Loop,
            recovery.Find(1),
            new GroupRequest("journal", Machine, GroupOptions.Raft()),
            new GroupMembership(members, chance.Next(), _log.Identity.Incarnation));
        Loop.Add(runtime);
        _group = new Group(runtime);
        _again = true;
    }

    /// <summary>One turn of the loop, and what it handed to workers.</summary>
    internal void Turn()
    {
        _again = Loop!.Turn(world.Now, world.Wall) | _workers.RunAll();
    }

    /// <summary>The process dies; the disk's cache survives.</summary>
    internal void Kill()
    {
        Invariant.Holds(Loop is not null);
        Leave();
    }

    /// <summary>The power fails: unsynced data and writes under way are torn.</summary>
    internal void PowerCut()
    {
        if (Loop is not null)
        {
            _ring!.PowerCut();
            Leave();
        }
        else
        {
            Disk.PowerCut(chance);
        }
    }

    /// <summary>Proposes one value; the world's checker hears of the receipt.</summary>
    internal Task<Receipt> ProposeAsync(ulong value)
    {
        Span<byte> command = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(command, value);
        ValueTask<Receipt> pending = Group.ProposeAsync(command);
        _again = true;
        return Watch(value, pending);
    }

    /// <summary>Asks for a linearizable count of the entries taken in.</summary>
    internal Task<QueryResult<int>> CountAsync()
    {
        _again = true;
        return Group.QueryAsync<JournalMachine, bool, int>(static (machine, _) => machine.Entries.Count, true).AsTask();
    }

    public override string ToString() => Loop is null
        ? string.Create(CultureInfo.InvariantCulture, $"{number} down")
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
        if (receipt.Outcome == Outcome.Committed)
        {
            world.Trunk.Acknowledge(value, receipt);
        }

        return receipt;
    }

    private void Leave()
    {
        _transport!.Dispose();
        _ring!.Dispose();
        _log!.Dispose();
        Loop = null;
        _group = null;
    }

    private LogOptions LogOptionsOf() => new() { SegmentBytes = world.Options.SegmentBytes, Seed = chance.Next() };

    private EngineOptions OptionsOf() => new()
    {
        Replica = number,
        Directory = "simulated",
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        Peers = [.. PeersOf()],
    };

    private IEnumerable<Peer> PeersOf()
    {
        for (uint i = 1; i <= world.Options.Replicas; i++)
        {
            if (i != number)
            {
                yield return new Peer(i, new IPEndPoint(IPAddress.Loopback, 0));
            }
        }
    }

    /// <summary>Runs handed-over work in the world's own thread, after the turn.</summary>
    private sealed class InlineWorkers : IWorkers
    {
        private readonly Queue<IThreadPoolWorkItem> _items = new();

        public void Run(IThreadPoolWorkItem item) => _items.Enqueue(item);

        internal bool RunAll()
        {
            bool any = _items.Count > 0;
            while (_items.TryDequeue(out IThreadPoolWorkItem? item))
            {
                item.Execute();
            }

            return any;
        }
    }
}
