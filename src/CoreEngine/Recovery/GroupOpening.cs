using System;
using System.Linq;
using CoreEngine.IO.Log;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Recovery;

/// <summary>What a host asks for when it opens a group.</summary>
internal readonly record struct GroupRequest(string Name, IStateMachine Machine, GroupOptions Options);

/// <summary>Who takes part, and this replica's own numbers in it.</summary>
internal readonly record struct GroupMembership(uint[] Members, ulong Seed, ulong Incarnation);

/// <summary>How many of a group's first records are staged.</summary>
internal enum OpeningStep
{
    /// <summary>None yet.</summary>
    None,

    /// <summary>Where the log goes on when something of the group is lost.</summary>
    Joined,

    /// <summary>The snapshot that the entries to come will follow.</summary>
    Marked,

    /// <summary>All, the group's descriptor too.</summary>
    Staged,
}

/// <summary>Joins what the log holds of a group with what the host asks for.</summary>
internal static class GroupOpening
{
    /// <summary>An idle group's followers hear of a commit after this; a busy one's by the next entries.</summary>
    private const long NoticeDelayNsMax = 1_000_000;

    /// <summary>A shared disk may well be busy with others for most of a second, whatever the timeouts are.</summary>
    private const long DefaultStallNsMin = 1_000_000_000;

    /// <summary>Stages the group's first records and makes it, where the log is known to have room.</summary>
    /// <exception cref="EngineOpenException">It has none, or the group cannot be opened as asked for.</exception>
    internal static GroupRuntime Create(
        EngineLoop loop,
        RecoveredGroup recovered,
        GroupRequest request,
        GroupMembership membership)
    {
        OpeningStep step = OpeningStep.None;
        return TryStage(loop, recovered, request, membership, ref step)
            ? Make(loop, recovered, request, membership)
            : throw new EngineOpenException($"the log has no room for the first records of group '{request.Name}'");
    }

    /// <summary>Stages what the log must hold before the group takes part: each record once, in order.</summary>
    /// <param name="step">How far it has come; goes on from there when called again.</param>
    /// <returns>False while the log has no room: submit, reap, call again.</returns>
    /// <exception cref="EngineOpenException">The group cannot be opened as asked for.</exception>
    internal static bool TryStage(
        EngineLoop loop,
        RecoveredGroup recovered,
        GroupRequest request,
        GroupMembership membership,
        ref OpeningStep step)
    {
        uint group = request.Options.Group;
        GroupDescriptor wanted = WantedOf(loop, request, membership);
        if (step == OpeningStep.None)
        {
            Check(recovered, wanted, group);
            CheckLevel(recovered, wanted, loop.Options.FeatureLevel);
            step = TryGoOn(loop.Log, recovered, group) ? OpeningStep.Joined : step;
        }

        if (step == OpeningStep.Joined)
        {
            bool isMarked = !recovered.IsBehindSnapshot || TryMark(loop, group, recovered.Suffix);
            step = isMarked ? OpeningStep.Marked : step;
        }

        if (step == OpeningStep.Marked)
        {
            bool isDescribed = recovered.Descriptor is not null || loop.Log.TryAppend(wanted.ToRecord(group));
            step = isDescribed ? OpeningStep.Staged : step;
        }

        return step == OpeningStep.Staged;
    }

