using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Raft;

/// <summary>One index at which digests are compared.</summary>
internal sealed class DigestPoint
{
    private readonly List<(uint Replica, ulong Digest)> _said = [];

    /// <summary>0: not in use.</summary>
    internal ulong Index { get; private set; }

    /// <summary>This replica's digest; null before it has applied so far.</summary>
    internal ulong? Own { get; set; }

    /// <summary>What was found and told so far.</summary>
    internal DigestFinding Told { get; set; }

    /// <summary>What the others have said, each once.</summary>
    internal IReadOnlyList<(uint Replica, ulong Digest)> Said => _said;

    internal void Begin(ulong index)
    {
        Index = index;
        Own = null;
        Told = default;
        _said.Clear();
    }

    internal void Hear(uint replica, ulong digest)
    {
        for (int i = 0; i < _said.Count; i++)
        {
            if (_said[i].Replica == replica)
            {
                _said[i] = (replica, digest);
                return;
            }
        }

        if (_said.Count < Limits.ReplicasMax)
        {
            _said.Add((replica, digest));
        }
    }

    /// <summary>By the members of now: who left has no say.</summary>
    internal DigestFinding Judge(uint self, Configuration members)
    {
        Invariant.Holds(Own is not null);
        Span<ulong> heard = stackalloc ulong[Limits.ReplicasMax];
        int count = 0;
        int voters = 0;
        foreach (ConfigurationMember member in members.Members)
        {
            if (!member.MayLead)
            {
                continue;
            }

            voters++;
            if (TryFind(self, member.Replica, out ulong digest))
            {
                heard[count++] = digest;
            }
        }

        return DigestRule.Judge(Own.Value, heard[..count], voters);
    }

    private bool TryFind(uint self, uint replica, out ulong digest)
    {
        digest = Own!.Value;
        if (replica == self)
        {
            return true;
        }

        foreach ((uint from, ulong said) in _said)
        {
            if (from == replica)
            {
                digest = said;
                return true;
            }
        }

        return false;
    }
}

/// <summary>The last few indexes at which digests are compared, so that who lags by less is compared too.</summary>
/// <param name="every">Entries between two of them; at least 1.</param>
internal sealed class DigestBoard(ulong every)
{
    private const int Points = 16;

    private readonly DigestPoint[] _points = new DigestPoint[Points];

    /// <summary>The place of an index, begun if it is a newer one. Null for one that nobody compares here: no multiple,
    /// or too old.</summary>
    internal DigestPoint? Open(ulong index)
    {
        if (index % every != 0)
        {
            return null;
        }

        DigestPoint point = _points[index / every % Points] ??= new DigestPoint();
        if (point.Index < index)
        {
            point.Begin(index);
        }

        return point.Index == index ? point : null;
    }

    /// <summary>The state was replaced: what it was before tells nothing about it now.</summary>
    internal void Clear() => Array.Clear(_points);
}
