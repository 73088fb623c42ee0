using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Snapshots;

/// <summary>Whoever has operations of a snapshot's file under way.</summary>
internal interface ISnapshotIo
{
    /// <summary>An operation ended.</summary>
    void OnEvent(int code, int result);

    /// <summary>The shard has ended and nothing is in flight any more: gives memory back.</summary>
    void Free();
}

/// <summary>A whole snapshot in the data directory.</summary>
/// <param name="Manifest">What it holds.</param>
/// <param name="Name">In the data directory.</param>
internal sealed record SnapshotFile(SnapshotManifest Manifest, string Name)
{
    /// <summary>The configuration's section, read at the open: a replica must know it before it may vote.</summary>
    internal ReadOnlyMemory<byte> Configuration { get; init; }
}

/// <summary>The snapshots of a shard's groups: files in its directory, reached through the ring.</summary>
/// <remarks>
/// Shard's thread only. The newest snapshot of each group stays; the one before is removed when it is durable. A
/// reader of a removed one keeps its open file.
/// </remarks>
internal sealed class SnapshotStore : IDisposable
{
    /// <summary>Top byte of every token; nobody else on the ring may use it.</summary>
    private const byte Owner = 0x53;

    private const int DeleteCode = 1;

    private readonly IIoRing _ring;
    private readonly Dictionary<uint, SnapshotFile> _newest = [];
    private readonly List<ISnapshotIo?> _users = [null];
    private readonly Queue<string> _toDelete = new();
    private bool _isDeleting;

    internal SnapshotStore(IIoRing ring, SlabPool? slabs = null)
    {
        _ring = ring;
        Slabs = slabs;
    }

    /// <summary>Where the memory of buffers comes from; null: the system.</summary>
    internal SlabPool? Slabs { get; }

    /// <summary>Snapshots that cannot be read, by group: manifest and configuration as far as they could be.</summary>
    private readonly Dictionary<uint, SnapshotFile> _damaged = [];

    /// <summary>What was found at the open and is not as it should be, for people.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>A group asked for compression that this machine does not have, and it was said.</summary>
    internal bool IsCompressionMissed { get; set; }

    /// <summary>The groups that have a snapshot.</summary>
    internal IReadOnlyCollection<uint> Groups => _newest.Keys;

    /// <summary>
    /// Looks at a directory: reads every snapshot through, keeps the newest sound one of each group, removes what is
    /// half made or outdated. Blocking; before anybody else uses the ring.
    /// </summary>
    /// <param name="isReadOnly">Nothing is removed.</param>
    internal static SnapshotStore Open(IIoRing ring, SlabPool? slabs = null, bool isReadOnly = false)
    {
        var store = new SnapshotStore(ring, slabs);
        var io = new BlockingIo(ring);
        using var window = new AlignedSlab(SnapshotLook.WindowBytes, slabs);
        var look = new SnapshotLook(io, window);
        bool isChanged = false;
        foreach (string name in ring.ListFiles())
        {
            bool isWhole = SnapshotFormat.TryParse(name, out uint group, out _);
            string? old = SnapshotFormat.IsHalfMade(name) ? name : null;
            SnapshotVerdict? verdict = isWhole ? look.Look(name) : null;
            if (verdict is { IsSound: true, File: { } found })
            {
                // Names are sorted: a later one of a group is newer.
                old = store._newest.TryGetValue(group, out SnapshotFile? before) ? before.Name : null;
                store._newest[group] = found;
            }
            else if (verdict is not null)
            {
                store.Notes.Add($"{name}: {verdict.Complaint}; it is left alone until there is another");
                store._damaged[group] = verdict.File ?? new SnapshotFile(default, name);
            }

            if (old is not null && !isReadOnly)
            {
                _ = io.Run(new IoOp(IoKind.Delete, IoFlags.None, 0, 0, 0, 0, old));
                isChanged = true;
            }
        }

        if (isChanged)
        {
            _ = io.Run(new IoOp(IoKind.SyncDirectory, IoFlags.None, 0, 0, 0, 0));
        }

        return store;
    }

    /// <summary>The newest snapshot of a group; null when there is none.</summary>
    internal SnapshotFile? Newest(uint group) => _newest.GetValueOrDefault(group);

