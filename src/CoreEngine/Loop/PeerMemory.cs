using System;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// Which incarnation of each replica this one has met: a replica that comes back under another has forgotten its
/// promises.
/// </summary>
/// <remarks>
/// A wiped or newly formatted directory under an old number could vote twice in a term, or help to elect a leader
/// that lacks what it
/// once acknowledged (S4-51). Noted in the log before anything that the peer acknowledges can be, since the log is
/// written in order.
/// <see cref="Admits"/> may be called from any thread, the rest belongs to the shard's.
/// Record: <c>u32 replica | u32 zero | u64 incarnation</c>, little endian, group 0. Index and term say the same, so
/// that the batch's list of runs keeps it too.
/// </remarks>
internal sealed class PeerMemory
{
    private const int BodyBytes = 16;

    private readonly ConcurrentDictionary<uint, ulong> _met = new();
    private readonly ConcurrentDictionary<uint, ulong> _seen = new();
    private readonly Dictionary<uint, ulong> _linked = [];
    private readonly HashSet<uint> _silenced = [];
    private readonly Queue<(uint Replica, ulong Incarnation)> _unwritten = new();

    /// <summary>False when the replica is remembered under another incarnation.</summary>
    internal bool Admits(uint replica, ulong incarnation)
    {
        _seen[replica] = incarnation;
        return !_met.TryGetValue(replica, out ulong known) || known == incarnation;
    }

    /// <summary>The incarnation under which a replica came last, heard or not; 0 when it never did. Who adds it by its
    /// number alone means this one.</summary>
    internal ulong LastSeen(uint replica) => _seen.GetValueOrDefault(replica);

    /// <summary>A life was removed: who adds the number again does not mean it, unless it is there.</summary>
    internal void Forget(uint replica, ulong incarnation)
    {
        if (!_linked.ContainsKey(replica))
        {
            _ = _seen.TryRemove(new KeyValuePair<uint, ulong>(replica, incarnation));
        }
    }

    /// <summary>The members have taken a replica in under this incarnation: from now on it is the one to
    /// hear.</summary>
    internal void Readmit(uint replica, ulong incarnation)
    {
        if (_met.TryGetValue(replica, out ulong known) && known == incarnation)
        {
            return;
        }

        _met[replica] = incarnation;
        _unwritten.Enqueue((replica, incarnation));
        bool isOther = _linked.TryGetValue(replica, out ulong linked) && linked != incarnation;
        _ = isOther ? _silenced.Add(replica) : _silenced.Remove(replica);
    }

    /// <summary>Recovery found a note.</summary>
    internal bool TryRecall(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        if (header.BodyLength < BodyBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> body = record[RecordHeader.Bytes..];
        uint replica = BinaryPrimitives.ReadUInt32LittleEndian(body);
        _met[replica] = BinaryPrimitives.ReadUInt64LittleEndian(body[8..]);
        return true;
    }

    /// <summary>A note cannot be read; its name tells the same.</summary>
    internal void Recall(ulong replica, ulong incarnation)
    {
        if (replica is > 0 and <= uint.MaxValue)
        {
            _met[(uint)replica] = incarnation;
        }
    }

    /// <summary>A link came up or went down. False when it came up and the peer must not be heard.</summary>
    internal bool Meet(in LinkEvent change)
    {
        if (!change.Connected)
        {
            _ = _linked.Remove(change.Peer);
            return true;
        }

        if (_met.TryAdd(change.Peer, change.Incarnation))
        {
            _unwritten.Enqueue((change.Peer, change.Incarnation));
        }

        _linked[change.Peer] = change.Incarnation;
        bool admitted = Admits(change.Peer, change.Incarnation);
        _ = admitted ? _silenced.Remove(change.Peer) : _silenced.Add(change.Peer);
        return admitted;
    }

    /// <summary>Some life of it is linked now.</summary>
    internal bool IsLinked(uint replica) => _linked.ContainsKey(replica);

    /// <summary>True when frames of this replica must be dropped: two lives of it were met at once.</summary>
    internal bool IsSilenced(uint replica) => _silenced.Count > 0 && _silenced.Contains(replica);

    /// <summary>Stages what is not in the log yet, as far as the log has room.</summary>
    internal void Stage(EngineLoop loop)
    {
        Span<byte> record = stackalloc byte[RecordHeader.Bytes + BodyBytes];
        while (_unwritten.TryPeek(out (uint Replica, ulong Incarnation) peer))
        {
            Span<byte> body = record[RecordHeader.Bytes..];
            BinaryPrimitives.WriteUInt32LittleEndian(body, peer.Replica);
            BinaryPrimitives.WriteUInt32LittleEndian(body[4..], 0);
            BinaryPrimitives.WriteUInt64LittleEndian(body[8..], peer.Incarnation);
            RecordHeader.Seal(record, BodyBytes, RecordType.Peer, 0, 0, peer.Replica, peer.Incarnation);
            if (!loop.Log.TryAppend(record))
            {
                return;
            }

            _unwritten.Dequeue();
        }
    }
}
