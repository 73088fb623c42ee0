using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What the loop does with snapshots, in the order of the engine's: a file is durable before the log is
/// touched, nothing is applied while the machine is replaced, and the log follows last.</summary>
internal sealed partial class LocalReplica
{
    /// <summary>The snapshot that the machine is taking in; null when none. Nothing is applied meanwhile.</summary>
    internal SnapshotImage? Restoring { get; private set; }

    /// <summary>What is applied becomes a durable snapshot, and the log before its end is given up.</summary>
    private void TakeSnapshot()
    {
        ulong index = Core.Frontiers.Applied;
        bool mayTake = Restoring is null
            && index > (Medium.Snapshot?.Index ?? 0)
            && index <= Core.Frontiers.Durable
            && Core.CommitProof.Index >= index;
        if (!mayTake || !Core.TryConfigurationAt(index, out ReadOnlyMemory<byte> section))
        {
            return;
        }

        LogItem[] items = LocalEncoding.Memory(this)[..(int)index];
        var proof = new TrimCertificate(index, index, Core.Log.TermAt(index), 0, Core.SlowestNeed(), Core.CommitProof);
        Medium.Publish(new SnapshotImage(proof with { Needed = 0 }, items, section.ToArray()));
        Core.Trim(proof, _outputs);
        Drain();
    }

    /// <summary>A leader sends its newest snapshot to a member that needs what its log has given up.</summary>
    private void SendSnapshot(uint replica)
    {
        int place = Core.PlaceOf(replica);
        if (place < 0 || ((Core.SnapshotPeers >> place) & 1) == 0 || Medium.Snapshot is not { } image)
        {
            return;
        }

        Post(State.HeaderTo(MessageType.InstallSnapshot, replica), image.ToBody());
    }

    /// <summary>A whole snapshot is durable here. The log holds what it stands for, or the machine must take it
    /// in.</summary>
    private void TakeIn(SnapshotImage image, Outputs outputs)
    {
        if (Restoring is not null || image.Index <= Core.Frontiers.Applied)
        {
            return;
        }

        if (image.Index > (Medium.Snapshot?.Index ?? 0))
        {
            Medium.Publish(image);
        }

        if (!Core.TryFastForward(image.Certificate, outputs))
        {
            Restoring = image;
        }
    }

    /// <summary>The machine stands at the snapshot: the log goes on behind it.</summary>
    private void EndRestoring() => Turn(_now + 1, (core, outputs) =>
    {
        SnapshotImage image = Restoring!;
        Restoring = null;
        ulong before = core.Frontiers.Committed;
        bool isSound = core.Install(image.Certificate, image.Section, outputs);
        Invariant.Holds(isSound);
        if (core.Frontiers.Committed > before)
        {
            Proof = core.CommitProof;
        }
    });
}
