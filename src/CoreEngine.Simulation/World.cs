using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.CompilerServices;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Faults;
using CoreEngine.Simulation.Hosting;
using CoreEngine.Simulation.Monitoring;
using CoreEngine.Simulation.Tracing;

namespace CoreEngine.Simulation;

/// <summary>What a world is made of.</summary>
internal sealed record WorldOptions
{
    /// <summary>Decides everything that chance decides.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Replicas, numbered from 1.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>So many of them, the first ones, found the group; the others wait to be added. Null: all.</summary>
    public int? Founders { get; init; }

    /// <summary>Bytes of a log segment.</summary>
    public long SegmentBytes { get; init; } = 1024 * 1024;

    /// <summary>How disks behave.</summary>
    public DiskTiming Disk { get; init; } = new();

    /// <summary>Stream bytes of a log batch.</summary>
    public int BatchBytes { get; init; } = 256 * 1024;

    /// <summary>With a write in flight another one starts only when so many bytes wait; null for the usual.</summary>
    public int? SubmitBytesMin { get; init; }

    /// <summary>Bytes of recent entries that a replica keeps in memory.</summary>
    public int SuffixBytes { get; init; } = LogSuffix.DefaultCapacityBytes;

    /// <summary>Windows of the cores.</summary>
    public RaftWindows Windows { get; init; } = new();

    /// <summary>Bytes of a group's queue of proposals.</summary>
    public int QueueBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Proposals that may wait at a replica.</summary>
    public int ProposalsMax { get; init; } = Limits.ProposalsMax;

    /// <summary>After how long an undecided proposal ends as Unknown.</summary>
    public int ProposalTimeoutMs { get; init; } = 10_000;

    /// <summary>When replicas take snapshots, and how much log they keep.</summary>
    /// <remarks>Uncompressed: a run must not depend on what this machine's library makes of the bytes.</remarks>
    public SnapshotOptions Snapshots
    {
        get;
        init => field = value with { Compression = SnapshotCompression.None };
    } = NoSnapshots;

    /// <summary>Bytes per second at which replicas look for rot; 0: only an opening or a read finds it.</summary>
    public long ScrubBytesPerSecond { get; init; }

    /// <summary>How often a look at everything begins at most.</summary>
    public int ScrubEveryMs { get; init; } = 1000;

    /// <summary>Only when somebody asks.</summary>
    internal static SnapshotOptions NoSnapshots { get; } = new()
    {
        LogBytes = 0,
        Age = System.TimeSpan.Zero,
        Compression = SnapshotCompression.None,
    };

    /// <summary>How often a leader shows that it lives.</summary>
    public int HeartbeatMs { get; init; } = 50;

    /// <summary>Shortest silence of a leader after which a replica campaigns.</summary>
    public int ElectionMinMs { get; init; } = 300;

    /// <summary>Longest such silence.</summary>
    public int ElectionMaxMs { get; init; } = 600;

    /// <summary>Groups of every replica: the first is watched by all monitors, the others by
    /// <see cref="OtherGroups"/>.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Mean time between two proposals in the other groups, in milliseconds; 0: none.</summary>
    public int OtherPeriodMs { get; init; }

    /// <summary>A group in which nothing happens for so long rests; 0: never, as scripts want.</summary>
    public int QuiesceAfterMs { get; init; }

    /// <summary>Disks of a majority may be harmed: the group may stop then, and must not lie.</summary>
    public bool IsBeyondContract { get; init; }

    /// <summary>Leases of the group; null for none.</summary>
    public LeaseOptions? Lease { get; init; }

    /// <summary>How far closed time may fall behind; null for any.</summary>
    public TimeSpan? CloseTarget { get; init; }

    /// <summary>Entries between two comparisons of states.</summary>
    public int DigestEvery { get; init; } = 4096;

    /// <summary>Makes the commands of a host's machine; null when the journal is the machine.</summary>
    public Func<Prng, byte[]>? Command { get; init; }
}

/// <summary>
/// A whole cluster in one thread: real loops, logs, recovery and cores over simulated disks, network and time, from
/// one seed.
/// </summary>
internal sealed class World : IDisposable
{
    private const int TurnsPerInstantMax = 64;
    private const long IdleStepNs = 1_000_000;
    private const long StartNs = 1_000_000_000;

    private readonly Prng _chance;
    private readonly SimulatedReplica[] _replicas;
    private readonly bool _ownsMemory;
    private ulong _nextValue = 1;
    private readonly Prng _others;
    private long _nextOtherNs;
    private ulong _otherValue;
    /// <summary>Steps at one instant after which somebody is taken to spin.</summary>
    private const int PassesMax = 1_000;

    private int _pass;

