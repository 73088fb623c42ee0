using System;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What an exploration is complete to. Within these bounds every order of events is tried.</summary>
internal sealed record ExplorerBounds
{
    /// <summary>The highest term that an election may reach.</summary>
    public int TermMax { get; init; } = 3;

    /// <summary>How many election timeouts end, and how many leaders find themselves without a quorum.</summary>
    public int Timeouts { get; init; } = 3;

    /// <summary>How many commands are proposed. A leader's anchor comes on top, one per term.</summary>
    public int Entries { get; init; } = 1;

    /// <summary>How many times a replica loses all that is not on its medium, and starts again.</summary>
    public int Crashes { get; init; } = 1;

    /// <summary>How many messages arrive twice.</summary>
    public int Duplicates { get; init; }

    /// <summary>How many messages are taken off the network. Loss itself needs no budget: a message may stay on its
    /// way for ever. This only makes room below <see cref="InFlightMax"/>.</summary>
    public int Drops { get; init; }

    /// <summary>How many times a leader's heartbeat is due.</summary>
    public int Heartbeats { get; init; }

    /// <summary>How many times a leader gives up what it sent and starts again where its followers stand.</summary>
    public int Resends { get; init; }

    /// <summary>Who is there, and what may be asked for.</summary>
    public MemberPlan Members { get; init; } = MemberPlan.Fixed;

    /// <summary>How many times other members are asked for, and the leader takes it up.</summary>
    public int Changes { get; init; }

    /// <summary>How many snapshots are taken, each of which gives up the log before it.</summary>
    public int Snapshots { get; init; }

    /// <summary>How many times a leader sends its snapshot to who needs it.</summary>
    public int Transfers { get; init; }

    /// <summary>Messages on their way at a time; a step that would make it more is not taken, and counted.</summary>
    public int InFlightMax { get; init; } = 24;

    /// <summary>Entries in one message.</summary>
    public int AppendEntriesMax { get; init; } = 8;

    /// <summary>Every completion of a write is a step of its own. Else a write completes within the step that asked
    /// for it, or is lost with it by a crash.</summary>
    public bool WritesApart { get; init; }

    /// <summary>Pre-vote messages are explored. Else a timeout is at once an election, as if a pre-vote had been
    /// granted: more elections than the engine would start, and no fewer.</summary>
    public bool PreVotes { get; init; }

    /// <summary>Steps from the start.</summary>
    public int DepthMax { get; init; } = int.MaxValue;

    /// <summary>Distinct states, up to symmetry.</summary>
    public int StatesMax { get; init; } = 20_000_000;

    /// <summary>Wall time; for a person who waits.</summary>
    public TimeSpan TimeMax { get; init; } = TimeSpan.MaxValue;

    /// <summary>States that differ by the replicas' names only are one. Else only equal states are.</summary>
    public bool Symmetry { get; init; } = true;

    /// <summary>Plants a fault: a crash loses the vote though it was durable. For those who test the
    /// explorer.</summary>
    public bool ForgetsVotes { get; init; }

    /// <summary>Bounds within which counting an entry of an older term loses it (Raft paper, figure 8). With three
    /// replicas it takes four elections, one entry in a message, and no command but the anchors.</summary>
    /// <remarks>Guided: no more than four messages are on their way, which keeps the loss within reach and makes the
    /// space small enough to end.</remarks>
    internal static ExplorerBounds Figure8 { get; } = new()
    {
        TermMax = 4,
        Timeouts = 4,
        Entries = 0,
        Crashes = 0,
        AppendEntriesMax = 1,
        InFlightMax = 4,
    };

    /// <summary>Bounds within which a vote that a restart forgets gives a term two leaders.</summary>
    internal static ExplorerBounds ForgottenVote { get; } = new()
    {
        TermMax = 2,
        Timeouts = 2,
        Entries = 1,
        Crashes = 1,
    };
}
