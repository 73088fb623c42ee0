using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>What a world is made of.</summary>
internal sealed record WorldOptions
{
    /// <summary>Decides everything that chance decides.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Replicas, numbered from 1.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>Bytes of a log segment.</summary>
    public long SegmentBytes { get; init; } = 1024 * 1024;

    /// <summary>How disks behave.</summary>
    public DiskTiming Disk { get; init; } = new();
}

/// <summary>
/// A whole cluster in one thread: real loops, logs, recovery and cores over simulated disks, network and time, from
/// one seed.
/// </summary>
internal sealed class World : IDisposable
{
    private const int TurnsPerInstantMax = 64;
    private const long IdleStepNs = 1_000_000;

    private readonly Prng _chance;
    private readonly SimulatedReplica[] _replicas;
    private ulong _nextValue = 1;

    internal World(WorldOptions options)
    {
        Options = options;
        _chance = new Prng(options.Seed);
        Network = new SimulatedNetwork(new Prng(_chance.Next()), () => Now);
        Cluster = new ClusterId(_chance.Next(), _chance.Next());
        _replicas = new SimulatedReplica[options.Replicas];
        for (int i = 0; i < _replicas.Length; i++)
        {
            _replicas[i] = new SimulatedReplica(this, (uint)i + 1, new Prng(_chance.Next()));
            _replicas[i].Format();
        }
    }

    internal WorldOptions Options { get; }

    internal ClusterId Cluster { get; }

    /// <summary>Virtual nanoseconds.</summary>
    internal long Now { get; private set; } = 1_000_000_000;

    internal SimulatedNetwork Network { get; }

    internal TrunkChecker Trunk { get; } = new();

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

    /// <summary>A command that nobody has proposed before.</summary>
    internal ulong NextValue() => _nextValue++;

    /// <summary>Goes to the next instant at which anything happens, and lets it happen.</summary>
    internal void Step()
    {
        long next = long.MaxValue;
        foreach (SimulatedReplica replica in _replicas)
        {
            next = long.Min(next, replica.NextInstant);
        }

        // With every replica down only time passes.
        Now = next == long.MaxValue ? Now + IdleStepNs : long.Max(Now, next);
        foreach (SimulatedReplica replica in _replicas)
        {
            for (int i = 0; i < TurnsPerInstantMax && replica.NextInstant <= Now; i++)
            {
                replica.Turn();
            }

            Trunk.Observe(replica);
        }
    }

    internal void RunFor(long nanoseconds)
    {
        long end = Now + nanoseconds;
        while (Now < end)
        {
            Step();
        }
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
    }
}
