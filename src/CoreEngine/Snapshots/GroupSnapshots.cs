using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;

namespace CoreEngine.Snapshots;

/// <summary>The snapshots of one group at this replica: when one is due, which one is on its way where.</summary>
/// <remarks>Plain state of the shard's thread, but <see cref="Ask"/>. An idle group costs a few fields.</remarks>
internal sealed class GroupSnapshots(EngineLoop loop, GroupRuntime group)
{
    /// <summary>More callers at a time are refused: all are answered by one snapshot, operators ask for it.</summary>
    internal const int WaitersMax = 64;

    private ConcurrentQueue<TaskCompletionSource<SnapshotResult>?>? _asked;
    private int _waiters;
    private List<TaskCompletionSource<SnapshotResult>>? _waiting;
    private LoopBell? _bell;
    private SnapshotTaking? _taking;
    private SnapshotRestoring? _restoring;
    private SnapshotTransfers? _transfers;
    private SnapshotFile? _arrived;
    private bool _isFromElsewhere;
    private bool _hasNone;
    private bool _isAsked;
    private long _bytes;
    private long _sinceNs;

    /// <summary>Nothing may be applied or asked now: the machine is captured, or replaced.</summary>
    internal bool HoldsApply => _restoring is not null || _taking is { HoldsApply: true };

    /// <summary>A snapshot waits for A to be durable: apply must not go beyond D until it is taken.</summary>
    internal bool IsDue { get; private set; }

    /// <summary>Something is under way, or waits to be: the group takes part in every turn.</summary>
    internal bool IsBusy => _taking is not null || _restoring is not null || _arrived is not null
        || Volatile.Read(ref _asked) is { IsEmpty: false } || IsDue || _transfers is { IsBusy: true };

    /// <summary>Snapshots that became durable here.</summary>
    internal long Taken { get; private set; }

    /// <summary>The newest of them; null before the first.</summary>
    internal SnapshotFile? LastTaken { get; private set; }

    /// <summary>Snapshots that were restored into the machine.</summary>
    internal long Restored { get; private set; }

    /// <summary>Those of them that came from elsewhere.</summary>
    internal long Installed { get; private set; }

    private long AgeDeadline
    {
        get
        {
            long age = group.Options.Snapshots.Age.Ticks * 100;
            bool isAging = age > 0 && !IsDue && _sinceNs != 0 && !_hasNone && _taking is null && _restoring is null;
            return isAging ? _sinceNs + age : long.MaxValue;
        }
    }

    /// <summary>When the group wants a turn for the sake of its snapshots.</summary>
    internal long Deadline => long.Min(AgeDeadline, _transfers?.Deadline ?? long.MaxValue);

    /// <summary>Any thread: a snapshot is wanted now. Null: nobody waits for it.</summary>
    internal void Ask(TaskCompletionSource<SnapshotResult>? waiter)
    {
        if (waiter is not null && Interlocked.Increment(ref _waiters) > WaitersMax)
        {
            _ = Interlocked.Decrement(ref _waiters);
            waiter.TrySetResult(new SnapshotResult { Refusal = new Refusal(RefusalCode.QueueFull, WaitersMax) });
            return;
        }

        Asked().Enqueue(waiter);
        loop.RequestArrived(group);
        if (group.Fault is not null)
        {
            Refuse(new Refusal(RefusalCode.GroupFaulted));
        }
    }

    /// <summary>The machine has taken in entries.</summary>
    internal void Applied(int bytes)
    {
        _bytes += bytes;
        _sinceNs = _sinceNs == 0 ? loop.Now : _sinceNs;
    }

    /// <summary>Recovery found a snapshot: it goes into the machine before anything is applied.</summary>
    internal void BeginWith(SnapshotFile file) => _restoring = new SnapshotRestoring(loop, group, Bell(), file);

    /// <summary>A frame of a snapshot that the core has accepted.</summary>
    internal void Receive(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        _transfers ??= new SnapshotTransfers(loop, group);
        if (header.Type == (byte)MessageType.InstallSnapshot)
        {
            _transfers.OnPiece(header, body, _arrived is not null || _restoring is not null);
        }
        else
        {
            _transfers.OnReply(header, body);
        }
    }

