using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>What the digests of one index say about a replica's own state.</summary>
internal enum DigestVerdict : byte
{
    /// <summary>Too few have spoken.</summary>
    Open,

    /// <summary>Most voters hold the same state.</summary>
    Agreed,

    /// <summary>Most voters hold another state: this replica must stop.</summary>
    Minority,

    /// <summary>No value is held by most voters, and none can be any more: nobody knows who is right.</summary>
    Tie,
}

/// <summary>A verdict and what it rests on.</summary>
/// <param name="Verdict">What is to be done.</param>
/// <param name="Differs">Two different digests are known.</param>
/// <param name="Majority">The digest of most voters, if there is one.</param>
internal readonly record struct DigestFinding(DigestVerdict Verdict, bool Differs, ulong Majority);

/// <summary>Replicas compare the digests of their states (raft.md S59): the value of more than half of the voters that
/// hold data rules.</summary>
/// <remarks>
/// A deterministic machine on the same log gives the same digest at the same index, so one difference proves a broken
/// replica, and counting tells which. Each replica judges itself alone: nobody stops another one.
/// </remarks>
internal static class DigestRule
{
    /// <summary>Judges one index.</summary>
    /// <param name="own">This replica's digest.</param>
    /// <param name="heard">The digests of the voters that have spoken, one each; with its own when it votes.</param>
    /// <param name="voters">How many voters hold data.</param>
    internal static DigestFinding Judge(ulong own, ReadOnlySpan<ulong> heard, int voters)
    {
        Invariant.Holds(heard.Length <= voters);
        int best = 0;
        ulong majority = own;
        bool differs = false;
        foreach (ulong digest in heard)
        {
            int count = heard.Count(digest);
            differs |= digest != own;
            if (count > best)
            {
                (best, majority) = (count, digest);
            }
        }

        if (2 * best > voters)
        {
            return new DigestFinding(
                majority == own ? DigestVerdict.Agreed : DigestVerdict.Minority, differs, majority);
        }

        int silent = voters - heard.Length;
        bool isTie = differs && 2 * (best + silent) <= voters;
        return new DigestFinding(isTie ? DigestVerdict.Tie : DigestVerdict.Open, differs, 0);
    }
}
