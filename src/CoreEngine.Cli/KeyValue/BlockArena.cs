using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Cli.KeyValue;

/// <summary>Where a block stands.</summary>
internal readonly record struct BlockAddress(int Slab, int Offset);

/// <summary>A block that may be moved: where it is, and the hash of the key in it.</summary>
internal readonly record struct LiveBlock(BlockAddress Address, ulong Hash, int Capacity);

/// <summary>
/// Memory for keys and values: blocks one behind the other in slabs, the sparsest slab swept when too much is dead.
/// </summary>
/// <remarks>
/// Block: <c>u32 capacity, top bit 1 when live | 15 bits key length, 17 bits slack | u64 hash of the key | key | value
/// | slack</c>.
/// While a view lives, every change of bytes that it shows is told to it first.
/// Slabs are recycled, so a state that no longer grows allocates nothing. Not thread-safe.
/// Bound: while <see cref="TryNextLive"/> is called with <see cref="SweepFactor"/> bytes of budget for each byte
/// allocated, slabs in use stay near 1.5 x live bytes + <see cref="SpareSlabs"/> slabs. A victim is at most two thirds
/// full, like the average; a filled slab is at least five sixths full, since a block is at most a sixth of it; so eight
/// bytes swept win back 8 x (1 - 2/3 x 6/5) = 1.6 for each one allocated.
/// </remarks>
internal sealed class BlockArena
{
    internal const int HeaderBytes = 16;
    internal const int SlabBytes = 4 * 1024 * 1024;
    internal const int BlockBytesMax = SlabBytes / 6;

    /// <summary>Bytes of blocks to look at for each byte allocated.</summary>
    internal const int SweepFactor = 8;

    /// <summary>Slabs that are kept though nothing is in them, and slack of the sweeping rule.</summary>
    internal const int SpareSlabs = 2;

    private const uint LiveBit = 0x8000_0000;
    private const int KeyBits = 15;
    private const uint KeyMask = (1u << KeyBits) - 1;
    private const int None = -1;

    /// <summary>Slabs by number; null where there is none now.</summary>
    private byte[]?[] _slabs = new byte[]?[8];

    /// <summary>Per slab: bytes of live blocks, and bytes handed out so far.</summary>
    private int[] _live = new int[8];
    private int[] _end = new int[8];

    /// <summary>Numbers of slabs in which nothing is, their memory kept; and numbers without memory.</summary>
    private int[] _free = new int[8];
    private int[] _vacant = new int[8];
    private int _freeCount;
    private int _vacantCount;

    /// <summary>Slab numbers ever used.</summary>
    private int _count;

    /// <summary>The slab that blocks are taken from.</summary>
    private int _current = None;

    /// <summary>The slab being swept, and the next block of it to look at.</summary>
    private int _victim = None;
    private int _cursor;

    /// <summary>Shows the state as it was at a capture; null when nobody looks.</summary>
    private BlockView? _view;

    /// <summary>Bytes of live blocks, headers and slack included.</summary>
    internal long LiveBytes { get; private set; }

    /// <summary>Bytes of slabs in which blocks stand, live or dead.</summary>
    internal long UsedBytes => (long)(_count - _freeCount - _vacantCount) * SlabBytes;

    /// <summary>Bytes of memory held.</summary>
    internal long HeldBytes => (long)(_count - _vacantCount) * SlabBytes;

    /// <summary>
    /// Bytes that a block of a key and a value takes: a function of their lengths alone, at most a quarter slack.
    /// </summary>
    internal static int CapacityOf(int keyLength, int valueLength)
    {
        int size = HeaderBytes + keyLength + valueLength;
        int step = Math.Max(16, 1 << (29 - int.LeadingZeroCount(size)));
        return (size + step - 1) & ~(step - 1);
    }

