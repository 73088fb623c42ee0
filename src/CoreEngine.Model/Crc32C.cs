using System;
using System.Buffers.Binary;
using System.Numerics;

namespace CoreEngine.Model;

/// <summary>
/// The Castagnoli checksum (RFC 3720, appendix B.4) over spans: the one checksum of pages, records and frames.
/// </summary>
/// <remarks>Pure; uses the processor's instruction where there is one. Same result on every machine.</remarks>
public static class Crc32C
{
    /// <summary>Bytes of one of the three lanes: together nearly a page.</summary>
    private const int LaneBytes = 1360;
    private const int BlockBytes = 3 * LaneBytes;

    /// <summary>What <see cref="LaneBytes"/> zeroes make of a checksum, by its four bytes: the checksum is
    /// linear.</summary>
    private static readonly uint[] Behind = MakeBehind();

    /// <summary>The checksum of <paramref name="bytes"/>, optionally continuing an earlier one.</summary>
    /// <param name="bytes">What to cover.</param>
    /// <param name="previous">The checksum so far; zero to start.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes, uint previous = 0)
    {
        uint crc = ~previous;
        while (bytes.Length >= BlockBytes)
        {
            crc = ComputeBlock(bytes[..BlockBytes], crc);
            bytes = bytes[BlockBytes..];
        }

        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            crc = BitOperations.Crc32C(crc, bytes[i]);
        }

        return ~crc;
    }

    /// <summary>
    /// Three lanes at a time: the instruction takes three cycles, and a processor can start one in each.
    /// </summary>
    private static uint ComputeBlock(ReadOnlySpan<byte> block, uint crc)
    {
        ReadOnlySpan<byte> first = block[..LaneBytes];
        ReadOnlySpan<byte> second = block.Slice(LaneBytes, LaneBytes);
        ReadOnlySpan<byte> third = block.Slice(2 * LaneBytes, LaneBytes);
        uint two = 0;
        uint three = 0;
        for (int i = 0; i <= LaneBytes - 8; i += 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(first.Slice(i, 8)));
            two = BitOperations.Crc32C(two, BinaryPrimitives.ReadUInt64LittleEndian(second.Slice(i, 8)));
            three = BitOperations.Crc32C(three, BinaryPrimitives.ReadUInt64LittleEndian(third.Slice(i, 8)));
        }

        return Shift(Shift(crc) ^ two) ^ three;
    }

    /// <summary>The checksum with a lane of zeroes behind it.</summary>
    private static uint Shift(uint crc)
    {
        ReadOnlySpan<uint> behind = Behind;
        return behind[(int)(crc & 0xFF)]
            ^ behind[(int)(0x100 + ((crc >> 8) & 0xFF))]
            ^ behind[(int)(0x200 + ((crc >> 16) & 0xFF))]
            ^ behind[(int)(0x300 + (crc >> 24))];
    }

    private static uint[] MakeBehind()
    {
        uint[] behind = new uint[4 * 256];
        for (int bit = 0; bit < 32; bit++)
        {
            uint crc = 1u << bit;
            for (int i = 0; i < LaneBytes; i += 8)
            {
                crc = BitOperations.Crc32C(crc, 0UL);
            }

            int table = bit / 8 * 256;
            for (int value = 0; value < 256; value++)
            {
                behind[table + value] ^= ((value >> (bit % 8)) & 1) == 0 ? 0 : crc;
            }
        }

        return behind;
    }
}
