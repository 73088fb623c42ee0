using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>What the network does to frames, drawn or scripted.</summary>
internal sealed record NetworkFaults(
    int LossPercent = 0,
    int DuplicatePercent = 0,
    long DelayMinNs = 20_000,
    long DelayMaxNs = 200_000,
    int SlowPercent = 0,
    long SlowMaxNs = 1);

/// <summary>Is shown every frame at the instant at which its sender lets it go.</summary>
internal interface IFrameWatcher
{
    /// <param name="body">Valid during the call.</param>
    void OnSent(in FrameHeader header, ReadOnlySpan<byte> body);
}

/// <summary>
/// Carries frames between simulated replicas in virtual time: delayed, lost, duplicated, reordered, cut in one
/// direction or both.
/// </summary>
internal sealed class SimulatedNetwork(Prng chance, Func<long> clock, Trace trace)
{
    private const int FramesKeptMax = 4096;

    private readonly SortedDictionary<uint, SimulatedTransport> _ends = [];
    private readonly HashSet<(uint From, uint To)> _cuts = [];
    private readonly Stack<SimulatedFrame> _free = new();

    internal NetworkFaults Faults { get; set; } = new();

    /// <summary>Links whose delay is scripted, in nanoseconds, in place of the drawn one.</summary>
    internal Dictionary<(uint From, uint To), long> Delays { get; } = [];

    internal IFrameWatcher? Watcher { get; set; }

    internal long Delivered { get; private set; }

    internal long Lost { get; private set; }

    internal long Duplicated { get; private set; }

    internal long Now => clock();

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

    internal void Carry(uint to, in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        SimulatedFrame frame = Rent(header, body, records);
        Watcher?.OnSent(header, frame.Body);
        if (!_ends.TryGetValue(to, out SimulatedTransport? end)
            || _cuts.Contains((header.From, to))
            || chance.Chance(Faults.LossPercent, 100))
        {
            Lost++;
            trace.Add(Now, TraceKind.Lost, to, header.From, header.Type);
            Release(frame);
            return;
        }

        trace.Add(Now, TraceKind.Sent, to, header.From | ((ulong)header.Type << 32), (ulong)frame.Body.Length);
        end.Arrive(frame, Now + Delay(header.From, to));
        if (chance.Chance(Faults.DuplicatePercent, 100))
        {
            Duplicated++;
            end.Arrive(Rent(header, body, records), Now + Delay(header.From, to));
        }
    }

    internal void NoteDelivered(SimulatedFrame frame)
    {
        Delivered++;
        FrameHeader header = frame.Header;
        trace.Add(
            Now, TraceKind.Delivered, header.To, header.From | ((ulong)header.Type << 32), header.Term);
    }

    /// <summary>Takes a frame's memory back; nobody may hold its body.</summary>
    internal void Release(SimulatedFrame frame)
    {
        if (_free.Count < FramesKeptMax)
        {
            _free.Push(frame);
        }
    }

    private SimulatedFrame Rent(in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        SimulatedFrame frame = _free.TryPop(out SimulatedFrame? kept) ? kept : new SimulatedFrame();
        frame.Fill(header, body, records);
        return frame;
    }

    private long Delay(uint from, uint to)
    {
        if (Delays.TryGetValue((from, to), out long scripted))
        {
            return scripted;
        }

        long delay = chance.Between(Faults.DelayMinNs, Faults.DelayMaxNs);
        return chance.Chance(Faults.SlowPercent, 100) ? delay + chance.Between(0, Faults.SlowMaxNs) : delay;
    }
}

/// <summary>A frame under way, in memory that is used again.</summary>
internal sealed class SimulatedFrame
{
    private byte[] _bytes = new byte[256];
    private int _length;

    internal FrameHeader Header { get; private set; }

    internal ReadOnlySpan<byte> Body => _bytes.AsSpan(0, _length);

    internal void Fill(in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        Header = header;
        _length = body.Length + records.Length;
        if (_bytes.Length < _length)
        {
            _bytes = new byte[int.Max(_length, 2 * _bytes.Length)];
        }

        body.CopyTo(_bytes);
        records.CopyTo(_bytes.AsSpan(body.Length));
    }
}

/// <summary>One replica's end of the simulated network.</summary>
internal sealed class SimulatedTransport(SimulatedNetwork network, uint replica, ulong incarnation) : ITransport
{
    private readonly PriorityQueue<SimulatedFrame, (long Time, long Sequence)> _inbox = new();
    private SimulatedFrame? _held;
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
        Invariant.Holds(header.From == replica);
        network.Carry(peer, header, body, records);
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
        LetGo();
        if (NextFrame() > network.Now)
        {
            return false;
        }

        _held = _inbox.Dequeue();
        network.NoteDelivered(_held);
        header = _held.Header;
        body = _held.Body;
        return true;
    }

    public bool TryReceiveEvent(out LinkEvent change) => Links.TryDequeue(out change);

    public void Dispose() => network.Leave(replica);

    internal void Arrive(SimulatedFrame frame, long time) => _inbox.Enqueue(frame, (time, _sequence++));

    private long NextFrame() =>
        _inbox.TryPeek(out _, out (long Time, long Sequence) at) ? at.Time : long.MaxValue;

    private void LetGo()
    {
        if (_held is not null)
        {
            network.Release(_held);
            _held = null;
        }
    }
}
