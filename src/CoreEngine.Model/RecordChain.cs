using System;
using System.Buffers.Binary;

namespace CoreEngine.Model;

/// <summary>The checksum of several records: over their own checksums, in order.</summary>
public static class RecordChain
{
    /// <summary>The checksum of a run that is longer by one record.</summary>
    /// <param name="checksum">Of the run so far; 0 for an empty one.</param>
    /// <param name="record">The checksum of the record that follows.</param>
    public static uint Add(uint checksum, uint record)
    {
        Span<byte> four = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(four, record);
        return Crc32C.Compute(four, checksum);
    }
}
