using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>Appends on their way to the medium: which ticket makes the log durable up to which index.</summary>
/// <remarks>Bounded: when there are many, the newest two become one, which only makes D rise a little later.</remarks>
internal sealed class AppendTickets
{
    private const int PendingMax = 32;

    private Pending[] _ring = new Pending[2];
    private int _head;
    private int _count;

    /// <summary>The newest append ends at <paramref name="last"/>.</summary>
    internal void Add(ulong ticket, ulong last)
    {
        if (_count > 0)
        {
            Invariant.Holds(Newest.Ticket <= ticket);
        }

        if (_count > 0 && (_count == PendingMax || Newest.Ticket == ticket))
        {
            Newest = new Pending(ticket, last);
            return;
        }

        if (_count == _ring.Length)
        {
            Grow();
        }

        _count++;
        Newest = new Pending(ticket, last);
    }

    /// <summary>Everything above <paramref name="index"/> is void: a late completion must not vouch for what stands
    /// there later (raft.md S16).</summary>
    internal void CapTo(ulong index)
    {
        for (int i = 0; i < _count; i++)
        {
            ref Pending pending = ref At(i);
            pending = pending with { Last = ulong.Min(pending.Last, index) };
        }
    }

    /// <summary>Everything up to <paramref name="ticket"/> is on the medium.</summary>
    /// <returns>The index up to which that makes the log durable; 0 when it says nothing new.</returns>
    internal ulong Complete(ulong ticket)
    {
        ulong last = 0;
        while (_count > 0 && At(0).Ticket <= ticket)
        {
            last = ulong.Max(last, At(0).Last);
            _head = (_head + 1) % _ring.Length;
            _count--;
        }

        return last;
    }

    private void Grow()
    {
        var grown = new Pending[int.Min(2 * _ring.Length, PendingMax)];
        for (int i = 0; i < _count; i++)
        {
            grown[i] = At(i);
        }

        _ring = grown;
        _head = 0;
    }

    private ref Pending Newest => ref At(_count - 1);

    private ref Pending At(int place) => ref _ring[(_head + place) % _ring.Length];

    private readonly record struct Pending(ulong Ticket, ulong Last);
}
