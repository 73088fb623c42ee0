namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// What is broken when a monitor fires. The first nine are the diagnoses of the failure table (bug class, what broke,
/// diagnosis); the others are parts of the engine outside that table.
/// </summary>
internal static class Component
{
    /// <summary>Phantom commit: a commit certificate that is not valid under the authority that made it.</summary>
    internal const string SetsAndEpochs = "sets x epochs coupling";

    /// <summary>Split brain: overlapping or unenforced authority certificates.</summary>
    internal const string Authority = "fencing/authority regime";

    /// <summary>Resurrected history: an old branch is treated as the trunk.</summary>
    internal const string Trunk = "trunk monotonicity";

    /// <summary>Zombie side effects: something left the engine without the evidence for it, or twice.</summary>
    internal const string Externalization = "externalization certificate";

    /// <summary>Read anomaly: a read certificate weaker than claimed.</summary>
    internal const string Observation = "observation contract";

    /// <summary>Data loss after a durable answer: D was not actually advanced.</summary>
    internal const string DurableFrontier = "D frontier not advanced";

    /// <summary>Trim cliff: a requester behind T without a way to a snapshot.</summary>
    internal const string Resources = "resource geometry";

    /// <summary>Two configurations that do not intersect.</summary>
    internal const string Membership = "membership geometry";

    /// <summary>No progress, or storms of elections.</summary>
    internal const string Liveness = "synchrony/liveness conditions";

    /// <summary>The order T &lt;= C, D &lt;= E, A &lt;= C &lt;= E, and that boundaries do not fall.</summary>
    internal const string Lattice = "boundary lattice";

    /// <summary>Recovery from a medium: what may be cut off, and what must be there.</summary>
    internal const string Recovery = "storage recovery";

    /// <summary>The host's machine and the way in which it is fed.</summary>
    internal const string Machine = "state machine";

    /// <summary>Queues, slots and pending entries: each has a bound and is empty in the calm.</summary>
    internal const string Memory = "bounded memory";

    /// <summary>The cores that decide.</summary>
    internal const string Protocol = "protocol core";

    /// <summary>Bytes on the medium, rings and transports.</summary>
    internal const string Storage = "log and ring";

    /// <summary>The shard's loop and the public engine.</summary>
    internal const string Loop = "engine loop";

    /// <summary>The simulation itself.</summary>
    internal const string World = "simulation";
}
