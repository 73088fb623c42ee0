using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What is used up of the bounds.</summary>
internal enum Budget
{
    Timeouts = 0,
    Entries,
    Crashes,
    Duplicates,
    Drops,
    Heartbeats,
    Resends,
    Changes,
    Snapshots,
    Transfers,
}

/// <summary>A state of the whole cluster: the replicas, the messages on their way, what is used up, and what was
/// ever proven: who led each term, and what is committed.</summary>
/// <remarks>Reused: one is read from the frontier, the other takes the step.</remarks>
/// <param name="replicas">How many.</param>
internal sealed class GlobalState(int replicas = 3)
{
    /// <summary>Entries of a log at most: a number of four bits.</summary>
    internal const int IndexMax = 8;

    /// <summary>Terms at most.</summary>
    internal const int TermMax = 7;

    private const int BitsPerItem = 4;

    private const int FixedWords = 7;

    internal readonly int[] Locals = new int[replicas];

    private int[] _messages = new int[64];

    /// <summary>Used up, four bits each.</summary>
    internal ulong Used;

    /// <summary>Who was seen to lead each term, four bits each.</summary>
    internal uint Leaders;

    /// <summary>The longest log that was ever proven committed.</summary>
    internal int Committed;

    /// <summary>The term of the certificate that first proved each of its entries, four bits each.</summary>
    internal uint CommitTerms;

    /// <summary>The configuration that the certificate of the last of them was counted by.</summary>
    internal int CommitConfiguration;

    internal int MessageCount { get; private set; }

    /// <summary>Messages on their way, sorted by number.</summary>
    internal ReadOnlySpan<int> Messages => _messages.AsSpan(0, MessageCount);

    internal int UsedOf(Budget budget) => (int)((Used >> ((int)budget * BitsPerItem)) & 15);

    internal void Use(Budget budget) => Used += 1UL << ((int)budget * BitsPerItem);

    internal uint LeaderOf(ulong term) => (Leaders >> ((int)term * BitsPerItem)) & 15;

    internal void NoteLeader(ulong term, uint replica) => Leaders |= replica << ((int)term * BitsPerItem);

    /// <summary>Of the entry at an index from 1.</summary>
    internal ulong CommitTermOf(int index) => (CommitTerms >> ((index - 1) * BitsPerItem)) & 15;

    internal void NoteCommitTerm(int index, ulong term) => CommitTerms |= (uint)term << ((index - 1) * BitsPerItem);

    internal void CopyFrom(GlobalState other)
    {
        other.Locals.CopyTo(Locals, 0);
        Used = other.Used;
        Leaders = other.Leaders;
        Committed = other.Committed;
        CommitTerms = other.CommitTerms;
        CommitConfiguration = other.CommitConfiguration;
        MessageCount = other.MessageCount;
        other.Messages.CopyTo(_messages);
    }

    internal void Add(int message)
    {
        Invariant.Holds(MessageCount < _messages.Length);
        int place = MessageCount++;
        for (; place > 0 && _messages[place - 1] > message; place--)
        {
            _messages[place] = _messages[place - 1];
        }

        _messages[place] = message;
    }

    internal void RemoveAt(int place)
    {
        MessageCount--;
        _messages.AsSpan(place + 1, MessageCount - place).CopyTo(_messages.AsSpan(place));
    }

    /// <summary>Adds the state to the end of a frontier.</summary>
    internal void Write(List<uint> frontier)
    {
        foreach (int local in Locals)
        {
            frontier.Add((uint)local);
        }

        frontier.Add((uint)(Used & uint.MaxValue));
        frontier.Add((uint)(Used >> 32));
        frontier.Add(Leaders);
        frontier.Add((uint)Committed);
        frontier.Add(CommitTerms);
        frontier.Add((uint)CommitConfiguration);
        frontier.Add((uint)MessageCount);
        foreach (int message in Messages)
        {
            frontier.Add((uint)message);
        }
    }

    /// <summary>Takes the next state of a frontier.</summary>
    /// <returns>Words read.</returns>
    internal int Read(ReadOnlySpan<uint> frontier)
    {
        for (int i = 0; i < Locals.Length; i++)
        {
            Locals[i] = (int)frontier[i];
        }

        frontier = frontier[Locals.Length..];
        Used = frontier[0] | ((ulong)frontier[1] << 32);
        Leaders = frontier[2];
        Committed = (int)frontier[3];
        CommitTerms = frontier[4];
        CommitConfiguration = (int)frontier[5];
        MessageCount = (int)frontier[6];
        for (int i = 0; i < MessageCount; i++)
        {
            _messages[i] = (int)frontier[FixedWords + i];
        }

        return Locals.Length + FixedWords + MessageCount;
    }

    /// <summary>64 bits that are equal for states which differ only by the replicas' names.</summary>
    /// <param name="isRenamed">False: with the names as they are.</param>
    internal ulong Hash(LocalTable locals, MessageTable messages, bool isRenamed = true)
    {
        Permutations names = messages.Permutations;
        ulong least = ulong.MaxValue;
        for (int permutation = 0; permutation < (isRenamed ? names.Count : 1); permutation++)
        {
            ulong hash = CanonicalWriter.Mix(Used, ((ulong)CommitConfiguration << 32) | (uint)Committed);
            hash = CanonicalWriter.Mix(hash, ((ulong)CommitTerms << 32) | RenameLeaders(names, permutation));
            for (uint name = 1; name <= Locals.Length; name++)
            {
                int local = Locals[names.OriginOf(permutation, name) - 1];
                hash = CanonicalWriter.Mix(hash, locals[local].Hashes[permutation]);
            }

            // A sum: the order of the messages means nothing.
            ulong sum = 0;
            foreach (int message in Messages)
            {
                sum = unchecked(sum + messages[message].Hashes[permutation]);
            }

            least = ulong.Min(least, CanonicalWriter.Mix(hash, sum));
        }

        return least;
    }

    private uint RenameLeaders(Permutations names, int permutation)
    {
        uint renamed = 0;
        for (int term = 1; term <= TermMax; term++)
        {
            renamed |= names.NameOf(permutation, LeaderOf((ulong)term)) << (term * BitsPerItem);
        }

        return renamed;
    }
}
