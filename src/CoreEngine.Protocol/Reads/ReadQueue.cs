using CoreEngine.Model;

namespace CoreEngine.Protocol.Reads;

/// <summary>A linearizable read that waits.</summary>
/// <param name="ReadId">The asker's number for it.</param>
/// <param name="From">The replica that asked; 0 for our own host.</param>
/// <param name="Sequence">Request number: as leader the asker's, as follower ours.</param>
/// <param name="Index">C when it arrived; 0 when the leader had no anchor yet.</param>
/// <param name="Round">The first round that may confirm it.</param>
/// <param name="DeadlineNs">Refused when not answered by then.</param>
internal readonly record struct PendingRead(
    ulong ReadId, uint From, ulong Sequence, ulong Index, ulong Round, long DeadlineNs);

/// <summary>Waiting reads in the order of their arrival; grows to its bound and stays there.</summary>
internal sealed class ReadQueue(int readsMax)
{
    /// <summary>Holds nothing, ever.</summary>
    internal static ReadQueue None { get; } = new(0);

    private PendingRead[] _ring = [];
    private int _head;

    /// <summary>How many wait.</summary>
    internal int Count { get; private set; }

    /// <summary>The one that has waited longest. There is one.</summary>
    internal ref readonly PendingRead Oldest => ref _ring[_head];

    /// <summary>The one that came last. There is one.</summary>
    internal ref readonly PendingRead Newest => ref _ring[(_head + Count - 1) % _ring.Length];

    /// <summary>False when as many wait as may.</summary>
    internal bool TryAdd(in PendingRead read)
    {
        if (Count == readsMax)
        {
            return false;
        }

        if (Count == _ring.Length)
        {
            Grow();
        }

        _ring[(_head + Count) % _ring.Length] = read;
        Count++;
        return true;
    }

    /// <summary>Takes the one that has waited longest.</summary>
    internal PendingRead Take()
    {
        Invariant.Holds(Count > 0);
        PendingRead read = _ring[_head];
        _head = (_head + 1) % _ring.Length;
        Count--;
        return read;
    }

    /// <summary>Gives its memory back when nothing waits.</summary>
    internal void Rest()
    {
        if (Count == 0)
        {
            _ring = [];
            _head = 0;
        }
    }

    private void Grow()
    {
        var grown = new PendingRead[int.Min(int.Max(8, _ring.Length * 2), readsMax)];
        for (int i = 0; i < Count; i++)
        {
            grown[i] = _ring[(_head + i) % _ring.Length];
        }

        _ring = grown;
        _head = 0;
    }
}
