using System;
using System.Globalization;
using CoreEngine.Model;

namespace CoreEngine.Cli.KeyValue;

/// <summary>What bounds a store. The same on every replica: it decides which commands are refused.</summary>
internal sealed record KeyValueStoreOptions
{
    /// <summary>Bytes that keys and values may be charged for, see <see cref="KeyValueStore.ChargedBytes"/>.</summary>
    internal long MemoryBytesMax { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Keys that the table is made for at the start; more make it grow.</summary>
    internal int KeysExpected { get; init; } = 64 * 1024;
}

/// <summary>
/// The sample state machine: keys and values of bytes in memory, changed by the commands of the log only.
/// </summary>
/// <remarks>
/// Deterministic: replies, charges and digest are functions of the commands applied, in their order; not of the
/// memory's layout, so a replica that was rebuilt refuses the same commands as one that was not. Not thread-safe: one
/// apply at a time, queries in between. Overwriting allocates nothing once the state has stopped growing.
/// </remarks>
internal sealed class KeyValueStore
{
    /// <summary>Bytes charged per key beside its block: its share of the table.</summary>
    private const int SlotCharge = 48;

    /// <summary>Digits of a 64-bit decimal, sign included.</summary>
    private const int DigitsMax = 20;

    private readonly BlockArena _arena = new();
    private readonly KeyTable _table;
    private readonly KeyValueStoreOptions _options;

    internal KeyValueStore(KeyValueStoreOptions options)
    {
        _options = options;
        _table = new KeyTable(options.KeysExpected);
    }

    /// <summary>Keys present.</summary>
    internal int Count => _table.Count;

    /// <summary>
    /// Bytes that the state is charged for: each key's block, rounded up as its lengths alone say, and its share of the
    /// table.
    /// </summary>
    internal long ChargedBytes { get; private set; }

    /// <summary>Bytes of memory held: about 1.5 x the charge and a few slabs at most, and the table.</summary>
    internal long HeldBytes => _arena.HeldBytes + _table.Bytes;

    /// <summary>
    /// A running digest of every command's effect and reply, in order: equal histories give equal digests, and replicas
    /// whose states part differ from then on. Not cryptographic.
    /// </summary>
    internal ulong Digest { get; private set; }

    /// <summary>Applies one command of the log.</summary>
    /// <param name="bytes">The command, see <see cref="KeyValueCommand"/>. Nonsense is refused by a reply.</param>
    /// <param name="reply">At least <see cref="KeyValueReply.CommandReplyBytesMax"/> bytes.</param>
    /// <returns>Bytes of the reply.</returns>
    internal int Apply(ReadOnlySpan<byte> bytes, Span<byte> reply)
    {
        KeyValueReply result = KeyValueCommand.TryRead(bytes, out KeyValueCommand command)
            ? Execute(in command)
            : KeyValueReply.Refuse(KeyValueError.BadCommand);
        Fold(((ulong)result.Type << 16) | ((ulong)result.Error << 8) | (byte)command.Operation);
        Fold(unchecked((ulong)result.Integer));
        Invariant.Holds(ChargedBytes <= _options.MemoryBytesMax);
        return result.Write(reply);
    }

    /// <summary>A key's value. The bytes are valid until the next command is applied.</summary>
    internal bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        int slot = _table.Find(KeyValueHash.Of(key), key, _arena);
        value = slot < 0 ? default : ValueAt(slot);
        return slot >= 0;
    }

    /// <summary>Shows keys and values as they are now, while they go on changing; ends an earlier view.</summary>
    internal BlockView Capture() => _arena.Capture();

    /// <summary>Empties the store, before a restore.</summary>
    internal void Clear()
    {
        _arena.Clear();
        _table.Clear();
        ChargedBytes = 0;
        Digest = 0;
    }

    /// <summary>Restores one key of a snapshot.</summary>
    /// <returns>False when it does not fit into the memory that the options allow, or is there already.</returns>
    internal bool TryRestore(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ulong hash = KeyValueHash.Of(key);
        return key.Length <= KeyValueCommand.KeyBytesMax
            && value.Length <= KeyValueCommand.ValueBytesMax
            && _table.Find(hash, key, _arena) < 0
            && TryWrite(hash, -1, key, value);
    }

    /// <summary>Every key was restored: the digest goes on from where it was.</summary>
    internal void Restored(ulong digest) => Digest = digest;

    private KeyValueReply Execute(in KeyValueCommand command)
    {
        if (command.Operation == KeyValueOperation.Delete)
        {
            return Delete(command.Keys);
        }

        ulong hash = KeyValueHash.Of(command.Key);
        int slot = _table.Find(hash, command.Key, _arena);
        switch (command.Operation)
        {
            case KeyValueOperation.Set:
                return Set(hash, slot, in command);
            case KeyValueOperation.SetIfAbsent:
                return slot < 0 ? Set(hash, slot, in command) : KeyValueReply.Nil;
            case KeyValueOperation.SetIfPresent:
                return slot >= 0 ? Set(hash, slot, in command) : KeyValueReply.Nil;
            case KeyValueOperation.Increment:
                return Increment(hash, slot, command.Key);
            case KeyValueOperation.Append:
                return Append(hash, slot, in command);
            default:
                Invariant.Holds(command.Operation == KeyValueOperation.CompareAndSet);
                return CompareAndSet(hash, slot, in command);
        }
    }

    private KeyValueReply Set(ulong hash, int slot, in KeyValueCommand command) =>
        TryWrite(hash, slot, command.Key, command.Second)
            ? KeyValueReply.Ok
            : KeyValueReply.Refuse(KeyValueError.OutOfMemory);

