using System;
using System.Buffers;
using CoreEngine.Model;

namespace CoreEngine.Cli.Resp;

/// <summary>The arguments of one command, one behind the other in one buffer.</summary>
/// <remarks>Not thread-safe. The buffer comes from the shared pool; a large one goes back when the next command
/// begins.</remarks>
internal sealed class RespArguments : IDisposable
{
    private const int FirstBytes = 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);

    /// <summary>Where each argument ends; it begins where the one before it ends.</summary>
    private int[] _ends = new int[8];

    internal int Count { get; private set; }

    /// <summary>Bytes of all arguments.</summary>
    internal int Bytes { get; private set; }

    internal ReadOnlySpan<byte> At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        int from = index == 0 ? 0 : _ends[index - 1];
        return _bytes.AsSpan(from, _ends[index] - from);
    }

    /// <summary>Starts an empty argument.</summary>
    internal void Begin()
    {
        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, Count * 2);
        }

        _ends[Count] = Bytes;
        Count++;
    }

    /// <summary>Adds bytes to the last argument.</summary>
    internal void Extend(ReadOnlySpan<byte> part)
    {
        Invariant.Holds(Count > 0);
        if (Bytes + part.Length > _bytes.Length)
        {
            Grow(Bytes + part.Length);
        }

        part.CopyTo(_bytes.AsSpan(Bytes));
        Bytes += part.Length;
        _ends[Count - 1] = Bytes;
    }

    /// <summary>Forgets the arguments, and the buffer when it is larger than a connection should keep.</summary>
    internal void Clear(int keptBytesMax)
    {
        Count = 0;
        Bytes = 0;
        if (_bytes.Length > keptBytesMax)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
        }
    }

    /// <summary>Gives the buffer back. No use afterwards but reading that nothing is there.</summary>
    public void Dispose()
    {
        Count = 0;
        Bytes = 0;
        byte[] bytes = _bytes;
        _bytes = [];
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void Grow(int wanted)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(wanted, _bytes.Length * 2));
        _bytes.AsSpan(0, Bytes).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