    /// <summary>Makes the group, once its first records are staged.</summary>
    internal static GroupRuntime Make(
        EngineLoop loop,
        RecoveredGroup recovered,
        GroupRequest request,
        GroupMembership membership)
    {
        (string name, IStateMachine machine, GroupOptions options) = request;
        (_, ulong seed, ulong incarnation) = membership;
        Contract contract = ContractOf(options);
        GroupDescriptor wanted = WantedOf(loop, request, membership);
        var raft = new RaftOptions
        {
            Group = options.Group,
            Replica = loop.Replica,
            Level = loop.Options.FeatureLevel,
            First = recovered.First ?? Configuration.None,
            Founders = FoundersOf(recovered, wanted, loop.Options.FeatureLevel),
            HeartbeatNs = Nanoseconds(loop.Options.Heartbeat),
            NoticeDelayNs = long.Min(NoticeDelayNsMax, Nanoseconds(loop.Options.Heartbeat)),
            ElectionMinNs = Nanoseconds(loop.Options.ElectionMin),
            ElectionMaxNs = Nanoseconds(loop.Options.ElectionMax),
            StallNs = StallNs(loop.Options),
            QuiesceAfterNs = Nanoseconds(loop.Options.QuiesceAfter),
            Seed = unchecked(seed + (options.Group * 0x9E3779B97F4A7C15UL) + loop.Replica),
            Contract = wanted.Contract,
            LeaseNs = contract.LeaseNs,
            Clock = contract.Clock,
            CloseTargetNs = options.CloseTarget is { } target ? Nanoseconds(target) : 0,
            Incarnation = incarnation,
            UncommittedBytesMax = options.Windows.UncommittedBytesMax,
            UncommittedEntriesMax = options.Windows.UncommittedEntriesMax,
            InflightBytesMax = options.Windows.InflightBytesMax,
            InflightMessagesMax = options.Windows.InflightMessagesMax,
            AppendEntriesMax = options.Windows.AppendEntriesMax,
            AppendBytesMax = options.Windows.AppendBytesMax,
        };
        var found = new RaftRecovery(
            recovered.Term, recovered.Vote, recovered.Commit, recovered.Suffix, recovered.Doubt)
        {
            Base = recovered.Base,
        };
        var core = new RaftCore(raft, found);
        IProtocolCore seen = loop.CoreTap is { } tap ? tap(core) : core;
        var group = new GroupRuntime(
            loop, new GroupSetup(name, machine, options, contract, seen, recovered.Suffix, core.Frontiers));
        if (recovered.LostBase > 0)
        {
            loop.Options.Log?.Invoke(
                $"group {options.Group} '{name}': the snapshot up to {recovered.LostBase} is missing or damaged; this "
                + "replica gives no vote and serves nothing until a leader has sent what it lost");
        }

        if (recovered.Snapshot is { } snapshot)
        {
            group.CommitProof = recovered.Base.CommitAtSnapshot;
            group.Snapshots.BeginWith(snapshot);
        }

        return group;
    }

    /// <summary>Entries will follow the snapshot, not what the log ends with: without the mark the next recovery would
    /// take that for a gap.</summary>
    private static bool TryMark(EngineLoop loop, uint group, LogSuffix suffix)
    {
        Span<byte> marks = stackalloc byte[2 * RecordHeader.Bytes];
        ulong index = suffix.BaseIndex;
        ulong term = suffix.TermAt(index);
        RecordHeader.Seal(marks[..RecordHeader.Bytes], 0, RecordType.Snapshot, 0, group, index, term);
        RecordHeader.Seal(marks[RecordHeader.Bytes..], 0, RecordType.Trim, 0, group, index, term);
        return loop.Log.TryAppend(marks);
    }

    /// <summary>What the first configuration is to be, while there is none and this replica was not opened to
    /// join.</summary>
    private static Configuration? FoundersOf(RecoveredGroup recovered, GroupDescriptor wanted, int level)
    {
        bool isFounder = recovered.First is null
            && wanted.Members.Length > 0
            && recovered.Descriptor is not { Members.Length: 0 };
        return isFounder ? Configuration.OfVoters(wanted.Members, level) : null;
    }

    /// <summary>What the group has gone on to cannot be taken back: an older build would misread what
    /// follows.</summary>
    private static void CheckLevel(RecoveredGroup recovered, GroupDescriptor wanted, int spoken)
    {
        Configuration latest = recovered.Suffix.Configurations.Latest;
        latest = latest.Epoch == 0 ? recovered.First ?? latest : latest;
        if (latest.Epoch != 0 && latest.Level > spoken)
        {
            throw new EngineOpenException(
                $"group '{wanted.Name}' uses feature level {latest.Level}, this replica speaks up to {spoken}; all "
                + "members spoke it once, and the group does not go back: start the newer build");
        }
    }

