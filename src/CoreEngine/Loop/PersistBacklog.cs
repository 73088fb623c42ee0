using System;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>
/// What a core asked to persist and the log could not take yet, in order; and which staged position makes which
/// ticket durable.
/// </summary>
/// <remarks>Bounded: neighbours merge, and a truncation drops what it makes void before it was staged.</remarks>
internal sealed class PersistBacklog
{
    private const int FencesMax = 1024;

    private PersistItem[] _items = [];
    private (ulong Ticket, ulong End)[] _fences = [];
    private int _first;
    private int _count;
    private long _fenceHead;
    private long _fenceTail;

    internal bool IsEmpty => _count == 0;

    /// <summary>Something was staged and is not known to be durable.</summary>
    internal bool IsAwaited => _fenceTail > _fenceHead;

    /// <summary>The item to stage next.</summary>
    internal ref PersistItem Next => ref _items[_first];

    /// <summary>Adds an item behind the others.</summary>
    internal void Add(in PersistItem item)
    {
        if (item.Kind == PersistKind.Truncate)
        {
            DropAbove(item.Last);
        }
        else if (item.Kind == PersistKind.Snapshot)
        {
            DropAll();
        }

        if (TryMerge(item))
        {
            return;
        }

        if (_first + _count == _items.Length)
        {
            MakeRoom();
        }

        _items[_first + _count++] = item;
    }

    /// <summary>The next item was staged wholly.</summary>
    internal void Pop()
    {
        Invariant.Holds(_count > 0);
        _first++;
        _count--;
        if (_count == 0)
        {
            _first = 0;
        }
    }

    /// <summary>The ticket is durable once the log is durable up to <paramref name="end"/>.</summary>
    /// <param name="merge">True when nothing was submitted since the last fence: one write covers both.</param>
    internal void Fence(ulong ticket, ulong end, bool merge)
    {
        bool any = _fenceTail > _fenceHead;
        if (any && (merge || _fenceTail - _fenceHead == FencesMax))
        {
            _fences[(_fenceTail - 1) % _fences.Length] = (ticket, end);
            return;
        }

        if (_fenceTail - _fenceHead == _fences.Length)
        {
            GrowFences();
        }

        _fences[_fenceTail % _fences.Length] = (ticket, end);
        _fenceTail++;
    }

    /// <summary>True when <see cref="TryRelease"/> would take a ticket.</summary>
    internal bool MayRelease(ulong durableEnd) => IsAwaited && _fences[_fenceHead % _fences.Length].End <= durableEnd;

    /// <summary>Takes the newest ticket that <paramref name="durableEnd"/> makes durable.</summary>
    internal bool TryRelease(ulong durableEnd, out ulong ticket)
    {
        ticket = 0;
        while (_fenceTail > _fenceHead && _fences[_fenceHead % _fences.Length].End <= durableEnd)
        {
            ticket = _fences[_fenceHead % _fences.Length].Ticket;
            _fenceHead++;
        }

        return ticket != 0;
    }

    /// <summary>Gives its memory back when nothing waits.</summary>
    internal void Rest()
    {
        if (IsEmpty && !IsAwaited)
        {
            _items = [];
            _fences = [];
        }
    }

    /// <summary>
    /// Entries that follow on the last ones become one item under the newer ticket, which covers both.
    /// </summary>
    private bool TryMerge(in PersistItem item)
    {
        if (_count == 0 || item.Kind != PersistKind.Entries)
        {
            return false;
        }

        ref PersistItem last = ref _items[_first + _count - 1];
        if (last.Kind != PersistKind.Entries || last.Last + 1 != item.First)
        {
            return false;
        }

        last = last with { Ticket = item.Ticket, Last = item.Last };
        return true;
    }

    // Entries that were never staged need not be written at all once they are void; their tickets are covered by
    // later ones. A truncation before this one must not name an entry that is never written: recovery would find it
    // standing behind the end of the log.
    private void DropAbove(ulong last)
    {
        for (int i = _first; i < _first + _count; i++)
        {
            ref PersistItem item = ref _items[i];
            if (item.Kind is PersistKind.Entries or PersistKind.Truncate && item.Last > last)
            {
                item = item with { Last = last };
            }
        }
    }

    private void GrowFences()
    {
        var grown = new (ulong, ulong)[int.Max(4, 2 * _fences.Length)];
        for (long i = _fenceHead; i < _fenceTail; i++)
        {
            grown[i % grown.Length] = _fences[i % _fences.Length];
        }

        _fences = grown;
    }

    /// <summary>A snapshot replaces the log: what was not staged of it never is.</summary>
    private void DropAll()
    {
        for (int i = _first; i < _first + _count; i++)
        {
            ref PersistItem item = ref _items[i];
            if (item.Kind is PersistKind.Entries or PersistKind.Truncate)
            {
                item = item with { Kind = PersistKind.Entries, First = 1, Last = 0 };
            }
        }
    }

    private void MakeRoom()
    {
        if (_first > 0)
        {
            Array.Copy(_items, _first, _items, 0, _count);
            _first = 0;
        }
        else
        {
            Array.Resize(ref _items, int.Max(4, _items.Length * 2));
        }
    }
}

/// <summary>
/// Messages that must not leave before their ticket is durable: votes. Bounded; the newest is dropped when full, as a
/// network may.
/// </summary>
internal sealed class HeldMessages
{
    private const int MessagesMax = 256;

    private OutboundMessage[] _messages = [];
    private ulong[] _tickets = [];
    private int _count;

    internal void Add(in OutboundMessage message, ulong ticket)
    {
        if (_count == _messages.Length && _count < MessagesMax)
        {
            int length = int.Min(int.Max(4, 2 * _count), MessagesMax);
            Array.Resize(ref _messages, length);
            Array.Resize(ref _tickets, length);
        }

        if (_count < MessagesMax)
        {
            _messages[_count] = message;
            _tickets[_count++] = ticket;
        }
    }

    /// <summary>Gives its memory back when nothing is held.</summary>
    internal void Rest()
    {
        if (_count == 0)
        {
            _messages = [];
            _tickets = [];
        }
    }

    /// <summary>Takes the oldest message that the durable ticket releases.</summary>
    internal bool TryRelease(ulong durableTicket, out OutboundMessage message)
    {
        if (_count == 0 || _tickets[0] > durableTicket)
        {
            message = default;
            return false;
        }

        message = _messages[0];
        _count--;
        Array.Copy(_messages, 1, _messages, 0, _count);
        Array.Copy(_tickets, 1, _tickets, 0, _count);
        return true;
    }
}
