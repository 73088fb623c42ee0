using System;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>
/// Drives a ring one operation at a time: for format, recovery and inspection, while nobody else uses the ring.
/// </summary>
internal sealed class BlockingIo(IIoRing ring)
{
    private const ulong FirstToken = 0xB10C_0000_0000_0000;

    private readonly IoEvent[] _events = new IoEvent[16];
    private ulong _sent;
    private ulong _awaited;
    private readonly int[] _ended = new int[16];
    private readonly bool[] _hasEnded = new bool[16];

    /// <summary>Runs one operation to its end.</summary>
    /// <returns>As the ring: bytes, file number or a negative errno.</returns>
    internal int Run(in IoOp op)
    {
        Start(in op);
        return Await();
    }

    /// <summary>Starts an operation; results are awaited in the same order.</summary>
    internal void Start(in IoOp op)
    {
        Invariant.Holds(_sent - _awaited < (ulong)_ended.Length);
        bool taken = ring.TryEnqueue(in op, FirstToken | _sent);
        Invariant.Holds(taken);
        _sent++;
        Take(ring.SubmitAndReap(_events, 0));
    }

    /// <summary>Waits for the oldest operation that was started and not awaited.</summary>
    internal int Await()
    {
        Invariant.Holds(_awaited < _sent);
        int place = (int)(_awaited % (ulong)_ended.Length);
        while (!_hasEnded[place])
        {
            Take(ring.SubmitAndReap(_events, 1_000_000_000));
        }

        _hasEnded[place] = false;
        _awaited++;
        return _ended[place];
    }

    private void Take(int count)
    {
        foreach (IoEvent ended in _events.AsSpan(0, count))
        {
            Invariant.Holds((ended.Token & FirstToken) == FirstToken);
            int place = (int)((ended.Token & ~FirstToken) % (ulong)_ended.Length);
            _ended[place] = ended.Result;
            _hasEnded[place] = true;
        }
    }
}