    /// <summary>What is left of a group's snapshot that cannot be read; null when none was found. Its manifest is
    /// default when not even that can be.</summary>
    internal SnapshotFile? Remains(uint group) => _damaged.GetValueOrDefault(group);

    /// <summary>A snapshot turned out to be damaged: it counts as none. Its file stays until a newer one is
    /// durable.</summary>
    internal void Discard(SnapshotFile file)
    {
        if (_newest.TryGetValue(file.Manifest.Group, out SnapshotFile? newest) && newest == file)
        {
            _ = _newest.Remove(file.Manifest.Group);
            _toDelete.Enqueue(file.Name);
        }
    }

    /// <summary>A snapshot is durable under its name: an older one of the group goes.</summary>
    internal void Publish(SnapshotFile file)
    {
        uint group = file.Manifest.Group;
        SnapshotFile? old = _newest.GetValueOrDefault(group);
        if (old is not null && old.Manifest.Index > file.Manifest.Index)
        {
            // It came from elsewhere, and was overtaken on the way.
            _toDelete.Enqueue(file.Name);
        }
        else
        {
            Keep(file, old);
        }

        PumpDeletions();
    }

    private void Keep(SnapshotFile file, SnapshotFile? old)
    {
        _newest[file.Manifest.Group] = file;
        if (_damaged.Remove(file.Manifest.Group, out SnapshotFile? damaged) && damaged.Name != file.Name)
        {
            _toDelete.Enqueue(damaged.Name);
        }

        for (int i = _toDelete.Count; i > 0; i--)
        {
            // A name that was to go may have come anew.
            string name = _toDelete.Dequeue();
            if (name != file.Name)
            {
                _toDelete.Enqueue(name);
            }
        }

        if (old is not null && old.Name != file.Name)
        {
            _toDelete.Enqueue(old.Name);
        }
    }

    /// <summary>A buffer for any chunk; the caller frees it when nothing is in flight on it.</summary>
    internal AlignedSlab NewSlab() => NewSlab(SnapshotFormat.SlabBytes);

    /// <summary>A buffer of another size, under the same rule.</summary>
    internal AlignedSlab NewSlab(int bytes) => new(bytes, Slabs);

    /// <summary>Gives a user of the ring its number.</summary>
    internal int Register(ISnapshotIo user)
    {
        int slot = _users.IndexOf(null, 1);
        if (slot < 0)
        {
            slot = _users.Count;
            _users.Add(null);
        }

        _users[slot] = user;
        return slot;
    }

    /// <summary>The user has nothing in flight and comes no more.</summary>
    internal void Forget(int slot) => _users[slot] = null;

    internal bool TryEnqueue(int slot, in IoOp op, int code) =>
        _ring.TryEnqueue(in op, ((ulong)Owner << 56) | ((ulong)slot << 8) | (uint)code);

    /// <summary>Takes an event of the ring if it is one of a snapshot's.</summary>
    internal bool OnEvent(in IoEvent ended)
    {
        if ((byte)(ended.Token >> 56) != Owner)
        {
            return false;
        }

        int slot = (int)((ended.Token >> 8) & 0xFFFF_FFFF);
        if (slot == 0)
        {
            _isDeleting = false;
            _ = _toDelete.Dequeue();
            PumpDeletions();
            return true;
        }

        ISnapshotIo? user = _users[slot];
        Invariant.Holds(user is not null);
        user.OnEvent((int)(ended.Token & 0xFF), ended.Result);
        return true;
    }

    /// <summary>Frees the memory; the ring has ended before.</summary>
    public void Dispose()
    {
        foreach (ISnapshotIo? user in _users)
        {
            user?.Free();
        }

        _users.Clear();
    }

    /// <summary>Removes outdated files one by one. One that stays is found at the next open.</summary>
    private void PumpDeletions()
    {
        if (!_isDeleting && _toDelete.TryPeek(out string? name))
        {
            var delete = new IoOp(IoKind.Delete, IoFlags.Background, 0, 0, 0, 0, name);
            _isDeleting = TryEnqueue(0, in delete, DeleteCode);
        }
    }
}
