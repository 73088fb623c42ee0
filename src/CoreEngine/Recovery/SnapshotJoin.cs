using CoreEngine.IO.Snapshots;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Recovery;

/// <summary>Decides where a recovered group's log begins: it must go on without a gap behind its snapshot.</summary>
internal static class SnapshotJoin
{
    internal static void Join(RecoveredGroup group)
    {
        LogSuffix suffix = group.Suffix;
        if (group.Snapshot is null)
        {
            if (suffix.BaseIndex > 0)
            {
                LostState.Doubt(group);
            }

            return;
        }

        SnapshotManifest manifest = group.Snapshot.Manifest;
        if (!SnapshotRule.TryReadConfiguration(group.Snapshot.Configuration.Span, out Configuration? configuration))
        {
            group.Complaint ??= $"the snapshot {group.Snapshot.Name} carries a configuration that makes no sense";
            return;
        }

        if (suffix.BaseIndex > manifest.Index)
        {
            // The one that the log goes on from is damaged, and this is an older one: what stood between is missing.
            group.Snapshot = null;
            LostState.Doubt(group);
            return;
        }

        // The snapshot became durable before the log could follow it, or it replaces another branch (raft.md S38).
        bool isHeld = suffix.LastIndex >= manifest.Index
            && (suffix.BaseIndex == manifest.Index || suffix.TermAt(manifest.Index) == manifest.Term);
        if (!isHeld)
        {
            suffix.Reset(manifest.Index, manifest.Term);
            group.IsBehindSnapshot = true;
        }
        else
        {
            SetBase(group, manifest);
        }

        if (configuration is not null && configuration.Epoch >= suffix.Configurations.Base.Epoch)
        {
            suffix.Configurations.SetBase(configuration);
        }

        group.Base = manifest.Certificate with { Index = suffix.BaseIndex };
        if (group.Term < manifest.Term)
        {
            // The term was told in a write that the snapshot overtook; nobody was given a vote in it.
            group.Term = manifest.Term;
            group.Vote = 0;
        }
    }

    /// <summary>T is as the log says. Where no mark is left, the term before the first entry is unknown, and the log
    /// begins with that entry.</summary>
    private static void SetBase(RecoveredGroup group, in SnapshotManifest manifest)
    {
        LogSuffix suffix = group.Suffix;
        ulong first = suffix.BaseIndex;
        ulong index = group.Trimmed.Index >= first ? group.Trimmed.Index : first + 1;
        index = ulong.Min(ulong.Max(index, 1), manifest.Index);
        if (suffix.Holes.Touches(1, manifest.Index))
        {
            // What cannot be read stands in the snapshot: the log begins behind it.
            index = manifest.Index;
        }

        if (index > first)
        {
            suffix.TrimTo(index);
        }
        else
        {
            suffix.SetBaseTerm(index == manifest.Index ? manifest.Term : group.Trimmed.Term);
        }
    }
}
