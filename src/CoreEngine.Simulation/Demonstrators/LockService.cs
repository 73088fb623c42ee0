using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>One lock with a lease, as a state machine: the only clock is the entries' own stamp.</summary>
/// <remarks>A command is <c>u32 client | u32 lease in ms</c>, little endian; 0 ms gives the lock back.</remarks>
internal sealed class LockService : IStateMachine
{
    private readonly Dictionary<ulong, bool> _grants = [];
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
    internal bool IsGranted(ulong index) => _grants[index];

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

            _grants[entry.Index] = isFree;
            StateDigest = unchecked((StateDigest * 31) + entry.Index + client + (isFree ? 1UL << 40 : 0));
        }
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
