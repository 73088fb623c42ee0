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
}

/// <summary>A state of the whole cluster: three replicas, the messages on their way, what is used up, and what was
/// ever proven: who led each term, and what is committed.</summary>
/// <remarks>Reused: one is read from the frontier, the other takes the step.</remarks>
internal sealed class GlobalState
{
    /// <summary>Entries of a log at most: a number of four bits.</summary>
    internal const int IndexMax = 8;

    /// <summary>Terms at most.</summary>
    internal const int TermMax = 7;

    internal const int FixedWords = 8;

    private const int BitsPerItem = 4;

    internal readonly int[] Locals = new int[3];

    private int[] _messages = new int[64];

    /// <summary>Used up, four bits each.</summary>
    internal uint Used;

    /// <summary>Who was seen to lead each term, four bits each.</summary>
    internal uint Leaders;

    /// <summary>The longest log that was ever proven committed.</summary>
    internal int Committed;

    /// <summary>The term of the certificate that first proved each of its entries, four bits each.</summary>
    internal uint CommitTerms;

    internal int MessageCount { get; private set; }

    /// <summary>Messages on their way, sorted by number.</summary>
    internal ReadOnlySpan<int> Messages => _messages.AsSpan(0, MessageCount);

    internal int UsedOf(Budget budget) => (int)(Used >> ((int)budget * BitsPerItem)) & 15;

    internal void Use(Budget budget) => Used += 1u << ((int)budget * BitsPerItem);

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
        frontier.Add((uint)Locals[0]);
        frontier.Add((uint)Locals[1]);
        frontier.Add((uint)Locals[2]);
        frontier.Add(Used);
        frontier.Add(Leaders);
        frontier.Add((uint)Committed);
        frontier.Add(CommitTerms);
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
        Locals[0] = (int)frontier[0];
        Locals[1] = (int)frontier[1];
        Locals[2] = (int)frontier[2];
        Used = frontier[3];
        Leaders = frontier[4];
        Committed = (int)frontier[5];
        CommitTerms = frontier[6];
        MessageCount = (int)frontier[7];
        for (int i = 0; i < MessageCount; i++)
        {
            _messages[i] = (int)frontier[FixedWords + i];
        }

        return FixedWords + MessageCount;
    }

    /// <summary>64 bits that are equal for states which differ only by the replicas' names.</summary>
    /// <param name="renamings">How many renamings to try: <see cref="Permutations.Count"/>, or one for none.</param>
    internal ulong Hash(LocalTable locals, MessageTable messages, int renamings = Permutations.Count)
    {
        ulong least = ulong.MaxValue;
        for (int permutation = 0; permutation < renamings; permutation++)
        {
            ulong hash = ((ulong)Used << 32) | (uint)Committed;
            hash = CanonicalWriter.Mix(hash, ((ulong)CommitTerms << 32) | RenameLeaders(permutation));
            for (uint name = 1; name <= 3; name++)
            {
                int local = Locals[Permutations.OriginOf(permutation, name) - 1];
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

    private uint RenameLeaders(int permutation)
    {
        uint renamed = 0;
        for (int term = 1; term <= TermMax; term++)
        {
            renamed |= Permutations.NameOf(permutation, LeaderOf((ulong)term)) << (term * BitsPerItem);
        }

        return renamed;
    }
}
