using System;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Numerics;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Load.Cluster;

/// <summary>The state of a ledger at one moment.</summary>
/// <param name="Count">Entries applied.</param>
/// <param name="Digest">Depends on every byte of every entry and on their order.</param>
/// <param name="Places">Sum over all entries of <see cref="LedgerMachine.PlaceOf"/>: does not depend on the
/// order.</param>
/// <param name="Index">Index of the last entry applied.</param>
internal readonly record struct LedgerState(ulong Count, ulong Digest, ulong Places, ulong Index);

/// <summary>
/// The machine of the load: counts entries, folds their bytes into a digest, replies with its count (8 bytes). Given
/// some state, it also writes the first 16 bytes of each command there.
/// </summary>
internal sealed class LedgerMachine(long stateBytes, bool isStateText = false) : IStateMachine
{
    internal const int ReplyBytes = 8;

    private const ulong Odd = 0x9E37_79B9_7F4A_7C15;

    private readonly PagedState _pages = new(stateBytes, isStateText);
    private LedgerState _state;

    internal LedgerMachine()
        : this(0)
    {
    }

    public bool InlineSafe => true;

    public ulong StateDigest => _state.Digest;

    /// <summary>What the machine holds. On the machine's thread only.</summary>
    internal LedgerState State => _state;

    /// <summary>
    /// A number for "this command stands at this index". The callers add up the same over their receipts: equal sums
    /// mean that the
    /// receipts name exactly the applied entries, each once, without any shared table in the hot path.
    /// </summary>
    /// <param name="index">Where the entry stands.</param>
    /// <param name="command">At least 16 bytes.</param>
    internal static ulong PlaceOf(ulong index, ReadOnlySpan<byte> command)
    {
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(command);
        ulong second = BinaryPrimitives.ReadUInt64LittleEndian(command[8..]);
        unchecked
        {
            ulong mixed = index * Odd;
            mixed ^= BitOperations.RotateLeft(first * Odd, 23);
            mixed ^= BitOperations.RotateLeft(second * Odd, 47);
            mixed ^= mixed >> 32;
            mixed *= Odd;
            return mixed ^ (mixed >> 29);
        }
    }

    /// <summary>A value of 16 bytes, as both its halves. On the machine's thread only.</summary>
    internal UInt128 Value(ulong key) => _pages.Read(key);

    public ISnapshot? Capture() => new LedgerSnapshot(_pages.Capture(), _state);

    public async ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken) =>
        _state = await LedgerSnapshot.ReadAsync(_pages, reader, cancellationToken).ConfigureAwait(false);

    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        Span<byte> reply = stackalloc byte[ReplyBytes];
        LedgerState state = _state;
        foreach (CommittedEntry entry in batch)
        {
            unchecked
            {
                state = new LedgerState(
                    state.Count + 1,
                    ((state.Digest ^ entry.Index) * Odd) + Checksum(entry.Command),
                    state.Places + PlaceOf(entry.Index, entry.Command),
                    entry.Index);
            }

            if (!_pages.IsEmpty)
            {
                _pages.Write(entry.Index, entry.Command[..PagedState.ValueBytes]);
            }

            if (replies.IsWanted)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(reply, state.Count);
                replies.Reply(entry, reply);
            }
        }

        _state = state;
    }

    private static uint Checksum(ReadOnlySpan<byte> command)
    {
        uint checksum = (uint)command.Length;
        while (command.Length >= 8)
        {
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(command));
            command = command[8..];
        }

        foreach (byte rest in command)
        {
            checksum = BitOperations.Crc32C(checksum, rest);
        }

        return checksum;
    }
}
