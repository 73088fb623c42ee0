using CoreEngine.Model;
using CoreEngine.Model.Guarantees;
using CoreEngine.Protocol.Sessions;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>Makes receipts.</summary>
internal static class Receipts
{
    internal static Receipt Refused(Refusal refusal) =>
        new() { Outcome = Outcome.Refused, Refusal = refusal, Guarantee = Guarantee.Floor };

    internal static Receipt Unknown() => new() { Outcome = Outcome.Unknown, Guarantee = Guarantee.Floor };

    /// <summary>The leader holds it; nobody else need to.</summary>
    internal static Receipt Acknowledged(GroupRuntime group, Durability level, ulong index, ulong term)
    {
        Invariant.Holds(level < Durability.QuorumDurable);
        return new Receipt
        {
            Outcome = Outcome.Acknowledged,
            Coordinate = new LineCoordinate(group.Number, group.CommitProof.ConfigEpoch, term, index),
            Durability = level,
            Medium = level == Durability.Memory ? MediumClass.Process : group.Contract.Medium,
            Guarantee = Guarantee.Floor,
        };
    }

    /// <summary>What the session table decided, as the host hears it.</summary>
    internal static Receipt Of(GroupRuntime group, in SessionAnswer answer)
    {
        SessionDecision decision = answer.Decision;
        EntryIdentity identity = answer.Entry.Identity;
        if (decision.Verdict is SessionVerdict.Fresh or SessionVerdict.Repeat or SessionVerdict.Done)
        {
            KeySpaces keys = identity.Kind == EntryFlags.Key ? KeySpaces.Tokens : KeySpaces.Sessions;
            var idempotence = Idempotence.Idem(keys, decision.RetentionSeconds);
            return Committed(group, decision.Index, decision.Term) with
            {
                Guarantee = Guarantee.CommittedOnce(idempotence),
                IsRepeat = decision.Verdict == SessionVerdict.Repeat,
                IsReplyEvicted = answer.IsReplyEvicted,
            };
        }

        return Refused(decision.Verdict switch
        {
            SessionVerdict.TooOld =>
                new Refusal(RefusalCode.SequenceTooOld, identity.Sequence, Limits.SessionWindow),
            SessionVerdict.Full => new Refusal(
                RefusalCode.SessionsFull,
                (ulong)(identity.Kind == EntryFlags.Key ? Limits.IdempotencyKeysMax : Limits.SessionsMax)),
            SessionVerdict.Voided => new Refusal(RefusalCode.SequenceSettled, identity.Sequence),
            SessionVerdict.Differs => new Refusal(RefusalCode.RepeatDiffers, decision.Index),
            _ => new Refusal(RefusalCode.SessionExpired, identity.Session),
        });
    }

    internal static Receipt Committed(GroupRuntime group, ulong index, ulong term)
    {
        Invariant.Holds(group.CommitProof.IsValid);
        Invariant.Holds(group.CommitProof.Index >= index);
        return new Receipt
        {
            Outcome = Outcome.Committed,
            Coordinate = new LineCoordinate(group.Number, group.CommitProof.ConfigEpoch, term, index),
            Certificate = group.CommitProof,
            Durability = Durability.QuorumDurable,
            Medium = group.Contract.Medium,
            Guarantee = Guarantee.CommittedLine,
        };
    }
}
