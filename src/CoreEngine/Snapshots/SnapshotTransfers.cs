using System;
using System.Collections.Generic;
using System.Numerics;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Snapshots;

/// <summary>The snapshots of one group that are on their way from or to other replicas.</summary>
/// <remarks>Shard's thread only. Streams are made when a member needs one, and gone when it does not any
/// more.</remarks>
internal sealed class SnapshotTransfers(EngineLoop loop, GroupRuntime group)
{
    private readonly List<SnapshotSending> _sending = [];
    private SnapshotReceiving? _receiving;

    /// <summary>Something is under way.</summary>
    internal bool IsBusy => _sending.Count > 0 || _receiving is not null;

    /// <summary>When there is something to do, if nothing arrives.</summary>
    internal long Deadline
    {
        get
        {
            long deadline = long.MaxValue;
            foreach (SnapshotSending sending in _sending)
            {
                deadline = long.Min(deadline, sending.Deadline);
            }

            return deadline;
        }
    }

    /// <summary>A sent snapshot was found damaged on our own disk: another one must be taken.</summary>
    internal SnapshotFile? Damaged { get; set; }

    /// <summary>A snapshot has arrived whole; taken by the caller.</summary>
    internal SnapshotFile? Arrived { get; set; }

    /// <summary>A leader's piece, accepted by the core.</summary>
    internal void OnPiece(in FrameHeader header, ReadOnlySpan<byte> source, bool isInstalling)
    {
        if (!InstallSnapshotBody.TryRead(source, out InstallSnapshotBody body, out ReadOnlySpan<byte> piece))
        {
            loop.Counters.MessagesMalformed++;
            return;
        }

        if (isInstalling)
        {
            // Everything is here already; the acknowledgement follows when the machine has it.
            ulong own = loop.Log.Identity.Incarnation;
            var all = new InstallReplyBody(body.Identity, own, body.Identity.FileBytes);
            SnapshotReceiving.Reply(loop, group, header.From, header.Term, all);
            return;
        }

        if (_receiving is not null && _receiving.Identity != body.Identity)
        {
            // Another snapshot: the file must be gone before the next one may begin. The leader asks again.
            _receiving.GiveUp();
            return;
        }

        if (_receiving is null && !TryBegin(body, piece))
        {
            return;
        }

        _receiving!.Hear(header);
        if (body.Offset > 0)
        {
            _receiving.Take(body.Offset, piece);
        }
    }

    /// <summary>A member's answer, accepted by the core.</summary>
    internal void OnReply(in FrameHeader header, ReadOnlySpan<byte> source)
    {
        bool isRead = InstallReplyBody.TryRead(source, out InstallReplyBody body);
        Invariant.Holds(isRead);
        foreach (SnapshotSending sending in _sending)
        {
            if (sending.Replica == header.From)
            {
                sending.OnReply(body);
            }
        }
    }

    /// <summary>Goes on with everything. Returns true when something was done.</summary>
    internal bool Step()
    {
        bool any = StepReceiving();
        ulong wanted = group.Core.SnapshotPeers;
        if (wanted == 0 && _sending.Count == 0)
        {
            return any;
        }

        any |= Begin(wanted);
        for (int i = _sending.Count - 1; i >= 0; i--)
        {
            SnapshotSending sending = _sending[i];
            int place = group.Core.PlaceOf(sending.Replica);
            bool isWanted = place >= 0 && (wanted & (1UL << place)) != 0;

            // Who leads no more sends no more: the pieces carry the term, and another leads that one.
            any |= isWanted && sending.Step();
            if (sending.IsDamaged)
            {
                Damaged = sending.File;
            }

            // The log was trimmed beyond what is being sent: only a newer one helps now.
            bool isOutdated = sending.File.Manifest.Index < group.Suffix.BaseIndex;
            if (!isWanted || isOutdated || sending.IsDamaged)
            {
                sending.Close();
                _sending.RemoveAt(i);
            }
        }

        return any;
    }

    /// <summary>The group stops.</summary>
    internal void Stop()
    {
        _receiving?.GiveUp();
        foreach (SnapshotSending sending in _sending)
        {
            sending.Close();
        }

        _sending.Clear();
    }

    private bool StepReceiving()
    {
        if (_receiving is null)
        {
            return false;
        }

        bool any = _receiving.Step();
        if (_receiving.IsOver)
        {
            Arrived = _receiving.File;
            _receiving = null;
            return true;
        }

        return any;
    }

    private bool TryBegin(in InstallSnapshotBody body, ReadOnlySpan<byte> piece)
    {
        if (body.Offset != 0)
        {
            return false;
        }

        bool isSound = SnapshotManifest.TryRead(piece, out SnapshotManifest manifest)
            && manifest.Group == group.Number
            && manifest.Commit.Contract == group.Contract.Fingerprint()
            && body.Identity == new SnapshotIdentity(
                manifest.Index, manifest.Term, manifest.Content, manifest.FileBytes);
        if (!isSound)
        {
            loop.Counters.MessagesMalformed++;
            return false;
        }

        _receiving = new SnapshotReceiving(loop, group, body.Identity, manifest);
        return true;
    }

    private bool Begin(ulong wanted)
    {
        SnapshotFile? file = loop.Snapshots.Newest(group.Number);
        bool any = false;
        for (ulong left = file is null ? 0 : wanted; left != 0; left &= left - 1)
        {
            uint replica = group.Core.ReplicaAt(BitOperations.TrailingZeroCount(left));
            if (!_sending.Exists(sending => sending.Replica == replica))
            {
                _sending.Add(new SnapshotSending(loop, group, replica, file!));
                any = true;
            }
        }

        return any;
    }
}