    /// <summary>Takes a block and writes its header and key. The caller writes the value.</summary>
    internal BlockAddress Allocate(ulong hash, ReadOnlySpan<byte> key, int valueLength)
    {
        int capacity = CapacityOf(key.Length, valueLength);
        Invariant.Holds(capacity <= BlockBytesMax);
        BlockAddress address = Take(capacity);
        Touch(address, capacity);
        Span<byte> block = Block(address);
        BinaryPrimitives.WriteUInt32LittleEndian(block, (uint)capacity | LiveBit);
        WriteLengths(block, capacity, key.Length, valueLength);
        BinaryPrimitives.WriteUInt64LittleEndian(block[8..], hash);
        key.CopyTo(block[HeaderBytes..]);
        return address;
    }

    /// <summary>Gives a block back.</summary>
    internal void Free(BlockAddress address)
    {
        uint word = BinaryPrimitives.ReadUInt32LittleEndian(Block(address));
        Invariant.Holds((word & LiveBit) != 0);
        int capacity = (int)(word & ~LiveBit);
        Touch(address, HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(Block(address), capacity);
        _live[address.Slab] -= capacity;
        LiveBytes -= capacity;
        Invariant.Holds(_live[address.Slab] >= 0);
        if (_live[address.Slab] == 0 && address.Slab != _current && address.Slab != _victim)
        {
            Release(address.Slab);
        }
    }

    /// <summary>The key of a block. Valid until the next allocation, release or move.</summary>
    internal ReadOnlySpan<byte> Key(BlockAddress address) =>
        Block(address).Slice(HeaderBytes, KeyLengthOf(Block(address)));

    /// <summary>
    /// A value's place in its block, to read. Valid until the next allocation, release or move.
    /// </summary>
    internal ReadOnlySpan<byte> Value(BlockAddress address, int length) =>
        Block(address).Slice(HeaderBytes + KeyLengthOf(Block(address)), length);

    /// <summary>A value's place in its block, to write a value of this length.</summary>
    internal Span<byte> Rewrite(BlockAddress address, int length)
    {
        int capacity = Capacity(address);
        Touch(address, capacity);
        Span<byte> block = Block(address);
        int key = KeyLengthOf(block);
        WriteLengths(block, capacity, key, length);
        return block.Slice(HeaderBytes + key, length);
    }

    /// <summary>Begins to show the state as it is now; a view from before shows nothing any more.</summary>
    internal BlockView Capture()
    {
        _view?.End();
        _view = new BlockView(_slabs.AsSpan(0, _count), _end.AsSpan(0, _count));
        return _view;
    }

    /// <summary>Gives everything back.</summary>
    internal void Clear()
    {
        _view?.End();
        _view = null;
        Array.Clear(_slabs);
        Array.Clear(_live);
        Array.Clear(_end);
        _freeCount = 0;
        _vacantCount = 0;
        _count = 0;
        _current = None;
        _victim = None;
        LiveBytes = 0;
    }

    /// <summary>Takes a block apart, as it stands in a copy of its slab.</summary>
    /// <param name="slab">From the block on.</param>
    /// <param name="capacity">Bytes to the next one.</param>
    /// <returns>False when the block is dead.</returns>
    internal static bool TryRead(
        ReadOnlySpan<byte> slab, out int capacity, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        uint word = BinaryPrimitives.ReadUInt32LittleEndian(slab);
        capacity = (int)(word & ~LiveBit);
        int keyLength = KeyLengthOf(slab);
        int slack = (int)(BinaryPrimitives.ReadUInt32LittleEndian(slab[4..]) >> KeyBits);
        key = slab.Slice(HeaderBytes, keyLength);
        value = slab[(HeaderBytes + keyLength)..(capacity - slack)];
        return (word & LiveBit) != 0;
    }

    /// <summary>Bytes of a block.</summary>
    internal int Capacity(BlockAddress address) =>
        (int)(BinaryPrimitives.ReadUInt32LittleEndian(Block(address)) & ~LiveBit);

    /// <summary>
    /// The next block that should move, when too much is dead. The caller moves it before it asks again.
    /// </summary>
    /// <param name="budget">Bytes of blocks that may still be looked at; reduced.</param>
    /// <param name="block">The block.</param>
    internal bool TryNextLive(ref int budget, out LiveBlock block)
    {
        block = default;
        while (budget > 0 && (_victim != None || TryChooseVictim()))
        {
            if (_cursor == _end[_victim])
            {
                Invariant.Holds(_live[_victim] == 0);
                int swept = _victim;
                _victim = None;
                Release(swept);
                continue;
            }

            var address = new BlockAddress(_victim, _cursor);
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(Block(address));
            int capacity = (int)(word & ~LiveBit);
            Invariant.Holds(capacity >= HeaderBytes);
            _cursor += capacity;
            budget -= capacity;
            if ((word & LiveBit) != 0)
            {
                block = new LiveBlock(address, BinaryPrimitives.ReadUInt64LittleEndian(Block(address)[8..]), capacity);
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Copies a block of <see cref="TryNextLive"/> elsewhere and frees it. The caller corrects what points at it.
    /// </summary>
    internal BlockAddress Move(in LiveBlock block)
    {
        Invariant.Holds(block.Address.Slab == _victim);
        BlockAddress target = Take(block.Capacity);
        Touch(target, block.Capacity);
        Block(block.Address)[..block.Capacity].CopyTo(Block(target));
        Free(block.Address);
        return target;
    }

    private static int KeyLengthOf(ReadOnlySpan<byte> block) =>
        (int)(BinaryPrimitives.ReadUInt32LittleEndian(block[4..]) & KeyMask);

    private static void WriteLengths(Span<byte> block, int capacity, int key, int value)
    {
        uint slack = (uint)(capacity - HeaderBytes - key - value);
        Invariant.Holds((uint)key <= KeyMask);
        Invariant.Holds(slack < 1u << (32 - KeyBits));
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], (uint)key | (slack << KeyBits));
    }

    /// <summary>Bytes of a block are about to change.</summary>
    private void Touch(BlockAddress address, int length) =>
        _view?.Keep(address.Slab, _slabs[address.Slab]!, address.Offset, length);

    private Span<byte> Block(BlockAddress address) => _slabs[address.Slab].AsSpan(address.Offset);

    private BlockAddress Take(int capacity)
    {
        if (_current == None || capacity > SlabBytes - _end[_current])
        {
            int full = _current;
            _current = TakeSlab();
            if (full != None && _live[full] == 0)
            {
                Release(full);
            }
        }

        var address = new BlockAddress(_current, _end[_current]);
        _end[_current] += capacity;
        _live[_current] += capacity;
        LiveBytes += capacity;
        return address;
    }

    private int TakeSlab()
    {
        if (_freeCount > 0)
        {
            _freeCount--;
            return _free[_freeCount];
        }

        int slab = _vacantCount > 0 ? _vacant[--_vacantCount] : _count++;
        if (slab == _slabs.Length)
        {
            int grown = slab * 2;
            Array.Resize(ref _slabs, grown);
            Array.Resize(ref _live, grown);
            Array.Resize(ref _end, grown);
            Array.Resize(ref _free, grown);
            Array.Resize(ref _vacant, grown);
        }

        _slabs[slab] = GC.AllocateUninitializedArray<byte>(SlabBytes);
        return slab;
    }

    private void Release(int slab)
    {
        Invariant.Holds(_live[slab] == 0);
        _end[slab] = 0;
        if (_freeCount < SpareSlabs)
        {
            _free[_freeCount++] = slab;
        }
        else
        {
            _slabs[slab] = null;
            _vacant[_vacantCount++] = slab;
        }
    }

    private bool TryChooseVictim()
    {
        if (UsedBytes <= LiveBytes + (LiveBytes / 2) + ((long)SpareSlabs * SlabBytes))
        {
            return false;
        }

        for (int slab = 0; slab < _count; slab++)
        {
            bool isUsed = _end[slab] > 0 && slab != _current;
            if (isUsed && (_victim == None || _live[slab] < _live[_victim]))
            {
                _victim = slab;
            }
        }

        _cursor = 0;
        return _victim != None;
    }
}
