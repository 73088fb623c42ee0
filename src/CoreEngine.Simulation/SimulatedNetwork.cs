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

/// <summary>What a script does with a frame.</summary>
internal enum FrameFate
{
    Pass = 0,

    Drop,

    /// <summary>Kept until the script delivers it.</summary>
    Hold,
}

/// <summary>Decides about every frame as its sender lets it go.</summary>
/// <param name="body">Valid during the call.</param>
internal delegate FrameFate FrameFilter(in FrameHeader header, ReadOnlySpan<byte> body);

/// <summary>
/// Carries frames between simulated replicas in virtual time: delayed, lost, duplicated, reordered, cut in one
/// direction or both.
/// </summary>
/// <remarks>Each direction of each link has chance of its own: what happens on one leaves the others as they
/// were.</remarks>
internal sealed class SimulatedNetwork(ulong seed, int replicas, Func<long> clock, Trace trace)
{
    private const int FramesKeptMax = 4096;

    private readonly SortedDictionary<uint, SimulatedTransport> _ends = [];
    private readonly SimulatedLink[] _links = MakeLinks(seed, replicas);
    private readonly Stack<SimulatedFrame> _free = new();

    internal NetworkFaults Faults { get; set; } = new();

    /// <summary>Links whose delay is scripted, in nanoseconds, in place of the drawn one.</summary>
    internal Dictionary<(uint From, uint To), long> Delays { get; } = [];

    internal IFrameWatcher? Watcher { get; set; }

    /// <summary>A script's word about each frame that is not cut off or lost; null for none.</summary>
    internal FrameFilter? Filter { get; set; }

    /// <summary>Frames that the filter held, oldest first.</summary>
    internal List<SimulatedFrame> Held { get; } = [];

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

    /// <summary>Frames from one replica to another vanish, until as many <see cref="Mend"/> or one
    /// <see cref="Heal"/>.</summary>
    internal void Cut(uint from, uint to) => LinkOf(from, to).Cuts++;

    /// <summary>Takes one cut back, if one is left.</summary>
    internal void Mend(uint from, uint to)
    {
        SimulatedLink link = LinkOf(from, to);
        link.Cuts = int.Max(0, link.Cuts - 1);
    }

    /// <summary>Nobody hears the replica, and it hears nobody.</summary>
    internal void Isolate(uint replica)
    {
        for (uint other = 1; other <= replicas; other++)
        {
            Cut(replica, other);
            Cut(other, replica);
        }
    }

    internal void Heal()
    {
        foreach (SimulatedLink link in _links)
        {
            link.Cuts = 0;
        }
    }

    internal void Carry(uint to, in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        SimulatedLink link = LinkOf(header.From, to);
        SimulatedFrame frame = Rent(header, body, records);
        Watcher?.OnSent(header, frame.Body);
        FrameFate fate = Filter is null ? FrameFate.Pass : Filter(header, frame.Body);
        if (fate == FrameFate.Hold)
        {
            Held.Add(frame);
            return;
        }

        if (fate == FrameFate.Drop
            || !_ends.TryGetValue(to, out SimulatedTransport? end)
            || link.Cuts > 0
            || link.Chance.Chance(Faults.LossPercent, 100))
        {
            Lost++;
            trace.Add(Now, TraceKind.Lost, to, header.From, header.Type);
            Release(frame);
            return;
        }

        trace.Add(Now, TraceKind.Sent, to, header.From | ((ulong)header.Type << 32), (ulong)frame.Body.Length);
        end.Arrive(frame, Now + Delay(link));
        if (link.Chance.Chance(Faults.DuplicatePercent, 100))
        {
            Duplicated++;
            end.Arrive(Rent(header, body, records), Now + Delay(link));
        }
    }

    /// <summary>A held frame arrives at this instant, if its receiver is up.</summary>
    internal void DeliverHeld(SimulatedFrame frame)
    {
        bool held = Held.Remove(frame);
        Invariant.Holds(held);
        if (_ends.TryGetValue(frame.Header.To, out SimulatedTransport? end))
        {
            end.Arrive(frame, Now);
        }
        else
        {
            Release(frame);
        }
    }

    /// <summary>A frame that nobody sent, or that somebody sent long ago, arrives at this instant.</summary>
    internal void Inject(in FrameHeader header, ReadOnlySpan<byte> body) =>
        _ends[header.To].Arrive(Rent(header, body, default), Now);

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

    private static SimulatedLink[] MakeLinks(ulong seed, int replicas)
    {
        var seeds = new Prng(seed);
        var links = new SimulatedLink[(replicas + 1) * (replicas + 1)];
        for (int i = 0; i < links.Length; i++)
        {
            (int from, int to) = int.DivRem(i, replicas + 1);
            links[i] = new SimulatedLink((uint)from, (uint)to, new Prng(seeds.Next()));
        }

        return links;
    }

    private SimulatedLink LinkOf(uint from, uint to)
    {
        Invariant.Holds(from <= replicas && to <= replicas);
        return _links[(from * (uint)(replicas + 1)) + to];
    }

    private long Delay(SimulatedLink link)
    {
        if (Delays.TryGetValue((link.From, link.To), out long scripted))
        {
            return scripted;
        }

        Prng chance = link.Chance;
        long delay = chance.Between(Faults.DelayMinNs, Faults.DelayMaxNs);
        return chance.Chance(Faults.SlowPercent, 100) ? delay + chance.Between(0, Faults.SlowMaxNs) : delay;
    }
}

/// <summary>One direction of one link.</summary>
internal sealed class SimulatedLink(uint from, uint to, Prng chance)
{
    internal uint From => from;

    internal uint To => to;

    /// <summary>Decides what becomes of each frame.</summary>
    internal Prng Chance { get; } = chance;

    /// <summary>Reasons for which nothing passes; none when 0.</summary>
    internal int Cuts { get; set; }
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