    /// <summary>Goes on with whatever is under way. Comes last in a turn. Returns true when something was
    /// done.</summary>
    internal bool Step()
    {
        bool any = false;
        while (TryTakeAsked(out TaskCompletionSource<SnapshotResult>? waiter))
        {
            any = true;
            _isAsked = true;
            if (waiter is not null)
            {
                (_waiting ??= []).Add(waiter);
            }
        }

        any |= StepTransfers();
        if (_restoring is not null)
        {
            return StepRestoring() | any;
        }

        if (_taking is not null)
        {
            return StepTaking() | any;
        }

        if (_arrived is not null)
        {
            return Install() | any;
        }

        IsDue = IsWanted();
        bool mayTake = IsDue
            && group.Applier.IsIdle
            && group.Frontiers.Applied <= group.Frontiers.Durable
            && group.CommitProof.Index >= group.Frontiers.Applied;
        return (mayTake && TryBegin()) || any;
    }

    /// <summary>The group stops.</summary>
    internal void Stop()
    {
        _transfers?.Stop();
        _taking?.Cancel();
        _restoring?.Cancel();
        Refuse(new Refusal(RefusalCode.GroupFaulted));
    }

    /// <summary>The shard has ended.</summary>
    internal void Mute() => _bell?.Mute();

    private LoopBell Bell() => _bell ??= new LoopBell(loop.Ring);

    private bool StepTransfers()
    {
        if (_transfers is null && group.Core.SnapshotPeers == 0)
        {
            return false;
        }

        _transfers ??= new SnapshotTransfers(loop, group);
        bool any = _transfers.Step();
        if (_transfers.Arrived is { } arrived)
        {
            _transfers.Arrived = null;
            _arrived = arrived;
        }

        if (_transfers.Damaged is { } damaged)
        {
            _transfers.Damaged = null;
            NoteDamage(damaged);
        }

        return any;
    }

    /// <summary>The bytes of a snapshot are not what was written: another one is taken in its place. The group takes
    /// part in this turn.</summary>
    internal void NoteDamage(SnapshotFile damaged)
    {
        loop.Options.Log?.Invoke(
            $"group {group.Number} '{group.Name}': {damaged.Name} is damaged on this disk; another one is taken");
        loop.Snapshots.Discard(damaged);
        _isAsked = true;
    }

    private bool IsWanted()
    {
        if (_hasNone)
        {
            if (_isAsked)
            {
                Refuse(new Refusal(RefusalCode.NoSnapshots));
            }

            return false;
        }

        ulong newest = loop.Snapshots.Newest(group.Number)?.Manifest.Index ?? 0;
        if (group.Frontiers.Applied <= newest)
        {
            // One that came from elsewhere covers it all: nothing is aging.
            _bytes = 0;
            _sinceNs = 0;
            if (_isAsked && newest > 0)
            {
                Answer(loop.Snapshots.Newest(group.Number)!);
            }

            return false;
        }

        SnapshotOptions policy = group.Options.Snapshots;
        bool isLarge = policy.LogBytes > 0 && _bytes >= policy.LogBytes;
        return IsDue || _isAsked || isLarge || loop.Now >= AgeDeadline;
    }

    private bool TryBegin()
    {
        if (!group.Core.TryConfigurationAt(group.Frontiers.Applied, out ReadOnlyMemory<byte> configuration))
        {
            return false;
        }

        IsDue = false;
        _bytes = 0;
        _sinceNs = 0;
        _taking = new SnapshotTaking(loop, group, Bell(), configuration);
        return true;
    }

    private bool StepTaking()
    {
        bool any = _taking!.Step();
        if (!_taking.IsOver)
        {
            return any;
        }

        SnapshotTaking ended = _taking;
        _taking = null;
        if (ended.File is null)
        {
            _hasNone = ended.Refusal.Code == RefusalCode.NoSnapshots;
            Refuse(ended.Refusal);
            return true;
        }

        Taken++;
        LastTaken = ended.File;
        loop.Counters.SnapshotBytesWritten += ended.File.Manifest.FileBytes;
        loop.Counters.SnapshotBytesCaptured += ended.File.Manifest.RawBytes;
        Trim(ended.File);
        Answer(ended.File);
        return true;
    }

