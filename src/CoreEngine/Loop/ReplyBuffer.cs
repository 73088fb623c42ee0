using System;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// Holds the replies of one applied batch until their callers have them: bytes back to back, found by index in order.
/// </summary>
/// <remarks>Grows to a batch's high-water mark and stays there. One thread at a time.</remarks>
internal sealed class ReplyBuffer
{
    private byte[] _bytes = new byte[4096];
    private (ulong Index, int Offset, int Length)[] _entries = new (ulong, int, int)[256];
    private int _used;
    private int _count;
    private int _next;

    internal void Clear()
    {
        _used = 0;
        _count = 0;
        _next = 0;
    }

    internal void Add(ulong index, ReadOnlySpan<byte> reply) => reply.CopyTo(Reserve(index, reply.Length));

    /// <summary>Room for the next reply, to be filled in.</summary>
    internal Span<byte> Reserve(ulong index, int length)
    {
        Invariant.Holds(_count == 0 || _entries[_count - 1].Index < index);
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        if (_used + length > _bytes.Length)
        {
            Array.Resize(ref _bytes, int.Max(_bytes.Length * 2, _used + length));
        }

        _entries[_count++] = (index, _used, length);
        _used += length;
        return _bytes.AsSpan(_used - length, length);
    }

    /// <summary>
    /// The reply of an entry, empty when it has none. Quick when asked for in rising order, right in any.
    /// </summary>
    internal ReadOnlySpan<byte> Take(ulong index)
    {
        if (_next > 0 && _entries[_next - 1].Index >= index)
        {
            _next = 0;
        }

        while (_next < _count && _entries[_next].Index < index)
        {
            _next++;
        }

        if (_next == _count || _entries[_next].Index != index)
        {
            return default;
        }

        (_, int offset, int length) = _entries[_next];
        return _bytes.AsSpan(offset, length);
    }
}
