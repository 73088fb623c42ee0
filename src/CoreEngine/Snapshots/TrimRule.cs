using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Snapshots;

/// <summary>How far the log may be given up behind a durable snapshot.</summary>
internal static class TrimRule
{
    /// <summary>
    /// T: not beyond the snapshot, not beyond what the slowest member has certified to hold; but a member that is too
    /// far behind pins the kept bytes of log at most, and will need the snapshot (raft.md S42).
    /// </summary>
    /// <returns>Default when nothing may be given up.</returns>
    internal static TrimCertificate Certify(EngineLoop loop, GroupRuntime group, in SnapshotManifest manifest)
    {
        ulong needed = group.Core.SlowestNeed();
        long keptBytes = group.Options.Snapshots.KeptLogBytes;
        ulong kept = keptBytes == 0
            ? manifest.Index
            : loop.Log.Index.IndexBefore(group.Number, manifest.Index, (ulong)keptBytes);
        ulong index = ulong.Min(manifest.Index, ulong.Max(needed, kept));
        return index == 0 ? default : manifest.Certificate with { Index = index, Needed = needed };
    }
}
