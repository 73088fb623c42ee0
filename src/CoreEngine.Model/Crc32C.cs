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
    /// <summary>The checksum of <paramref name="bytes"/>, optionally continuing an earlier one.</summary>
    /// <param name="bytes">What to cover.</param>
    /// <param name="previous">The checksum so far; zero to start.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes, uint previous = 0)
    {
        uint crc = ~previous;
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
}
