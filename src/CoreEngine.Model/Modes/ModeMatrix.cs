using System;
using System.Collections.Generic;
using CoreEngine.Model.Guarantees;

namespace CoreEngine.Model.Modes;

/// <summary>What a Line group may be asked to do.</summary>
[Flags]
public enum ModeOperations : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read what this replica holds, without a barrier.</summary>
    LocalRead = 1,

    /// <summary>Vote, campaign, and bring followers up to the leader's log.</summary>
    Elect = 2,

    /// <summary>Read behind a quorum barrier.</summary>
    LinearizableRead = 4,

    /// <summary>Decide proposals.</summary>
    Propose = 8,

    /// <summary>Read at the leader on the strength of its lease alone.</summary>
    LeaseRead = 16,
}

/// <summary>A way out of a mode: evidence, and where it leads.</summary>
/// <param name="Evidence">What became known, or ceased to hold.</param>
/// <param name="To">The mode that follows.</param>
public sealed record ModeExit(string Evidence, Mode To);

/// <summary>One row of a <see cref="ModeMatrix"/>.</summary>
/// <param name="Mode">Which mode.</param>
/// <param name="Entry">Evidence that leads here; any one is enough, unless the text says otherwise.</param>
/// <param name="Exits">Evidence that leads away.</param>
/// <param name="Allowed">What may be asked for.</param>
/// <param name="Guarantee">The most that a reply given in this mode promises.</param>
/// <param name="Promise">The same for people.</param>
public sealed record ModeRow(
    Mode Mode,
    IReadOnlyList<string> Entry,
    IReadOnlyList<ModeExit> Exits,
    ModeOperations Allowed,
    Guarantee Guarantee,
    string Promise);

/// <summary>
/// The four modes of one domain as data. What moves between them is evidence, minted, expired or revoked, never a
/// bare timer.
/// </summary>
/// <remarks>
/// Agreement and uniqueness hold in every mode, and so do the places Idempotence and Auth of what is decided: below
/// Target a Line
/// group loses reads by lease, below Degraded it loses decisions; it never decides differently (X-09 of the
/// requirements).
/// </remarks>
public sealed class ModeMatrix
{
    private readonly ModeRow[] _rows;

    private ModeMatrix(params ModeRow[] rows)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            Invariant.Holds((int)rows[i].Mode == i);
        }

        _rows = rows;
    }

    /// <summary>The consensus domain of a Line group.</summary>
    public static ModeMatrix Consensus { get; } = new(
        new ModeRow(
            Mode.Floor,
            ["the group is being opened: nothing is known of term, log or members"],
            [new ModeExit("log and hard state are recovered, the configuration is known", Mode.Recovery)],
            ModeOperations.None,
            Guarantee.Floor,
            "opening, no operations"),
        new ModeRow(
            Mode.Recovery,
            [
                "no leader of the current term is known",
                "an election timeout passed without word from a leader",
                "a leader lost its quorum for an election timeout and stepped down",
            ],
            [new ModeExit("a leader of the current term is known, and a quorum has confirmed it", Mode.Target)],
            ModeOperations.LocalRead | ModeOperations.Elect,
            Guarantee.LocalRead,
            "electing a leader: nothing is decided, local reads only"),
        new ModeRow(
            Mode.Degraded,
            [
                "heartbeats of the leader are missed, the election timeout has not passed",
                "the leader's last quorum confirmation is older than two heartbeats",
                "the leader has no committed entry of its own term yet",
            ],
            [
                new ModeExit("a quorum confirmed the leader again", Mode.Target),
                new ModeExit("the election timeout passed", Mode.Recovery),
            ],
            ModeOperations.LocalRead | ModeOperations.Elect | ModeOperations.LinearizableRead | ModeOperations.Propose,
            Guarantee.CommittedLine,
            "slow: what is decided is decided as ever, calls may time out, no reads by lease"),
        new ModeRow(
            Mode.Target,
            ["a leader of the current term is known, its anchor is committed, and a quorum confirms it (all three)"],
            [
                new ModeExit("a heartbeat is missed, or the last quorum confirmation has aged", Mode.Degraded),
                new ModeExit("a higher term is seen, or the leader is lost", Mode.Recovery),
            ],
            ModeOperations.LocalRead | ModeOperations.Elect | ModeOperations.LinearizableRead | ModeOperations.Propose
                | ModeOperations.LeaseRead,
            Guarantee.CommittedLine,
            "proposals commit in one trip to a quorum, reads are linearizable"));

    /// <summary>The rows, from Floor to Target.</summary>
    public IReadOnlyList<ModeRow> Rows => _rows;

    /// <summary>The row of a mode.</summary>
    public ModeRow Row(Mode mode) => _rows[(int)mode];
}
