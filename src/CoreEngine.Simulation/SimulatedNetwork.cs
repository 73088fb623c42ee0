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

    /// <summary>A replica is about to hear a frame; of no interest unless said otherwise.</summary>
    void OnDelivered(in FrameHeader header)
    {
    }
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

    /// <summary>Links that an end refused.</summary>
    internal long Refused { get; private set; }

    /// <summary>Every frame takes up to this much longer, so that many overtake others; 0 for none.</summary>
    internal long ScatterNs { get; set; }

    internal long Now => clock();

    /// <summary>Links a replica with every other, as the handshake of the real transport would.</summary>
    /// <param name="admits">Whom it admits under which incarnation; both ends of a link must.</param>
    internal SimulatedTransport Join(uint replica, ulong incarnation, Func<uint, ulong, bool> admits)
    {
        var end = new SimulatedTransport(this, replica, incarnation, admits);
        foreach (SimulatedTransport other in _ends.Values)
        {
            if (!end.TryLink(other))
            {
                Refused++;
                continue;
            }

            other.Links.Enqueue(new LinkEvent(replica, true, incarnation));
            end.Links.Enqueue(new LinkEvent(other.Replica, true, other.Incarnation));
        }

        _ends[replica] = end;
        return end;
    }

    /// <summary>Frames of a type that are on their way are lost.</summary>
    internal void Forget(byte type)
    {
        foreach (SimulatedTransport end in _ends.Values)
        {
            end.Forget(type);
        }
    }

    /// <summary>A replica admits others than before: links that an end had refused are tried again, as transports do
    /// time and again.</summary>
    internal void Redial(uint replica)
    {
        if (!_ends.TryGetValue(replica, out SimulatedTransport? end))
        {
            return;
        }

        foreach (SimulatedTransport other in _ends.Values)
        {
            if (other != end && !end.IsLinked(other.Replica) && end.TryLink(other))
            {
                other.Links.Enqueue(new LinkEvent(replica, true, end.Incarnation));
                end.Links.Enqueue(new LinkEvent(other.Replica, true, other.Incarnation));
            }
        }
    }

    internal void Leave(uint replica)
    {
        _ends.Remove(replica);
        foreach (SimulatedTransport other in _ends.Values)
        {
            if (other.Unlink(replica))
            {
                other.Links.Enqueue(new LinkEvent(replica, false, 0));
            }
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
            link.ExtraNs = 0;
        }

        ScatterNs = 0;
    }

    /// <summary>One direction of one link takes longer by this.</summary>
    internal void Slow(uint from, uint to, long extraNs) => LinkOf(from, to).ExtraNs = extraNs;

    /// <summary>Brings an old frame of a link once more.</summary>
    /// <remarks>
    /// Only within one life of both ends: a transport keeps frames of a connection that is gone from coming through the
    /// next one (TCP's sequence numbers, and the handshake's session), and the contract counts on it.
    /// </remarks>
    /// <returns>False when there is none.</returns>
    internal bool TryRepeat(uint from, uint to)
    {
        SimulatedLink link = LinkOf(from, to);
        if (link.Oldest is not { } old || !IsOfThisLife(link))
        {
            return false;
        }

        Duplicated++;
        link.ToEnd!.Arrive(Rent(old.Header, old.Body, default), Now + Delay(link));
        link.Oldest = null;
        Release(old);
        return true;
    }

    private bool IsOfThisLife(SimulatedLink link) =>
        _ends.GetValueOrDefault(link.From) == link.FromEnd && _ends.GetValueOrDefault(link.To) == link.ToEnd;

    private void KeepOldest(SimulatedLink link, SimulatedTransport end, in FrameHeader header, SimulatedFrame frame)
    {
        if (link.Oldest is { } old && !IsOfThisLife(link))
        {
            Release(old);
            link.Oldest = null;
        }

        if (link.Oldest is null)
        {
            link.Oldest = Rent(header, frame.Body, default);
            link.FromEnd = _ends.GetValueOrDefault(header.From);
            link.ToEnd = end;
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
            || !end.IsLinked(header.From)
            || link.Chance.Chance(Faults.LossPercent, 100))
        {
            Lost++;
            trace.Add(Now, TraceKind.Lost, to, header.From, header.Type);
            Release(frame);
            return;
        }

        trace.Add(Now, TraceKind.Sent, to, header.From | ((ulong)header.Type << 32), (ulong)frame.Body.Length);
        KeepOldest(link, end, header, frame);
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
        Watcher?.OnDelivered(header);
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
        delay += link.ExtraNs + (ScatterNs > 0 ? chance.Between(0, ScatterNs) : 0);
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

    /// <summary>By how much longer frames take here.</summary>
    internal long ExtraNs { get; set; }

    /// <summary>The first frame since the last one that was repeated, and the ends between which it went.</summary>
    internal SimulatedFrame? Oldest { get; set; }

    internal SimulatedTransport? FromEnd { get; set; }

    internal SimulatedTransport? ToEnd { get; set; }

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
internal sealed class SimulatedTransport(
    SimulatedNetwork network, uint replica, ulong incarnation, Func<uint, ulong, bool> admits) : ITransport
{
    private ulong _linked;

    private readonly PriorityQueue<SimulatedFrame, (long Time, long Sequence)> _inbox = new();
    private SimulatedFrame? _held;
    private long _sequence;

    internal uint Replica => replica;

    internal ulong Incarnation => incarnation;

    /// <summary>A link to this replica is up.</summary>
    internal bool IsLinked(uint peer) => ((_linked >> (int)peer) & 1) != 0;

    /// <summary>The handshake: both ends must admit the other's incarnation.</summary>
    internal bool TryLink(SimulatedTransport other)
    {
        if (!other.Admits(replica, incarnation) || !admits(other.Replica, other.Incarnation))
        {
            return false;
        }

        _linked |= 1UL << (int)other.Replica;
        other._linked |= 1UL << (int)replica;
        return true;
    }

    /// <returns>False when there was no link.</returns>
    internal bool Unlink(uint peer)
    {
        bool was = IsLinked(peer);
        _linked &= ~(1UL << (int)peer);
        return was;
    }

    private bool Admits(uint peer, ulong met) => admits(peer, met);

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

    /// <summary>Frames under way to this end.</summary>
    internal int Count => _inbox.Count;

    internal void Arrive(SimulatedFrame frame, long time) => _inbox.Enqueue(frame, (time, _sequence++));

    internal void Forget(byte type)
    {
        (SimulatedFrame Frame, (long Time, long Sequence) At)[] kept = [.. _inbox.UnorderedItems];
        _inbox.Clear();
        foreach ((SimulatedFrame frame, (long Time, long Sequence) at) in kept)
        {
            if (frame.Header.Type == type)
            {
                network.Release(frame);
            }
            else
            {
                _inbox.Enqueue(frame, at);
            }
        }
    }

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
