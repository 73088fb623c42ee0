using System;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Snapshots;

/// <summary>A leader's snapshot on its way to one member: the manifest, then chunk by chunk from where the member
/// is.</summary>
/// <remarks>
/// At most a window is under way and unwritten at the member; the byte rate is capped, so that replication and the
/// other members keep the link and the disk (raft.md S46). What is lost is sent again from where the member says that
/// it stands.
/// </remarks>
internal sealed class SnapshotSending
{
    private const long NsPerSecond = 1_000_000_000;

    private readonly EngineLoop _loop;
    private readonly GroupRuntime _group;
    private readonly SnapshotSource _source;
    private readonly SnapshotIdentity _identity;
    private readonly long _nsPerMiB;
    private readonly long _retryNs;

    /// <summary>The next offset to send; 0: the manifest.</summary>
    private long _next;

    /// <summary>The member has written everything before it; 0 while it has not answered.</summary>
    private long _reached;
    private long _movedNs;
    private long _paidUntilNs;
    private bool _isProbeSent;
    private bool _isHeld;

    internal SnapshotSending(EngineLoop loop, GroupRuntime group, uint replica, SnapshotFile file)
    {
        _loop = loop;
        _group = group;
        Replica = replica;
        _source = new SnapshotSource(loop.Snapshots, file);
        SnapshotManifest manifest = file.Manifest;
        _identity = new SnapshotIdentity(manifest.Index, manifest.Term, manifest.Content, manifest.FileBytes);
        _nsPerMiB = NsPerSecond * 1024 / long.Max(1, group.Options.Snapshots.SendBytesPerSecond / 1024);
        _retryNs = loop.Options.ElectionMax.Ticks * 100;
        _movedNs = loop.Now;
    }

    internal uint Replica { get; }

    /// <summary>The file, as it was when the stream began.</summary>
    internal SnapshotFile File => _source.File;

    /// <summary>The bytes on the disk are not what was written.</summary>
    internal bool IsDamaged { get; private set; }

    /// <summary>Bytes that left, sent again ones too.</summary>
    internal long BytesSent { get; private set; }

    /// <summary>When there is something to do, if nothing arrives.</summary>
    internal long Deadline => long.Min(_movedNs + _retryNs, MaySend && !IsReading ? _paidUntilNs : long.MaxValue);

    // What is read from the disk announces itself.
    private bool IsReading => _reached != 0 && !_source.IsReady && _source.Errno == 0;

    private bool MaySend => !IsDamaged
        && (_reached == 0 ? !_isProbeSent : _next < _identity.FileBytes)
        && _next - _reached < SnapshotReceiving.WindowBytes;

    /// <summary>Sends what may be sent now. Returns true when something left.</summary>
    internal bool Step()
    {
        if (_loop.Now - _movedNs >= _retryNs)
        {
            _movedNs = _loop.Now;
            _next = 0;
            _reached = 0;
            _isProbeSent = false;
            _isHeld = false;
        }

        bool any = false;
        while (MaySend && _loop.Now >= _paidUntilNs && TrySend())
        {
            any = true;
        }

        return any;
    }

    /// <summary>The member says where it stands.</summary>
    internal void OnReply(in InstallReplyBody body)
    {
        if (body.Identity != _identity || body.Next == 0)
        {
            return;
        }

        if (_reached == 0)
        {
            _next = body.Next;
        }

        _movedNs = body.Next > _reached ? _loop.Now : _movedNs;
        _reached = long.Max(_reached, body.Next);
        _next = long.Max(_next, _reached);
    }

    internal void Close() => _source.Close();

    private bool TrySend()
    {
        if (_next == 0)
        {
            Span<byte> manifest = stackalloc byte[SnapshotManifest.Bytes];
            File.Manifest.Write(manifest);
            _isProbeSent = TrySend(manifest);
            return _isProbeSent;
        }

        if (_source.Errno != 0)
        {
            IsDamaged = true;
            return false;
        }

        if (!_source.IsReady)
        {
            return false;
        }

        if (!_isHeld || _source.Offset != _next)
        {
            _isHeld = true;
            _source.Read(_next);
            return true;
        }

        if (!SnapshotChunk.TryRead(_source.Bytes, out SnapshotChunk chunk, out _))
        {
            IsDamaged = true;
            return false;
        }

        if (!TrySend(_source.Bytes[..chunk.Size]))
        {
            return false;
        }

        _next += chunk.Size;
        return true;
    }

    private bool TrySend(ReadOnlySpan<byte> piece)
    {
        Span<byte> body = _loop.Scratch.AsSpan(0, InstallSnapshotBody.Bytes);
        new InstallSnapshotBody(_identity, _next).Write(body);
        var frame = new FrameHeader(
            (byte)MessageType.InstallSnapshot,
            0,
            _group.Number,
            _loop.Replica,
            Replica,
            _group.Core.Status.Term,
            0,
            0);
        if (!_loop.Transport.TrySend(Replica, Lane.Bulk, frame, body, piece))
        {
            // The link is full or down: replication goes first, and a retry comes.
            _paidUntilNs = _loop.Now + (_retryNs / 8);
            return false;
        }

        _loop.FlushNeeded = true;
        _loop.Counters.FramesSent++;
        BytesSent += piece.Length;
        _paidUntilNs = long.Max(_paidUntilNs, _loop.Now) + (piece.Length * _nsPerMiB / (1024 * 1024));
        return true;
    }
}
