using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>One thing that is watched: its name, and the component that is broken when it fires.</summary>
/// <param name="Name">Stands first in every violation; unique.</param>
/// <param name="Component">One of <see cref="Monitoring.Component"/>.</param>
internal sealed record Monitor(string Name, string Component)
{
    internal static Monitor CommitCertificate { get; } = new("commit certificate", Monitoring.Component.SetsAndEpochs);

    internal static Monitor AcknowledgedStays { get; } = new("acknowledged stays", Monitoring.Component.SetsAndEpochs);

    internal static Monitor ElectionSafety { get; } = new("election safety", Monitoring.Component.Authority);

    internal static Monitor AuthorityCertificate { get; } =
        new("authority certificate", Monitoring.Component.Authority);

    internal static Monitor LeaderIsVoter { get; } = new("leader is a data voter", Monitoring.Component.Authority);

    internal static Monitor OneConfiguration { get; } = new("one configuration", Monitoring.Component.Membership);

    internal static Monitor NestedJoint { get; } = new("no nested joint", Monitoring.Component.Membership);

    internal static Monitor ConfigurationsMeet { get; } = new("configurations meet", Monitoring.Component.Membership);

    internal static Monitor VoteOnce { get; } = new("vote once", Monitoring.Component.Authority);

    internal static Monitor VoteDurable { get; } = new("vote durable", Monitoring.Component.Authority);

    internal static Monitor CheckQuorum { get; } = new("check-quorum", Monitoring.Component.Authority);

    internal static Monitor LeaderCompleteness { get; } = new("leader completeness", Monitoring.Component.Trunk);

    internal static Monitor LogMatching { get; } = new("log matching", Monitoring.Component.Trunk);

    internal static Monitor StateMachineSafety { get; } = new("state-machine safety", Monitoring.Component.Trunk);

    internal static Monitor ReceiptEvidence { get; } = new("receipt evidence", Monitoring.Component.Externalization);

    internal static Monitor ChangeAnswer { get; } = new("change answer", Monitoring.Component.Externalization);

    internal static Monitor Once { get; } = new("at most once", Monitoring.Component.Externalization);

    internal static Monitor SessionAnswer { get; } = new("session answer", Monitoring.Component.Externalization);

    internal static Monitor SessionTable { get; } = new("session table", Monitoring.Component.Machine);

    internal static Monitor LinearizableRead { get; } = new("linearizable read", Monitoring.Component.Observation);

    internal static Monitor ReadEvidence { get; } = new("read evidence", Monitoring.Component.Observation);

    internal static Monitor ReadGuarantee { get; } = new("read guarantee", Monitoring.Component.Observation);

    internal static Monitor SessionRead { get; } = new("session read", Monitoring.Component.Observation);

    internal static Monitor Staleness { get; } = new("staleness label", Monitoring.Component.Observation);

    internal static Monitor LeaseExclusive { get; } = new("lease exclusivity", Monitoring.Component.Observation);

    internal static Monitor ReadRound { get; } = new("read round", Monitoring.Component.Observation);

    internal static Monitor AnswerDurable { get; } = new("ack <= D", Monitoring.Component.DurableFrontier);

    internal static Monitor AnswerOnMedia { get; } = new("ack on media", Monitoring.Component.DurableFrontier);

    internal static Monitor DurableOnMedium { get; } = new("D on medium", Monitoring.Component.DurableFrontier);

    internal static Monitor FailClosed { get; } = new("fail-closed", Monitoring.Component.DurableFrontier);

    internal static Monitor DurableTail { get; } = new("durable tail", Monitoring.Component.DurableFrontier);

    internal static Monitor Progress { get; } = new("liveness", Monitoring.Component.Liveness);

    internal static Monitor TransferBounded { get; } = new("transfer bounded", Monitoring.Component.Liveness);

    internal static Monitor TransferTarget { get; } = new("transfer target", Monitoring.Component.Liveness);

    internal static Monitor LeaseRenounced { get; } = new("lease renounced", Monitoring.Component.Observation);

