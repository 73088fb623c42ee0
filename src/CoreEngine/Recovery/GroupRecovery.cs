using System;
using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

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

    /// <summary>The first configuration; null while nobody has founded the group here.</summary>
    internal Configuration? First { get; set; }
    /// <summary>The newest snapshot; null when there is none.</summary>
    internal SnapshotFile? Snapshot { get; set; }

    /// <summary>Proves the snapshot and names the log's base; default when there is none.</summary>
    internal TrimCertificate Base { get; set; }

    /// <summary>What could still be read of the configuration in a snapshot that is damaged; empty for
    /// nothing.</summary>
    internal ReadOnlyMemory<byte> Remains { get; set; }

    /// <summary>Where the log began whose snapshot cannot be read; 0 when none is missing.</summary>
    internal ulong LostBase { get; set; }

    /// <summary>T as the log has it, and the term of the entry there.</summary>
    internal (ulong Index, ulong Term) Trimmed { get; private set; }

    /// <summary>What the log contradicts itself in; null when sound.</summary>
    internal string? Complaint { get; set; }

    /// <summary>What damage has hidden.</summary>
    internal Doubt Doubt { get; set; }

    /// <summary>Records may be missing here: the next one tells, or does not.</summary>
    internal bool IsGap { get; set; }

    /// <summary>What follows cannot be joined to what came before: it is passed over, until the log says where it
    /// went on.</summary>
    internal bool IsCut { get; set; }

    /// <summary>Copies of lost entries that follow their marker.</summary>
    internal ulong CopiesLeft { get; set; }

    /// <summary>Something of it was promised and cannot be read.</summary>
    internal bool IsDamaged => Doubt != Doubt.None || Suffix.Holes.Count > 0;

    /// <summary>The log was replaced by a snapshot at this place.</summary>
    internal void Restart(ulong index, ulong term)
    {
        IsRestarted = true;
        IsGap = false;
        IsCut = false;
        Suffix.Reset(index, term);
    }

    /// <summary>Entries up to an index may be gone.</summary>
    internal void NoteTrim(ulong index, ulong term)
    {
        Trimmed = index >= Trimmed.Index ? (index, term) : Trimmed;
        if (Suffix.LastIndex < index)
        {
            Suffix.Reset(index, term);
        }
    }

    /// <summary>A line that is empty so far goes on at an index. What came before was trimmed; a mark further on, or
    /// the snapshot, tells where the log begins; an older mark may have been carried forward before that.</summary>
    internal void BeginAt(ulong index)
    {
        if (Suffix.LastIndex == Suffix.BaseIndex && index > Suffix.LastIndex + 1 && !IsRestarted)
        {
            Suffix.Reset(index - 1, 0);
        }
    }

    /// <summary>The log does not say yet that it goes on behind the snapshot: the group's opening writes it.</summary>
    internal bool IsBehindSnapshot { get; set; }

    /// <summary>The log holds the place where a snapshot replaced it: what follows must follow without a gap.</summary>
    internal bool IsRestarted { get; private set; }
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

    /// <summary>Records are lost of which not even the groups are known.</summary>
    private bool _isUnknown;

    /// <summary>What the log holds of a group; nothing when the log does not know it.</summary>
    /// <remarks>It stays here until <see cref="Release"/>: a refused opening must not make the next one see an empty
    /// group.</remarks>
    internal RecoveredGroup Find(uint group) =>
        _groups.TryGetValue(group, out RecoveredGroup? found) ? found : Make(group);

    /// <summary>The groups of which the log, or a snapshot, holds anything.</summary>
    internal IEnumerable<uint> Groups => _groups.Keys;

    /// <summary>The places that cannot be read.</summary>
    internal List<LogDamage> Damages { get; } = [];

    /// <summary>
    /// Joins the log with the snapshots beside it: each group's log then begins where its snapshot lets it.
    /// </summary>
    /// <param name="index">Of the same log; null when nobody will read entries back.</param>
    internal void Join(SnapshotStore snapshots, LogIndex? index = null)
    {
        foreach (uint group in snapshots.Groups)
        {
            Of(group).Snapshot = snapshots.Newest(group);
        }

        foreach ((uint number, RecoveredGroup group) in _groups)
        {
            group.Remains = snapshots.Remains(number)?.Configuration ?? default;
            SnapshotJoin.Join(group);
            if (group.Snapshot is null && group.LostBase == 0 && group.Trimmed.Index > 0)
            {
                index?.Untrim(number);
            }
        }
    }

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
            case RecordType.Founding:
                Found(group, header, record);
                break;
            case RecordType.Truncate:
                Truncate(group, header.Index);
                break;
            case RecordType.Repair:
                LostRecords.OnRepair(group, header.Flags, header.Index, header.Term);
                break;
            case RecordType.Snapshot:
                group.Restart(header.Index, header.Term);
                break;
            case RecordType.Trim:
                group.NoteTrim(header.Index, header.Term);
                break;
            case RecordType.Doubt when header.Index == 1:
                group.Doubt |= Doubt.Log;
                break;
            case RecordType.Configuration:
                group.Descriptor = GroupDescriptor.Read(header, record);
                group.Complaint ??= group.Descriptor is null ? "its descriptor makes no sense" : null;
                break;
            default:
                break;
        }
    }

    public void OnDamage(LogDamage damage)
    {
        Damages.Add(damage);
        if (damage.Lost is null)
        {
            _isUnknown = true;
            foreach (RecoveredGroup group in _groups.Values)
            {
                LostRecords.OnUnknown(group);
            }

            return;
        }

        foreach (Run run in damage.Lost)
        {
            if (run.Type == RecordType.Peer)
            {
                Peers.Recall(run.First, run.Term);
            }
            else
            {
                LostRecords.OnLost(Of(run.Group), run);
            }
        }
    }

    private static void AddEntry(RecoveredGroup group, in RecordHeader header, ReadOnlySpan<byte> record)
    {
        LogSuffix suffix = group.Suffix;
        if (group.CopiesLeft > 0)
        {
            group.CopiesLeft--;
            suffix.AdoptFromCopy(header, record);
            return;
        }

        if (!LostRecords.MayTake(group, header.Index, header.Term))
        {
            return;
        }

        group.BeginAt(header.Index);
        if (header.Index != suffix.LastIndex + 1 || header.Term < suffix.LastTerm)
        {
            group.Complaint ??= $"entry {header.Index} of term {header.Term} follows entry {suffix.LastIndex} "
                + $"of term {suffix.LastTerm}";
            return;
        }

        bool isOfMembers = (header.Flags & (ushort)EntryFlags.Configuration) != 0;
        if (isOfMembers
            && (!EntryCodec.TryRead(header, record, out Entry entry) || !ConfigurationRule.IsSound(header, entry)))
        {
            group.Complaint ??= $"entry {header.Index} cannot be read by this build, which speaks feature levels up to "
                + $"{FeatureLevels.Newest}";
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

        SetHardState(group, header.Term, vote, commit);
    }

    /// <summary>The last promise counts, whatever came before it.</summary>
    internal static void SetHardState(RecoveredGroup group, ulong term, uint vote, ulong commit)
    {
        group.Term = term;
        group.Vote = vote;
        group.Commit = commit;
        group.Doubt &= ~Doubt.Vote;
    }

    private static void Found(RecoveredGroup group, in RecordHeader header, ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> body = record.Slice(RecordHeader.Bytes, header.BodyLength);
        if (!ConfigurationBody.TryRead(body, Configuration.FirstEpoch, out Configuration first))
        {
            group.Complaint ??= "its first configuration makes no sense";
            return;
        }

        group.First = first;
    }

    /// <summary>An empty line may be one whose beginning was trimmed.</summary>
    private static bool MayBegin(RecoveredGroup group) => !group.IsRestarted && !group.IsGap;

    /// <summary>Entries above an index are void from here on.</summary>
    internal static void Truncate(RecoveredGroup group, ulong index)
    {
        if (group.IsCut || TryTruncate(group, index))
        {
            return;
        }

        if (group.IsGap)
        {
            group.IsCut = true;
            return;
        }

        group.Complaint ??= $"a truncation to {index} stands behind entry {group.Suffix.LastIndex}";
    }

    /// <returns>False when the line ends before the index.</returns>
    internal static bool TryTruncate(RecoveredGroup group, ulong index)
    {
        LogSuffix suffix = group.Suffix;
        bool isEmpty = suffix.LastIndex == suffix.BaseIndex;
        if (index < suffix.BaseIndex || (isEmpty && index > suffix.LastIndex && MayBegin(group)))
        {
            // What it cut off began before the oldest segment: the line goes on behind it.
            suffix.Reset(index, 0);
            return true;
        }

        if (index > suffix.LastIndex)
        {
            return false;
        }

        suffix.TruncateTo(index);
        return true;
    }

    private RecoveredGroup Of(uint number)
    {
        if (!_groups.TryGetValue(number, out RecoveredGroup? group))
        {
            group = Make(number);
            _groups.Add(number, group);
        }

        return group;
    }

    private RecoveredGroup Make(uint number)
    {
        var group = new RecoveredGroup(number, chunkBytes, capacityBytes);
        if (_isUnknown)
        {
            LostRecords.OnUnknown(group);
        }

        return group;
    }
}
