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
            _armed[i] = chance.Chance(1, 3);
        }
    }

    /// <summary>Off while the world is to be left alone.</summary>
    internal bool IsOff { get; set; }

    /// <summary>What has fired and was not carried out yet.</summary>
    internal Queue<(BuggifySite Site, uint Replica)> Fired { get; } = new();

    internal void Visit(BuggifySite site, uint replica)
    {
        int odds = site == BuggifySite.Answered ? 200 : 3;
        if (_armed[(int)site] && !IsOff && _chance.Chance(1, odds))
        {
            Fired.Enqueue((site, replica));
        }
    }
}
