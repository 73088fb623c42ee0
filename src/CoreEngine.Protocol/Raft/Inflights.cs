using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>The messages on their way to one follower: a window bounded in messages and in bytes.</summary>
internal sealed class Inflights(int messagesMax, int bytesMax)
{
    private Flight[] _ring = [];
    private int _head;
    private long _bytes;

    /// <summary>Messages on their way.</summary>
    internal int Count { get; private set; }

    /// <summary>Nothing more may be sent. One message always may, however large.</summary>
    internal bool IsFull => Count >= messagesMax || _bytes >= bytesMax;

    /// <summary>More may be sent, by a bound of bytes besides its own. One message always may, however large.</summary>
    internal bool HasRoom(int creditBytes) => !IsFull && (Count == 0 || _bytes < creditBytes);

    /// <summary>A message with entries up to <paramref name="last"/> leaves.</summary>
    internal void Add(ulong last, int bytes)
    {
        Invariant.Holds(!IsFull);
        if (Count == _ring.Length)
        {
            Grow();
        }

        _ring[(_head + Count) % _ring.Length] = new Flight(last, bytes);
        Count++;
        _bytes += bytes;
    }

    /// <summary>The follower holds everything up to <paramref name="index"/>.</summary>
    internal void FreeThrough(ulong index)
    {
        while (Count > 0 && _ring[_head].Last <= index)
        {
            _bytes -= _ring[_head].Bytes;
            _head = (_head + 1) % _ring.Length;
            Count--;
        }

        Invariant.Holds(_bytes >= 0);
    }

    /// <summary>Whatever was on its way is given up.</summary>
    internal void Clear()
    {
        _head = 0;
        Count = 0;
        _bytes = 0;
    }

    /// <summary>Nothing is on its way: gives its memory back.</summary>
    internal void Rest()
    {
        Invariant.Holds(Count == 0);
        _ring = [];
        _head = 0;
    }

    private void Grow()
    {
        var grown = new Flight[int.Min(int.Max(4, _ring.Length * 2), messagesMax)];
        for (int i = 0; i < Count; i++)
        {
            grown[i] = _ring[(_head + i) % _ring.Length];
        }

        _ring = grown;
        _head = 0;
    }

    private readonly record struct Flight(ulong Last, int Bytes);
}