    internal static Monitor PreVote { get; } = new("pre-vote", Monitoring.Component.Liveness);

    internal static Monitor Stickiness { get; } = new("leader stickiness", Monitoring.Component.Liveness);

    internal static Monitor RestTrust { get; } = new("trust at rest", Monitoring.Component.Liveness);

    internal static Monitor RestSilence { get; } = new("silence at rest", Monitoring.Component.Liveness);

    internal static Monitor RestComplete { get; } = new("complete at rest", Monitoring.Component.Liveness);

    internal static Monitor BoundaryOrder { get; } = new("boundary lattice", Monitoring.Component.Lattice);

    internal static Monitor MonotoneBoundaries { get; } = new("monotone boundaries", Monitoring.Component.Lattice);

    internal static Monitor AppliedCommitted { get; } = new("applied <= C", Monitoring.Component.Lattice);

    internal static Monitor Truncation { get; } = new("truncation", Monitoring.Component.Lattice);

    internal static Monitor LeadsWhole { get; } = new("leads whole", Monitoring.Component.Recovery);

    internal static Monitor ReadableApplied { get; } = new("applied readable", Monitoring.Component.Recovery);

    internal static Monitor Recovery { get; } = new("recovery", Monitoring.Component.Recovery);

    internal static Monitor TrimProof { get; } = new("trim proof", Monitoring.Component.Lattice);

    internal static Monitor SnapshotDurable { get; } = new("snapshot <= D", Monitoring.Component.DurableFrontier);

    internal static Monitor StateDigest { get; } = new("state digest", Monitoring.Component.Machine);

    internal static Monitor Contradiction { get; } = new("contradiction", Monitoring.Component.Protocol);

    internal static Monitor HostInvariant { get; } = new("host's invariant", Monitoring.Component.Machine);

    internal static Monitor BoundedMemory { get; } = new("bounded memory", Monitoring.Component.Memory);

    /// <summary>An assertion of the engine's own, named after the component whose code holds it.</summary>
    internal static Monitor OfInvariant(InvariantException broken)
    {
        string component = ComponentOf(broken);
        return new Monitor($"invariant: {component}", component);
    }

    /// <summary>A shard or a recovery stopped on an exception that nobody planned.</summary>
    internal static Monitor OfFault(Exception cause)
    {
        string component = ComponentOf(cause);
        return new Monitor($"unplanned fault: {component}", component);
    }

    /// <summary>By the namespace of the first frame of ours: the text of a trace is the same with and without
    /// symbols up to the place.</summary>
    private static string ComponentOf(Exception cause)
    {
        // The build with mutants notes the file of a broken assertion.
        string source = (cause.Source ?? "").Replace('\\', '/').Replace('/', '.');
        int woven = source.LastIndexOf(".src.CoreEngine", StringComparison.Ordinal);
        if (woven >= 0)
        {
            return OfCode(source.AsSpan(woven + ".src.".Length));
        }

        foreach (string line in (cause.StackTrace ?? "").Split('\n'))
        {
            string frame = line.Trim();
            int start = frame.IndexOf("CoreEngine.", StringComparison.Ordinal);
            if (start >= 0 && !frame.AsSpan(start).StartsWith("CoreEngine.Model.Invariant.", StringComparison.Ordinal))
            {
                return OfCode(frame.AsSpan(start));
            }
        }

        return Monitoring.Component.World;
    }

    private static string OfCode(ReadOnlySpan<char> code) =>
        code.StartsWith("CoreEngine.Model.", StringComparison.Ordinal) ? Monitoring.Component.Lattice
        : code.StartsWith("CoreEngine.Protocol.", StringComparison.Ordinal) ? Monitoring.Component.Protocol
        : code.StartsWith("CoreEngine.IO.", StringComparison.Ordinal) ? Monitoring.Component.Storage
        : code.StartsWith("CoreEngine.Recovery.", StringComparison.Ordinal) ? Monitoring.Component.Recovery
        : code.StartsWith("CoreEngine.Simulation.", StringComparison.Ordinal) ? Monitoring.Component.World
        : Monitoring.Component.Loop;
}
