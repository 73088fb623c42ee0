using System;
using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Recovery;

/// <summary>What the log holds of one group.</summary>
internal sealed class RecoveredGroup(uint number, int chunkBytes, int capacityBytes)
{
    /// <summary>The end of the group's log, as found.</summary>
    internal LogSuffix Suffix { get; } = new(number, capacityBytes, chunkBytes);

    internal ulong Term { get; set; }

    internal uint Vote { get; set; }

    /// <summary>A commit index that was true when it was written; the truth may be further.</summary>
    internal ulong Commit { get; set; }

    internal GroupDescriptor? Descriptor { get; set; }

    /// <summary>What the log contradicts itself in; null when sound.</summary>
    internal string? Complaint { get; set; }
}

/// <summary>
/// Rebuilds every group from the records of the log, the same code in production and in the simulator.
/// </summary>
/// <param name="chunkBytes">Size of a full chunk of each group's <see cref="LogSuffix"/>.</param>
/// <param name="capacityBytes">Bound of its memory.</param>
internal sealed class GroupRecovery(
    int chunkBytes = LogSuffix.DefaultChunkBytes, int capacityBytes = LogSuffix.DefaultCapacityBytes) : ILogVisitor
{
    private readonly Dictionary<uint, RecoveredGroup> _groups = [];

    /// <summary>What the log holds of a group; nothing when the log does not know it.</summary>
    /// <remarks>It stays here until <see cref="Release"/>: a refused opening must not make the next one see an empty
    /// group.</remarks>
    internal RecoveredGroup Find(uint group) =>
        _groups.TryGetValue(group, out RecoveredGroup? found)
            ? found
            : new RecoveredGroup(group, chunkBytes, capacityBytes);

    /// <summary>The group has opened and owns what was found.</summary>
    internal void Release(uint group) => _groups.Remove(group);

    /// <summary>The other replicas' incarnations, as noted when they were met.</summary>
    internal PeerMemory Peers { get; } = new();

    public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        if (header.Type == RecordType.Peer)
        {
            _ = Peers.TryRecall(header, record);
            return;
        }

        RecoveredGroup group = Of(header.Group);
        switch (header.Type)
        {
            case RecordType.Entry:
                AddEntry(group, header, record);
                break;
            case RecordType.HardState:
                SetHardState(group, header, record);
                break;
            case RecordType.Truncate:
                Truncate(group, header);
                break;
            case RecordType.Configuration:
                group.Descriptor = GroupDescriptor.Read(header, record);
                group.Complaint ??= group.Descriptor is null ? "its descriptor makes no sense" : null;
                break;
            default:
                break;
        }
    }

    private static void AddEntry(RecoveredGroup group, in RecordHeader header, ReadOnlySpan<byte> record)
    {
        LogSuffix suffix = group.Suffix;
        if (header.Index != suffix.LastIndex + 1 || header.Term < suffix.LastTerm)
        {
            group.Complaint ??= $"entry {header.Index} of term {header.Term} follows entry {suffix.LastIndex} "
                + $"of term {suffix.LastTerm}";
            return;
        }

        bool added = suffix.AppendRecord(header, record);
        Invariant.Holds(added);
        suffix.ReleaseThrough(header.Index);
    }

    private static void SetHardState(RecoveredGroup group, in RecordHeader header, ReadOnlySpan<byte> record)
    {
        if (header.Term < group.Term || !Persister.TryReadHardState(record, out uint vote, out ulong commit))
        {
            group.Complaint ??= $"a hard state of term {header.Term} follows one of term {group.Term}";
            return;
        }

        group.Term = header.Term;
        group.Vote = vote;
        group.Commit = commit;
    }

    private static void Truncate(RecoveredGroup group, in RecordHeader header)
    {
        if (header.Index > group.Suffix.LastIndex)
        {
            group.Complaint ??= $"a truncation to {header.Index} stands behind entry {group.Suffix.LastIndex}";
            return;
        }

        group.Suffix.TruncateTo(header.Index);
    }

    private RecoveredGroup Of(uint number)
    {
        if (!_groups.TryGetValue(number, out RecoveredGroup? group))
        {
            group = new RecoveredGroup(number, chunkBytes, capacityBytes);
            _groups.Add(number, group);
        }

        return group;
    }
}
