using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>One lock with a lease, as a state machine: the only clock is the entries' own stamp.</summary>
/// <remarks>A command is <c>u32 client | u32 lease in ms</c>, little endian; 0 ms gives the lock back.</remarks>
internal sealed class LockService : IStateMachine
{
    private readonly Dictionary<ulong, int> _places = [];
    private LockDecision[] _decisions = new LockDecision[4];
    private int _count;
    private uint _holder;
    private long _expiresMs;

    /// <inheritdoc/>
    public bool InlineSafe => true;

    /// <inheritdoc/>
    public ulong StateDigest { get; private set; }

    /// <summary>Asks for the lock.</summary>
    internal static byte[] Acquire(uint client, uint leaseMs)
    {
        byte[] command = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(command, client);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(4), leaseMs);
        return command;
    }

    /// <summary>What became of the request at an index: the index is the fence of its grant.</summary>
    internal bool IsGranted(ulong index) => _decisions[_places[index]].IsGranted;

    /// <inheritdoc/>
    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        foreach (CommittedEntry entry in batch)
        {
            uint client = BinaryPrimitives.ReadUInt32LittleEndian(entry.Command);
            uint leaseMs = BinaryPrimitives.ReadUInt32LittleEndian(entry.Command[4..]);
            long nowMs = (long)(entry.Stamp >> 16);
            bool isFree = _holder == 0 || _holder == client || nowMs >= _expiresMs;
            Invariant.Holds(client != 0);
            if (isFree)
            {
                _holder = leaseMs == 0 ? 0 : client;
                _expiresMs = nowMs + leaseMs;
            }

            Note(new LockDecision(entry.Index, isFree));
            StateDigest = unchecked((StateDigest * 31) + entry.Index + client + (isFree ? 1UL << 40 : 0));
        }
    }

    /// <inheritdoc/>
    /// <remarks>Decisions are never taken back: those before a length are the same for ever, so the view is that
    /// length.</remarks>
    public ISnapshot Capture() =>
        new LockSnapshot(_decisions.AsMemory(0, _count), _holder, _expiresMs, StateDigest);

    /// <inheritdoc/>
    public async ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        LockSnapshot read = await LockSnapshot.ReadAsync(reader, cancellationToken).ConfigureAwait(false);
        _places.Clear();
        _count = 0;

        // Never into the old array: a view may still be written from it.
        _decisions = new LockDecision[int.Max(4, read.Decisions.Length)];
        foreach (LockDecision decision in read.Decisions.ToArray())
        {
            Note(decision);
        }

        (_holder, _expiresMs, StateDigest) = (read.Holder, read.ExpiresMs, read.Digest);
    }

    private void Note(LockDecision decision)
    {
        if (_count == _decisions.Length)
        {
            Array.Resize(ref _decisions, 2 * _count);
        }

        _places.Add(decision.Index, _count);
        _decisions[_count++] = decision;
    }
}

/// <summary>A resource outside of the history that lock holders change: an account's balance.</summary>
internal sealed class LockedAccount(bool isFenced, int balance)
{
    /// <summary>The newest fence that was seen. Never falls.</summary>
    internal ulong Fence { get; private set; }

    internal int Balance { get; private set; } = balance;

    internal int Refused { get; private set; }

    /// <summary>Writes a balance that the caller computed from what it read before.</summary>
    /// <param name="fence">Where the caller's grant stands in the history of the lock.</param>
    /// <returns>False when a newer grant was seen already.</returns>
    internal bool TryWrite(ulong fence, int written)
    {
        if (isFenced && fence < Fence)
        {
            Refused++;
            return false;
        }

        Fence = ulong.Max(Fence, fence);
        Balance = written;
        return true;
    }
}
