using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// The trim cliff (S0 4.4): whoever holds everything up to x can go on from the log exactly when x is at or above T;
/// below it only a snapshot helps.
/// </summary>
internal static class Cliff
{
    /// <summary>Judges a position.</summary>
    /// <param name="held">Last index that the asker holds; 0 for nothing.</param>
    /// <param name="trimmed">T.</param>
    /// <returns>No refusal, or BelowTrim with both.</returns>
    internal static Refusal Judge(ulong held, ulong trimmed) =>
        held >= trimmed ? default : new Refusal(RefusalCode.BelowTrim, held, trimmed);
}
