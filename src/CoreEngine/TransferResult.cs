using CoreEngine.Model;

namespace CoreEngine;

/// <summary>What became of a change of leaders.</summary>
/// <param name="Leader">Who leads now, as far as this replica knows; 0: nobody known.</param>
/// <param name="Term">The term in which it does.</param>
/// <param name="Refusal">Why the wanted change did not happen; default when it did.</param>
public readonly record struct TransferResult(uint Leader, ulong Term, Refusal Refusal)
{
    /// <summary>Leadership is where it was wanted.</summary>
    public bool IsDone => Refusal.Code == RefusalCode.None;

    /// <summary>Leader or reason, for people.</summary>
    public override string ToString() => IsDone
        ? $"replica {Leader} leads in term {Term}"
        : $"not transferred ({Refusal}); leader {Leader} in term {Term}";
}
