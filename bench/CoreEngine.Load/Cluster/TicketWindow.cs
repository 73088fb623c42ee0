using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>Tickets under way, oldest first. One thread.</summary>
internal sealed class TicketWindow(int capacity)
{
    private readonly Place[] _places = new Place[capacity];
    private int _head;
    private int _count;

    internal bool IsEmpty => _count == 0;

    /// <summary>The oldest one.</summary>
    internal ref readonly Place Head
    {
        get
        {
            Invariant.Holds(_count > 0);
            return ref _places[_head];
        }
    }

    internal void Add(ProposalTicket ticket, long started, ulong sequence)
    {
        Invariant.Holds(_count < _places.Length);
        int end = _head + _count;
        _places[end < _places.Length ? end : end - _places.Length] = new Place(ticket, started, sequence);
        _count++;
    }

    internal Place Take()
    {
        Place head = Head;
        _head = _head + 1 < _places.Length ? _head + 1 : 0;
        _count--;
        return head;
    }

    /// <param name="Ticket">Names the proposal.</param>
    /// <param name="Started">When it was proposed, for sampled ones; else 0.</param>
    /// <param name="Sequence">Which command it was.</param>
    internal readonly record struct Place(ProposalTicket Ticket, long Started, ulong Sequence);
}
