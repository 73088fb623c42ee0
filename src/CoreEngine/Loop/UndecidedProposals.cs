using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// A shard's proposals that left their queue and are not decided, the one that is given up first in front: a list
/// through the proposals themselves.
/// </summary>
/// <remarks>
/// Shard's thread only. They come in the order of their deadlines, mostly: each is put in from behind.
/// </remarks>
internal sealed class UndecidedProposals
{
    private ProposalSource? _last;

    /// <summary>The one whose deadline is the earliest; null when there is none.</summary>
    internal ProposalSource? First { get; private set; }

    internal int Count { get; private set; }

    internal void Add(ProposalSource source)
    {
        ProposalSource? earlier = _last;
        while (earlier is not null && earlier.Deadline > source.Deadline)
        {
            earlier = earlier.Earlier;
        }

        ProposalSource? later = earlier is null ? First : earlier.Later;
        source.Earlier = earlier;
        source.Later = later;
        Link(earlier, source);
        Link(source, later);
        if (earlier is null)
        {
            First = source;
        }

        if (later is null)
        {
            _last = source;
        }

        Count++;
    }

    internal void Remove(ProposalSource source)
    {
        Invariant.Holds(Count > 0);
        Count--;
        Link(source.Earlier, source.Later);
        if (First == source)
        {
            First = source.Later;
        }

        if (_last == source)
        {
            _last = source.Earlier;
        }

        source.Earlier = null;
        source.Later = null;
    }

    private static void Link(ProposalSource? earlier, ProposalSource? later)
    {
        if (earlier is not null)
        {
            earlier.Later = later;
        }

        if (later is not null)
        {
            later.Earlier = earlier;
        }
    }
}