    /// <param name="memory">Kept from world to world by the caller; null: this world's own.</param>
    internal World(WorldOptions options, SimulationMemory? memory = null)
    {
        Options = options;
        _ownsMemory = memory is null;
        Memory = memory ?? new SimulationMemory();
        _chance = new Prng(options.Seed);
        _others = new Prng(~options.Seed);
        _nextOtherNs = options is { Groups: > 1, OtherPeriodMs: > 0 } ? StartNs : long.MaxValue;
        Network = new SimulatedNetwork(_chance.Next(), options.Replicas, () => Now, Trace);
        Monitors = new Monitors(this);
        Sessions = new SimulatedSessions(this);
        Network.Watcher = Monitors;
        Cluster = new ClusterId(_chance.Next(), _chance.Next());
        _replicas = new SimulatedReplica[options.Replicas];
        for (int i = 0; i < _replicas.Length; i++)
        {
            _replicas[i] = new SimulatedReplica(this, (uint)i + 1, new Prng(_chance.Next()));
            _replicas[i].Format();
        }
    }

    internal WorldOptions Options { get; }

    internal SimulationMemory Memory { get; }

    internal ClusterId Cluster { get; }

    /// <summary>Virtual nanoseconds.</summary>
    internal long Now { get; private set; } = StartNs;

    /// <summary>Now as plans name it: since the start, and how many steps were made at this time before.</summary>
    internal Instant Instant => new(Now - StartNs, _pass);

    internal SimulatedNetwork Network { get; }

    internal Trace Trace { get; } = new();

    /// <summary>Tells the steps of the protocol; null: nobody asks. Set before the start.</summary>
    internal ProtocolTracer? Tracer { get; set; }

    /// <summary>What watches every step.</summary>
    internal Monitors Monitors { get; }

    internal TrunkChecker Trunk => Monitors.Trunk;

    /// <summary>What was found wrong first; null while all is well.</summary>
    internal Violation? Violation { get; private set; }

    internal ReadOnlySpan<SimulatedReplica> Replicas => _replicas;

    internal SimulatedReplica this[uint replica] => _replicas[replica - 1];

    /// <summary>Virtual wall clock: the same everywhere for now.</summary>
    internal long Wall => 1_700_000_000_000_000_000 + Now;

    internal void StartAll()
    {
        foreach (SimulatedReplica replica in _replicas)
        {
            replica.Start();
        }
    }

    /// <summary>The power of every replica fails at this instant.</summary>
    internal void PowerCutAll()
    {
        foreach (SimulatedReplica replica in _replicas)
        {
            replica.PowerCut();
        }
    }

    /// <summary>The leader of the highest term, as the replicas themselves see it; null when nobody leads.</summary>
    internal SimulatedReplica? Leader
    {
        get
        {
            SimulatedReplica? leader = null;
            foreach (SimulatedReplica replica in _replicas)
            {
                if (replica.IsLeader && (leader is null || replica.Status.Term > leader.Status.Term))
                {
                    leader = replica;
                }
            }

            return leader;
        }
    }

    /// <summary>Commands that were ever made.</summary>
    internal ulong Proposed => _nextValue - 1;

    /// <summary>A command that nobody has proposed before.</summary>
    internal ulong NextValue() => _nextValue++;

    /// <summary>A command was taken from a plan: what comes from here is above it.</summary>
    internal void NoteValue(ulong value) => _nextValue = ulong.Max(_nextValue, value + 1);

    /// <summary>Virtual time of an instant.</summary>
    internal static long TimeOf(Instant instant) => StartNs + instant.Ns;

    /// <summary>What a host's client proposes as this value; null in a world without a host.</summary>
    internal byte[]? CommandOf(ulong value) =>
        Options.Command?.Invoke(new Prng(unchecked(~Options.Seed + (value * 0x9E3779B97F4A7C15))));

    /// <summary>The whole command of a value.</summary>
    internal byte[] BytesOf(ulong value) => CommandEnvelope.Seal(value, CommandOf(value));

    /// <summary>Clients that propose in sessions.</summary>
    internal SimulatedSessions Sessions { get; }

    /// <summary>Goes to the next instant at which anything happens, but not beyond a limit, and lets it
    /// happen.</summary>
    /// <exception cref="InvariantException">A monitor found the cluster in a state that must not be.</exception>
    internal void Step(long limit = long.MaxValue)
    {
        long next = long.MaxValue;
        foreach (SimulatedReplica replica in _replicas)
        {
            next = long.Min(next, replica.NextInstant);
        }

        next = long.Min(next, _nextOtherNs);

        // With every replica down only time passes.
        next = next == long.MaxValue ? Now + IdleStepNs : long.Max(Now, next);
        long before = Now;
        Now = long.Max(Now, long.Min(next, limit));
        _pass = Now == before ? _pass + 1 : 0;
        CheckSpin();
        LoadOthers();
        foreach (SimulatedReplica replica in _replicas)
        {
            if (replica.NextInstant > Now)
            {
                continue;
            }

            for (int i = 0; i < TurnsPerInstantMax && replica.NextInstant <= Now; i++)
            {
                replica.Turn();
            }

            Monitors.Observe(replica);
        }

        ThrowIfBroken();
    }

