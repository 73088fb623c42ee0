using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Snapshots;

/// <summary>A snapshot on its way from a leader to this replica's disk.</summary>
/// <remarks>
/// Pieces are taken in order; each chunk is checked before it is written, and the file gets its name only when all of
/// them together are what the manifest says (raft.md S39). Another leader that has the very same snapshot goes on where
/// the last one stopped; any other begins anew (S41).
/// </remarks>
internal sealed class SnapshotReceiving
{
    /// <summary>Bytes that a leader may have under way beyond what was written here.</summary>
    internal const long WindowBytes = 8 * SnapshotFormat.ChunkBytesMax;

    /// <summary>Chunks kept at most: small ones make many.</summary>
    private const int QueueMax = 64;

    private readonly EngineLoop _loop;
    private readonly GroupRuntime _group;
    private readonly SnapshotManifest _manifest;
    private readonly SnapshotSink _sink;
    private readonly Queue<byte[]> _queue = new();
    private long _expected = SnapshotFormat.FirstChunk;
    private uint _ordinal;
    private ulong _content;
    private uint _leader;
    private ulong _term;
    private bool _isReplyOwed;

    internal SnapshotReceiving(
        EngineLoop loop, GroupRuntime group, in SnapshotIdentity identity, in SnapshotManifest manifest)
    {
        _loop = loop;
        _group = group;
        Identity = identity;
        _manifest = manifest;
        _sink = new SnapshotSink(loop.Snapshots, SnapshotFormat.IncomingOf(group.Number));
    }

    internal SnapshotIdentity Identity { get; }

    /// <summary>The whole snapshot, once it is durable under its name.</summary>
    internal SnapshotFile? File => _sink.File;

    /// <summary>Published, or given up and gone.</summary>
    internal bool IsOver => _sink.State is SinkState.Published or SinkState.Closed;

    /// <summary>Pieces of this stream are not wanted any more.</summary>
    internal void GiveUp()
    {
        _queue.Clear();
        _sink.GiveUp();
    }

    /// <summary>A leader speaks of this snapshot: it is told where we stand.</summary>
    internal void Hear(in FrameHeader header)
    {
        _leader = header.From;
        _term = header.Term;
        _isReplyOwed = true;
    }

    /// <summary>Takes a chunk, when it is the one that comes next.</summary>
    internal void Take(long offset, ReadOnlySpan<byte> piece)
    {
        if (offset != _expected || _sink.State != SinkState.Writing || _queue.Count >= QueueMax)
        {
            return;
        }

        bool isSound = SnapshotChunk.TryRead(piece, out SnapshotChunk chunk, out _)
            && chunk.Ordinal == _ordinal
            && chunk.Size == piece.Length;
        if (!isSound)
        {
            _loop.Counters.SnapshotPiecesDamaged++;
            return;
        }

        _queue.Enqueue(piece.ToArray());
        _expected += piece.Length;
        _ordinal++;
        _content = chunk.ChainTo(_content);
    }

    /// <summary>Goes on writing. Returns true when something was done.</summary>
    internal bool Step()
    {
        bool any = false;
        while (_queue.Count > 0 && _sink.TryTake(out int place) is { } slab)
        {
            byte[] chunk = _queue.Dequeue();
            chunk.CopyTo(slab.GetSpan());
            _sink.Write(place, chunk.Length);
            _isReplyOwed = true;
            any = true;
        }

        bool isComplete = _sink.State == SinkState.Writing
            && _queue.Count == 0
            && _ordinal == _manifest.Chunks
            && _sink.IsOpen;
        if (isComplete)
        {
            Complete();
            any = true;
        }

        if (_isReplyOwed)
        {
            _isReplyOwed = false;
            Reply(_sink.Offset);
            any = true;
        }

        if (_sink.Errno != 0 && !Errno.IsOutOfSpace(_sink.Errno))
        {
            _loop.Stop(new EngineFault(
                $"a snapshot for group '{_group.Name}' could not be written ({Errno.Text(_sink.Errno)}); "
                + "the shard has stopped and acknowledges nothing more",
                null));
        }

        return any;
    }

    private void Complete()
    {
        if (_content == _manifest.Content && _sink.Offset == _manifest.FileBytes)
        {
            _sink.Finish(_manifest);
        }
        else
        {
            _loop.Counters.SnapshotPiecesDamaged++;
            GiveUp();
        }
    }

    private void Reply(long next) => Reply(_loop, _group, _leader, _term, new InstallReplyBody(
        Identity, _loop.Log.Identity.Incarnation, next));

    internal static void Reply(
        EngineLoop loop, GroupRuntime group, uint leader, ulong term, in InstallReplyBody body)
    {
        Span<byte> bytes = loop.Scratch.AsSpan(0, InstallReplyBody.Bytes);
        body.Write(bytes);
        var frame = new FrameHeader(
            (byte)MessageType.InstallReply, 0, group.Number, loop.Replica, leader, term, 0, 0);
        if (loop.Transport.TrySend(leader, Lane.Control, frame, bytes, default))
        {
            loop.FlushNeeded = true;
            loop.Counters.FramesSent++;
        }
        else
        {
            loop.Counters.FramesDropped++;
        }
    }
}
