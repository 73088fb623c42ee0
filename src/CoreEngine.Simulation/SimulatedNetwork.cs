using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>What the network does to frames, drawn or scripted.</summary>
internal sealed record NetworkFaults(
    int LossPercent = 0, int DuplicatePercent = 0, long DelayMinNs = 20_000, long DelayMaxNs = 200_000);

/// <summary>
/// Carries frames between simulated replicas in virtual time: delayed, lost, duplicated, reordered, cut in one
/// direction or both.
/// </summary>
internal sealed class SimulatedNetwork(Prng chance, Func<long> clock)
{
    private readonly Dictionary<uint, SimulatedTransport> _ends = [];
    private readonly HashSet<(uint From, uint To)> _cuts = [];

    internal NetworkFaults Faults { get; set; } = new();

    internal long Delivered { get; set; }

    internal long Lost { get; private set; }

    internal SimulatedTransport Join(uint replica, ulong incarnation)
    {
        var end = new SimulatedTransport(this, replica, incarnation);
        foreach (SimulatedTransport other in _ends.Values)
        {
            other.Links.Enqueue(new LinkEvent(replica, true, incarnation));
            end.Links.Enqueue(new LinkEvent(other.Replica, true, other.Incarnation));
        }

        _ends[replica] = end;
        return end;
    }

    internal void Leave(uint replica)
    {
        _ends.Remove(replica);
        foreach (SimulatedTransport other in _ends.Values)
        {
            other.Links.Enqueue(new LinkEvent(replica, false, 0));
        }
    }

    /// <summary>Frames from one replica to another vanish until <see cref="Heal"/>.</summary>
    internal void Cut(uint from, uint to) => _cuts.Add((from, to));

    /// <summary>Nobody hears the replica, and it hears nobody.</summary>
    internal void Isolate(uint replica)
    {
        foreach (uint other in _ends.Keys)
        {
            Cut(replica, other);
            Cut(other, replica);
        }
    }

    internal void Heal() => _cuts.Clear();

    internal long Now => clock();

    internal void Carry(uint from, uint to, in FrameHeader header, byte[] body)
    {
        if (!_ends.TryGetValue(to, out SimulatedTransport? end)
            || _cuts.Contains((from, to))
            || chance.Chance(Faults.LossPercent, 100))
        {
            Lost++;
            return;
        }

        end.Arrive(header, body, clock() + Delay());
        if (chance.Chance(Faults.DuplicatePercent, 100))
        {
            end.Arrive(header, body, clock() + Delay());
        }
    }

    private long Delay() => chance.Between(Faults.DelayMinNs, Faults.DelayMaxNs);
}

/// <summary>One replica's end of the simulated network.</summary>
internal sealed class SimulatedTransport(SimulatedNetwork network, uint replica, ulong incarnation) : ITransport
{
    private readonly PriorityQueue<(FrameHeader Header, byte[] Body), (long Time, long Sequence)> _inbox = new();
    private long _sequence;

    internal uint Replica => replica;

    internal ulong Incarnation => incarnation;

    internal Queue<LinkEvent> Links { get; } = new();

    public string Description => "simulated network";

    /// <summary>When the next frame arrives; <see cref="long.MaxValue"/> when none is under way.</summary>
    internal long NextArrival => Links.Count > 0 ? network.Now
        : _inbox.TryPeek(out _, out (long Time, long Sequence) at) ? at.Time
        : long.MaxValue;

    public bool TrySend(
        uint peer, Lane lane, in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        byte[] bytes = new byte[body.Length + records.Length];
        body.CopyTo(bytes);
        records.CopyTo(bytes.AsSpan(body.Length));
        Invariant.Holds(header.From == replica);
        network.Carry(replica, peer, header, bytes);
        return true;
    }

    public void Flush()
    {
        // Frames left when they were sent.
    }

    public bool TryReceive(out FrameHeader header, out ReadOnlySpan<byte> body)
    {
        header = default;
        body = default;
        if (!_inbox.TryPeek(out (FrameHeader Header, byte[] Body) frame, out (long Time, long Sequence) at)
            || at.Time > network.Now)
        {
            return false;
        }

        _inbox.Dequeue();
        network.Delivered++;
        header = frame.Header;
        body = frame.Body;
        return true;
    }

    public bool TryReceiveEvent(out LinkEvent change) => Links.TryDequeue(out change);

    public void Dispose() => network.Leave(replica);

    internal void Arrive(in FrameHeader header, byte[] body, long time) =>
        _inbox.Enqueue((header, body), (time, _sequence++));
}
