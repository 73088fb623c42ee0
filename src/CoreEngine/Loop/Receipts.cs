using CoreEngine.Model;
using CoreEngine.Model.Guarantees;

namespace CoreEngine.Loop;

/// <summary>Makes receipts.</summary>
internal static class Receipts
{
    internal static Receipt Refused(Refusal refusal) =>
        new() { Outcome = Outcome.Refused, Refusal = refusal, Guarantee = Guarantee.Floor };

    internal static Receipt Unknown() => new() { Outcome = Outcome.Unknown, Guarantee = Guarantee.Floor };

    internal static Receipt Committed(GroupRuntime group, ulong index, ulong term)
    {
        Invariant.Holds(group.CommitProof.IsValid);
        Invariant.Holds(group.CommitProof.Index >= index);
        return new Receipt
        {
            Outcome = Outcome.Committed,
            Coordinate = new LineCoordinate(group.Number, group.CommitProof.ConfigEpoch, term, index),
            Certificate = group.CommitProof,
            Guarantee = Guarantee.CommittedLine,
        };
    }
}