    /// <summary>A shard that wants a turn at once, again and again, would burn a core: time must go on.</summary>
    private void CheckSpin()
    {
        if (_pass < PassesMax)
        {
            return;
        }

        foreach (SimulatedReplica replica in _replicas)
        {
            Check(
                Monitor.Progress,
                replica.NextInstant > Now,
                $"replica {replica.Number} turns for ever at one instant: {replica.WhyAwake}");
        }

        ThrowIfBroken();
    }

    /// <summary>Operators ask for nothing any more, and what they have asked for and nobody has begun is
    /// forgotten.</summary>
    internal void CloseChanges()
    {
        // What was asked at this instant is begun, or on its way.
        Step(Now);
        foreach (SimulatedReplica replica in _replicas)
        {
            if (replica.IsRunning)
            {
                replica.Runtime.MemberChanges.EndAll();
            }
        }

        Network.Forget((byte)MessageType.MemberRequest);
    }

    /// <summary>Nothing more is proposed in the other groups.</summary>
    internal void CalmOthers() => _nextOtherNs = long.MaxValue;

    /// <summary>Bursts of proposals in the other groups, with pauses in which they may come to rest.</summary>
    private void LoadOthers()
    {
        if (Now < _nextOtherNs)
        {
            return;
        }

        _nextOtherNs = Now + _others.Between(1, 2 * Options.OtherPeriodMs * 1_000_000L);
        SimulatedReplica replica = _replicas[_others.Between(0, _replicas.Length)];
        uint group = (uint)_others.Between(2, Options.Groups + 1);
        for (long left = _others.Between(1, 20); left > 0 && replica.IsRunning; left--)
        {
            replica.ProposeTo(group, ++_otherValue);
        }
    }

    internal void RunFor(long nanoseconds)
    {
        long end = Now + nanoseconds;
        while (Now < end)
        {
            Step(end);
        }
    }

    /// <summary>Notes a violation when the condition is false; the step in which it happened ends by
    /// throwing.</summary>
    /// <remarks>Checkers run inside the engine's own turns, whose frames must not be unwound by them.</remarks>
    internal void Check(
        Monitor monitor, bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref ViolationText violation)
    {
        if (!holds)
        {
            Violation ??= new Violation(monitor, violation.ToString());
        }
    }

    /// <exception cref="InvariantException">Something is wrong; the message names the monitor and the seed.</exception>
    internal void ThrowIfBroken()
    {
        if (Violation is not null)
        {
            Violation = Violation with { Scene = Scene() };
            throw new InvariantException(Violation.ToString());
        }
    }

    /// <summary>Where the world stands: what a violation is printed with.</summary>
    internal string Scene() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {Options.Seed}, event {Trace.Events}, {Now / 1_000_000} virtual ms; {Describe()}");

    /// <summary>A proposer at a replica was answered.</summary>
    internal void Answered(SimulatedReplica replica, ulong value, in Receipt receipt)
    {
        Trace.Add(Now, TraceKind.Answered, replica.Number, value, (ulong)receipt.Outcome);
        Monitors.Answered(replica, value, receipt);
    }

    /// <summary>Runs until the condition holds.</summary>
    /// <exception cref="InvalidOperationException">It did not hold within the virtual time; the message carries the
    /// seed.</exception>
    internal void RunUntil(Func<bool> condition, string what, long withinNs = 30_000_000_000)
    {
        long end = Now + withinNs;
        while (!condition())
        {
            if (Now >= end)
            {
                throw new InvalidOperationException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"seed {Options.Seed}: not within {withinNs / 1_000_000} virtual ms: {what}; {Describe()}"));
            }

            Step();
        }
    }

    /// <summary>One line per replica.</summary>
    internal string Describe()
    {
        var lines = new List<string>();
        foreach (SimulatedReplica replica in _replicas)
        {
            lines.Add(replica.ToString());
        }

        return string.Join("; ", lines);
    }

    public void Dispose()
    {
        foreach (SimulatedReplica replica in _replicas)
        {
            replica.Dispose();
        }

        Memory.Reset();
        if (_ownsMemory)
        {
            Memory.Dispose();
        }
    }
}
