using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Guarantees;

namespace CoreEngine.Loop;

/// <summary>Makes what a read is told: index, certificate, age, and the guarantee that these bear out.</summary>
internal static class ReadProofs
{
    /// <summary>Proves no more than that everything up to an index is committed.</summary>
    internal static ReadCertificate OfCommit(GroupRuntime group, ReadProof proof, ulong index)
    {
        CommitCertificate commit = group.CommitProof;
        Invariant.Holds(index <= commit.Index || !commit.IsValid);
        return new ReadCertificate(
            commit.Contract,
            commit.Group,
            commit.ConfigEpoch,
            commit.Term,
            index,
            0,
            commit.Voters,
            proof,
            0,
            StampAt(group, index));
    }

    /// <summary>The stamp of an entry that is applied; 0 when it has left memory.</summary>
    internal static ulong StampAt(GroupRuntime group, ulong index) =>
        index == group.CommitProof.Index ? group.CommitProof.Stamp
        : index >= group.Suffix.FirstCached && index <= group.Suffix.LastIndex ? group.Suffix.StampAt(index)
        : 0;

    /// <summary>What the reads of a batch are told when their point is applied.</summary>
    internal static ReadResult Granted(GroupRuntime group, ReadBatch batch, in Read read, ulong applied)
    {
        Guarantee guarantee = batch.IsOfKeys ? Guarantee.KeyRead
            : batch.Class is ReadClass.Key or ReadClass.Barrier ? Guarantee.LinearizableRead
            : read.Promise;
        return new ReadResult
        {
            Index = applied,
            Term = group.Suffix.TermAt(applied),
            Certificate = batch.Proof,
            Age = batch.Class == ReadClass.Entries ? null : TimeSpan.Zero,
            Guarantee = guarantee,
        };
    }

    /// <summary>A read of what is here: its age is told when it is known, and promised by nobody.</summary>
    internal static ReadResult Local(GroupRuntime group, TimeSpan? age)
    {
        ulong applied = group.Frontiers.Applied;
        return new ReadResult
        {
            Index = applied,
            Term = group.Suffix.TermAt(applied),
            Certificate = OfCommit(group, ReadProof.None, applied),
            Age = age,
            Guarantee = Guarantee.LocalRead,
        };
    }

    /// <summary>A read of a state that was current <paramref name="ageNs"/> ago.</summary>
    internal static ReadResult Stale(GroupRuntime group, in ReadCertificate proof, long ageNs)
    {
        ulong applied = group.Frontiers.Applied;
        return new ReadResult
        {
            Index = applied,
            Term = group.Suffix.TermAt(applied),
            Certificate = proof with
            {
                Proof = ReadProof.ClosedTimestamp,
                AgeNs = ageNs,
                Stamp = StampAt(group, proof.Index),
            },
            Age = Span(ageNs),
            Guarantee = Guarantee.StaleRead(Recency.AnyVersions, (ulong)ageNs),
        };
    }

    /// <summary>The same state, answered later.</summary>
    internal static ReadResult Aged(in ReadResult point, long ageNs) => point with
    {
        Certificate = point.Certificate with { AgeNs = ageNs },
        Age = Span(ageNs),
        Guarantee = Guarantee.StaleRead(Recency.AnyVersions, (ulong)ageNs),
    };

    /// <summary>The state is older than the read allows; 0: nobody knows how old.</summary>
    internal static ReadResult TooOld(long ageNs, in Read read) => ReadResult.Refused(
        new Refusal(RefusalCode.NotFresh, (ulong)ageNs / 1_000_000, read.Amount / 1_000_000));

    // Rounded up: a label may not be too young.
    private static TimeSpan Span(long ageNs) => TimeSpan.FromTicks((ageNs / 100) + 1);
}