    private KeyValueReply Delete(KeyValueParts keys)
    {
        int count = 0;
        while (keys.TryRead(out ReadOnlySpan<byte> key))
        {
            ulong hash = KeyValueHash.Of(key);
            int slot = _table.Find(hash, key, _arena);
            if (slot >= 0)
            {
                BlockAddress address = _table.At(slot).Address;
                ChargedBytes -= _arena.Capacity(address) + SlotCharge;
                _arena.Free(address);
                _table.Remove(slot);
                Fold(hash);
                count++;
            }
        }

        return KeyValueReply.Number(count);
    }

    private KeyValueReply Increment(ulong hash, int slot, ReadOnlySpan<byte> key)
    {
        Span<byte> digits = stackalloc byte[DigitsMax];
        long number = 0;
        if (slot >= 0 && !TryParse(ValueAt(slot), out number))
        {
            return KeyValueReply.Refuse(KeyValueError.NotAnInteger);
        }

        if (number == long.MaxValue)
        {
            return KeyValueReply.Refuse(KeyValueError.Overflow);
        }

        number++;
        bool isWritten = number.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
        Invariant.Holds(isWritten);
        return TryWrite(hash, slot, key, digits[..length])
            ? KeyValueReply.Number(number)
            : KeyValueReply.Refuse(KeyValueError.OutOfMemory);
    }

    /// <summary>Reads a decimal in its one canonical form: no sign but a minus, no leading zero, no space.</summary>
    private static bool TryParse(ReadOnlySpan<byte> value, out long number)
    {
        Span<byte> digits = stackalloc byte[DigitsMax];
        number = 0;
        return value.Length <= DigitsMax &&
            long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) &&
            number.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture) &&
            digits[..length].SequenceEqual(value);
    }

    private KeyValueReply Append(ulong hash, int slot, in KeyValueCommand command)
    {
        ReadOnlySpan<byte> tail = command.Second;
        if (slot < 0)
        {
            return TryWrite(hash, slot, command.Key, tail)
                ? KeyValueReply.Number(tail.Length)
                : KeyValueReply.Refuse(KeyValueError.OutOfMemory);
        }

        int held = _table.At(slot).ValueLength;
        int length = held + tail.Length;
        if (length > KeyValueCommand.ValueBytesMax)
        {
            return KeyValueReply.Refuse(KeyValueError.ValueTooLarge);
        }

        if (!TryResize(hash, slot, command.Key, length, keepBytes: held))
        {
            return KeyValueReply.Refuse(KeyValueError.OutOfMemory);
        }

        tail.CopyTo(_arena.Rewrite(_table.At(slot).Address, length)[held..]);
        Fold(hash);
        Fold(KeyValueHash.Of(tail));
        Sweep(BlockArena.CapacityOf(command.Key.Length, length));
        return KeyValueReply.Number(length);
    }

    private KeyValueReply CompareAndSet(ulong hash, int slot, in KeyValueCommand command)
    {
        if (slot < 0 || !ValueAt(slot).SequenceEqual(command.Second))
        {
            return KeyValueReply.Number(0);
        }

        return TryWrite(hash, slot, command.Key, command.Third)
            ? KeyValueReply.Number(1)
            : KeyValueReply.Refuse(KeyValueError.OutOfMemory);
    }

    /// <summary>Sets a value. False, with nothing changed, when the bound on memory forbids it.</summary>
    private bool TryWrite(ulong hash, int slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int capacity = BlockArena.CapacityOf(key.Length, value.Length);
        if (slot >= 0)
        {
            if (!TryResize(hash, slot, key, value.Length, keepBytes: 0))
            {
                return false;
            }

            value.CopyTo(_arena.Rewrite(_table.At(slot).Address, value.Length));
        }
        else
        {
            if (!TryCharge(capacity + SlotCharge))
            {
                return false;
            }

            BlockAddress address = _arena.Allocate(hash, key, value.Length);
            value.CopyTo(_arena.Rewrite(address, value.Length));
            _table.Insert(hash, address, value.Length);
        }

        Fold(hash);
        Fold(KeyValueHash.Of(value));
        Sweep(capacity);
        return true;
    }

    /// <summary>
    /// Gives a present key a block for a value of another length, the same one when that fits exactly.
    /// </summary>
    private bool TryResize(ulong hash, int slot, ReadOnlySpan<byte> key, int length, int keepBytes)
    {
        BlockAddress source = _table.At(slot).Address;
        int held = _arena.Capacity(source);
        int wanted = BlockArena.CapacityOf(key.Length, length);
        if (!TryCharge(wanted - held))
        {
            return false;
        }

        if (wanted != held)
        {
            BlockAddress target = _arena.Allocate(hash, key, length);
            _arena.Value(source, keepBytes).CopyTo(_arena.Rewrite(target, length));
            _arena.Free(source);
            _table.At(slot).Address = target;
        }

        _table.At(slot).ValueLength = length;
        return true;
    }

    private bool TryCharge(int bytes)
    {
        if (bytes > 0 && ChargedBytes + bytes > _options.MemoryBytesMax)
        {
            return false;
        }

        ChargedBytes += bytes;
        return true;
    }

    /// <summary>Moves blocks out of sparse slabs, a bounded part at a time.</summary>
    private void Sweep(int allocated)
    {
        int budget = allocated * BlockArena.SweepFactor;
        while (_arena.TryNextLive(ref budget, out LiveBlock block))
        {
            _table.Relocate(block.Hash, block.Address, _arena.Move(in block));
        }
    }

    private ReadOnlySpan<byte> ValueAt(int slot) =>
        _arena.Value(_table.At(slot).Address, _table.At(slot).ValueLength);

    private void Fold(ulong word) => Digest = KeyValueHash.Mix(Digest, word);
}
