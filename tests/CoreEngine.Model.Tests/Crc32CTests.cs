// Goal: the checksum is CRC-32C, whole or in pieces, at every length and alignment.
// Method: the vectors of RFC 3720 B.4, and a bitwise reference written from the polynomial.
using System;
using System.Linq;
using Xunit;

namespace CoreEngine.Model.Tests;

public class Crc32CTests
{
    [Fact]
    public void It_matches_the_vectors_of_rfc_3720()
    {
        byte[] ascending = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute([.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(ascending));
        Assert.Equal(0x113FDB5Cu, Crc32C.Compute([.. ascending.Reverse()]));
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0u, Crc32C.Compute([]));
    }

    [Fact]
    public void In_pieces_it_is_the_same_at_every_cut()
    {
        byte[] bytes = Bytes(67);
        uint whole = Crc32C.Compute(bytes);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(whole, Crc32C.Compute(bytes.AsSpan(cut), Crc32C.Compute(bytes.AsSpan(0, cut))));
        }
    }

    [Fact]
    public void It_matches_the_bitwise_reference_at_every_length_and_alignment()
    {
        byte[] bytes = Bytes(96);
        for (int start = 0; start < 9; start++)
        {
            for (int length = 0; length <= bytes.Length - start; length++)
            {
                ReadOnlySpan<byte> part = bytes.AsSpan(start, length);
                Assert.Equal(Reference(part), Crc32C.Compute(part));
            }
        }
    }

    [Fact]
    public void It_matches_the_bitwise_reference_where_it_works_in_lanes()
    {
        byte[] bytes = Bytes(3 * 4096);
        foreach (int length in new[] { 4079, 4080, 4081, 4092, 4096, 8159, 8160, 8161, 12_288 })
        {
            ReadOnlySpan<byte> part = bytes.AsSpan(bytes.Length - length, length);
            uint expected = Reference(part);
            Assert.Equal(expected, Crc32C.Compute(part));
            Assert.Equal(expected, Crc32C.Compute(part[100..], Crc32C.Compute(part[..100])));
        }
    }

    private static uint Reference(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static byte[] Bytes(int length)
    {
        var prng = new Prng(3);
        return [.. Enumerable.Range(0, length).Select(_ => (byte)prng.Between(0, 256))];
    }
}