    private static void Check(RecoveredGroup recovered, GroupDescriptor wanted, uint group)
    {
        if (recovered.Complaint is not null)
        {
            throw new EngineOpenException(
                $"the log of group {group} contradicts itself: {recovered.Complaint}; "
                + "restore this replica from its peers");
        }

        if (recovered.LostBase > 0 && wanted.Members.Length == 1)
        {
            throw new EngineOpenException(
                $"the log of group '{wanted.Name}' begins behind entry {recovered.LostBase}, the snapshot that holds "
                + "what came before is missing or damaged, and there is no other replica to ask for one; restore the "
                + "directory from a copy");
        }

        if (recovered.IsDamaged && wanted.Members.Length == 1)
        {
            throw new EngineOpenException(
                $"acknowledged entries of group '{wanted.Name}' are damaged ({WhatIsLost(recovered)}), and there is no "
                + "other replica to ask for them; restore the directory from a copy");
        }

        GroupDescriptor? found = recovered.Descriptor;
        if (found is null)
        {
            return;
        }

        if (found.Name != wanted.Name)
        {
            throw new EngineOpenException(
                $"group {group} of this directory is '{found.Name}', not '{wanted.Name}'; "
                + "give the group another number or its own name");
        }

        if (found.Contract != wanted.Contract)
        {
            throw new EngineOpenException(
                $"group '{found.Name}' was opened under contract {found.Contract:x16}, now {wanted.Contract:x16} is "
                + "asked for; "
                + "promises made under one contract cannot be kept under another");
        }

        // Who joins, or has founded, knows the members better than the host's options.
        bool isOpen = found.Members.Length > 0 && wanted.Members.Length > 0 && recovered.First is null;
        if (isOpen && !found.Members.SequenceEqual(wanted.Members))
        {
            throw new EngineOpenException(
                $"group '{found.Name}' has the members [{string.Join(", ", found.Members)}], the options name "
                + $"[{string.Join(", ", wanted.Members)}]; name exactly the members until all of them have met "
                + "once, and change them then");
        }
    }

    private static GroupDescriptor WantedOf(EngineLoop loop, GroupRequest request, GroupMembership membership) => new(
        request.Name,
        ContractOf(request.Options).Fingerprint(),
        loop.Options.Join ? [] : membership.Members);

    private static Contract ContractOf(GroupOptions options) => options.Lease is { } lease
        ? Contract.Raft.WithLease(Nanoseconds(lease.Duration), lease.Clock)
        : Contract.Raft;

    /// <summary>Notes where the log goes on when it cannot be joined, and that a new group has lost nothing.</summary>
    private static bool TryGoOn(SegmentedLog log, RecoveredGroup recovered, uint group)
    {
        if (recovered.LostBase > 0)
        {
            return LostState.TryStage(log, group);
        }

        if (recovered.IsGap || recovered.IsCut)
        {
            return RepairRecords.TryAppendCut(log, group, recovered.Suffix.LastIndex);
        }

        bool isNew = recovered.Descriptor is null && !recovered.IsDamaged && log.Damaged.Count > 0;
        return !isNew || RepairRecords.TryAppend(log, group, RepairFlags.Settled, 0, 0);
    }

    private static string WhatIsLost(RecoveredGroup recovered)
    {
        var places = new System.Text.StringBuilder();
        foreach (Hole hole in recovered.Suffix.Holes.All)
        {
            _ = places.Append(places.Length == 0 ? "" : ", ").Append(
                System.Globalization.CultureInfo.InvariantCulture, $"index {hole.First}..{hole.Last}");
        }

        return recovered.Doubt == Doubt.None
            ? places.ToString()
            : places.Append(places.Length == 0 ? "" : ", ").Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"whatever followed index {recovered.Suffix.LastIndex}").ToString();
    }

    private static long StallNs(EngineOptions options) => options.DiskStall is { } stall
        ? Nanoseconds(stall)
        : long.Max(DefaultStallNsMin, 2 * Nanoseconds(options.ElectionMax));

    private static long Nanoseconds(TimeSpan span) => span.Ticks * 100;
}
