using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>One caller's side of the ledger: makes its commands and checks every receipt that comes back.</summary>
/// <remarks>Used by one thread at a time; the counts may be read by any.</remarks>
internal sealed class ReceiptLedger
{
    private readonly byte[] _command;
    private readonly int _quorum;
    private LineCoordinate _last;
    private ulong _lastReply;
    private ulong _sequence;
    private ulong _places;
    private long _committed;
    private long _refused;
    private long _unknown;
    private string? _violation;
    private Refusal _lastRefusal;

    /// <param name="run">Tells this workload from others on the same history.</param>
    /// <param name="caller">Tells this caller from the others of the workload.</param>
    /// <param name="payload">Bytes of a command, at least 16.</param>
    /// <param name="quorum">Voters that a certificate must show.</param>
    internal ReceiptLedger(uint run, uint caller, int payload, int quorum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(payload, 16);
        _quorum = quorum;
        _command = new byte[payload];
        new Random(unchecked((int)caller)).NextBytes(_command);
        BinaryPrimitives.WriteUInt32LittleEndian(_command, run);
        BinaryPrimitives.WriteUInt32LittleEndian(_command.AsSpan(4), caller);
    }

    internal long Committed => Volatile.Read(ref _committed);

    internal long Refused => Volatile.Read(ref _refused);

    internal long Unknown => Volatile.Read(ref _unknown);

    /// <summary>Sum of <see cref="LedgerMachine.PlaceOf"/> over the committed commands.</summary>
    internal ulong Places => Volatile.Read(ref _places);

    internal string? Violation => Volatile.Read(ref _violation);

    /// <summary>Why the last refused one was.</summary>
    internal Refusal LastRefusal => _lastRefusal;

    /// <summary>The number of the command that <see cref="Next"/> made last.</summary>
    internal ulong Sequence => _sequence;

    /// <summary>Where the last committed one stands.</summary>
    internal LineCoordinate Last => _last;

    /// <summary>The next command, different from all others. Valid until the next call.</summary>
    internal ReadOnlySpan<byte> Next()
    {
        _sequence++;
        BinaryPrimitives.WriteUInt64LittleEndian(_command.AsSpan(8), _sequence);
        return _command;
    }

    /// <summary>Takes in the receipt of the command that <see cref="Next"/> made last.</summary>
    internal void Account(in Receipt receipt, ReadOnlySpan<byte> reply) => Account(receipt, reply, _sequence);

    /// <summary>Takes in the receipt of an earlier command.</summary>
    internal void Account(in Receipt receipt, ReadOnlySpan<byte> reply, ulong sequence)
    {
        switch (receipt.Outcome)
        {
            case Outcome.Committed:
                AccountCommitted(receipt, reply, sequence);
                break;
            case Outcome.Acknowledged:
                // Below a quorum there is neither a reply nor a certificate: the sums say nothing of it.
                Volatile.Write(ref _committed, _committed + 1);
                break;
            case Outcome.Refused:
                _lastRefusal = receipt.Refusal;
                Volatile.Write(ref _refused, _refused + 1);
                break;
            default:
                Volatile.Write(ref _unknown, _unknown + 1);
                break;
        }
    }

    private void AccountCommitted(in Receipt receipt, ReadOnlySpan<byte> reply, ulong sequence)
    {
        LineCoordinate coordinate = receipt.Coordinate;
        bool isWhole = receipt.ReplyLength == LedgerMachine.ReplyBytes;
        ulong count = isWhole ? BinaryPrimitives.ReadUInt64LittleEndian(reply) : 0;
        bool rises = coordinate.Index > _last.Index
            && coordinate.LeaderEpoch >= _last.LeaderEpoch
            && count > _lastReply;
        if (!rises || !IsProven(receipt))
        {
            Volatile.Write(ref _violation, $"{receipt}, reply {count}, after {_last}, reply {_lastReply}");
        }

        _last = coordinate;
        _lastReply = count;
        BinaryPrimitives.WriteUInt64LittleEndian(_command.AsSpan(8), sequence);
        Volatile.Write(ref _places, unchecked(_places + LedgerMachine.PlaceOf(coordinate.Index, _command)));
        Volatile.Write(ref _committed, _committed + 1);
    }

    private bool IsProven(in Receipt receipt) =>
        receipt.Certificate.IsValid
        && receipt.Certificate.Index >= receipt.Coordinate.Index
        && receipt.Certificate.Term >= receipt.Coordinate.LeaderEpoch
        && receipt.Certificate.Group == receipt.Coordinate.Group
        && BitOperations.PopCount(receipt.Certificate.Voters) >= _quorum;
}