    /// <summary>T rises to what the snapshot, the members and the policy allow.</summary>
    private void Trim(SnapshotFile file)
    {
        TrimCertificate proof = TrimRule.Certify(loop, group, file.Manifest);
        if (proof.IsValid && proof.Index > group.Frontiers.Trimmed)
        {
            group.Core.Trim(proof, group.Outputs);
        }
    }

    private bool Install()
    {
        if (!group.Applier.IsIdle)
        {
            return false;
        }

        SnapshotFile file = _arrived!;
        _arrived = null;
        SnapshotManifest manifest = file.Manifest;
        ulong applied = group.Frontiers.Applied;
        if (manifest.Index <= applied)
        {
            return true;
        }

        // What cannot be read is never applied from the log: then the machine is restored all the same.
        bool isHeld = group.Core.TryFastForward(manifest.Certificate, group.Outputs);
        if (isHeld && !group.Suffix.Holes.Touches(applied + 1, manifest.Index))
        {
            return true;
        }

        _isFromElsewhere = true;
        _restoring = new SnapshotRestoring(loop, group, Bell(), file);
        return true;
    }

    private bool StepRestoring()
    {
        bool any = _restoring!.Step();
        if (!_restoring.IsOver)
        {
            return any;
        }

        SnapshotRestoring ended = _restoring;
        _restoring = null;
        if (group.Fault is not null)
        {
            return true;
        }

        Restored++;
        Installed += _isFromElsewhere ? 1 : 0;
        _bytes = 0;
        _sinceNs = 0;
        SnapshotManifest manifest = ended.File.Manifest;
        bool isSound = group.Sessions.TryRestore(ended.Sessions.Span);
        isSound &= group.Core.Install(manifest.Certificate, ended.Configuration, group.Outputs);
        if (!isSound)
        {
            loop.Fail(group, new EngineFault(
                $"the snapshot {ended.File.Name} of group '{group.Name}' carries a configuration or sessions that make "
                + $"no sense to a replica that speaks feature level {loop.Options.FeatureLevel}; go on with a newer "
                + "build, or restore this replica from its peers",
                null));
            return true;
        }

        group.Digests.Replaced();
        if (!group.CommitProof.IsValid || group.CommitProof.Index < manifest.Index)
        {
            group.CommitProof = manifest.Certificate.CommitAtSnapshot;
        }

        Installing.EndProposals(loop, group, manifest.Index);
        return true;
    }

    private void Answer(SnapshotFile file) => End(new SnapshotResult
    {
        Index = file.Manifest.Index,
        StateDigest = file.Manifest.StateDigest,
        Bytes = file.Manifest.FileBytes,
    });

    private void Refuse(Refusal refusal) => End(new SnapshotResult { Refusal = refusal });

    private bool TryTakeAsked(out TaskCompletionSource<SnapshotResult>? waiter)
    {
        waiter = null;
        return Volatile.Read(ref _asked) is { } asked && asked.TryDequeue(out waiter);
    }

    /// <summary>Made by the first caller: most groups of a large shard have none.</summary>
    private ConcurrentQueue<TaskCompletionSource<SnapshotResult>?> Asked()
    {
        if (Volatile.Read(ref _asked) is { } made)
        {
            return made;
        }

        var queue = new ConcurrentQueue<TaskCompletionSource<SnapshotResult>?>();
        return Interlocked.CompareExchange(ref _asked, queue, null) ?? queue;
    }

    private void End(in SnapshotResult result)
    {
        _isAsked = false;
        while (TryTakeAsked(out TaskCompletionSource<SnapshotResult>? waiter))
        {
            if (waiter is not null)
            {
                (_waiting ??= []).Add(waiter);
            }
        }

        foreach (TaskCompletionSource<SnapshotResult> waiter in _waiting ?? [])
        {
            waiter.TrySetResult(result);
        }

        _ = Interlocked.Add(ref _waiters, -(_waiting?.Count ?? 0));
        _waiting?.Clear();
    }
}
