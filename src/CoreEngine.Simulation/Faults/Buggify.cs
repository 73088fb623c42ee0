using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Faults;

/// <summary>Rare places at which a fault hurts most.</summary>
internal enum BuggifySite
{
    /// <summary>A granted vote has just left: the voter restarts, and must remember it.</summary>
    VoteSent,

    /// <summary>An election was just won: the winner is cut off.</summary>
    ElectionWon,

    /// <summary>A proposer was just told Committed: the power of its replica fails.</summary>
    Answered,

    /// <summary>An election was just won: the winner's power fails before its first entry is durable.</summary>
    Winning,

    /// <summary>A leader has just committed, and its followers do not know: it is cut off.</summary>
    Committed,

    /// <summary>A tail was just truncated: the power fails.</summary>
    Truncated,

    /// <summary>The log has just got another file: the power fails.</summary>
    NewSegment,

    /// <summary>An acknowledgement has just left a follower: the way back to the leader dies.</summary>
    AckSent,

    /// <summary>Entries have just been sent: an old frame of the leader arrives once more.</summary>
    EntriesSent,

    /// <summary>A leader stands still beyond everybody's patience.</summary>
    Leading,

    /// <summary>A leader has just entered a joint configuration: its power fails.</summary>
    InJoint,
}

/// <summary>Strikes at rare places, with odds on two levels: is it armed in this seed, does it fire now.</summary>
/// <remarks>Sites are visited in the middle of turns, so what fires is left for the driver to carry out.</remarks>
internal sealed class Buggify
{
    private static readonly int Sites = Enum.GetValues<BuggifySite>().Length;

    private readonly Prng _chance;
    private readonly bool[] _armed = new bool[Sites];

    internal Buggify(Prng chance)
    {
        _chance = chance;
        for (int i = 0; i < Sites; i++)
        {
            // Only operators lead there: in worlds of theirs it is always armed.
            _armed[i] = i == (int)BuggifySite.InJoint || chance.Chance(1, 3);
        }
    }

    /// <summary>Off while the world is to be left alone.</summary>
    internal bool IsOff { get; set; }

    /// <summary>What has fired and was not carried out yet.</summary>
    internal Queue<(BuggifySite Site, uint Replica)> Fired { get; } = new();

    /// <summary>Where a site is passed often, most visits must pass in peace.</summary>
    private static int Odds(BuggifySite site) => site switch
    {
        BuggifySite.Answered or BuggifySite.Committed or BuggifySite.AckSent => 200,
        BuggifySite.EntriesSent => 40,
        _ => 3,
    };

    internal void Visit(BuggifySite site, uint replica)
    {
        if (_armed[(int)site] && !IsOff && _chance.Chance(1, Odds(site)))
        {
            Fired.Enqueue((site, replica));
        }
    }
}
