// Goal: a sealed record reads back as it was written; a flipped bit, a cut, an absurd length is refused, never thrown.
// Method: records of every small size; every bit of header and body flipped in turn; every prefix tried.
using System;
using System.Buffers.Binary;
using System.Linq;
using Xunit;

namespace CoreEngine.Model.Tests;

public class RecordHeaderTests
{
    [Fact]
    public void A_sealed_record_reads_back()
    {
        for (int length = 0; length <= 40; length++)
        {
            byte[] bytes = Sealed(length);
            Assert.True(RecordHeader.TryRead(bytes, out RecordHeader header, out ReadOnlySpan<byte> record));
            uint checksum = header.Checksum;
            Assert.Equal(
                new RecordHeader(length, RecordType.Entry, 0, 0x1234, 7, checksum, 1ul << 40, ulong.MaxValue - 3),
                header);
            Assert.True(record.SequenceEqual(bytes));
            Assert.Equal(0, record.Length % RecordHeader.Alignment);
            Assert.Equal(Body(length), record.Slice(RecordHeader.Bytes, length).ToArray());
        }
    }

    [Fact]
    public void The_bytes_on_the_medium_never_change() => Assert.Equal(
        "030000000100341207000000936991910000000000010000FCFFFFFFFFFFFFFF"
        + "0102030000000000",
        Convert.ToHexString(Sealed(3)));

    [Fact]
    public void Every_flipped_bit_of_header_and_body_is_refused()
    {
        foreach (int length in new[] { 0, 1, 8, 29 })
        {
            byte[] bytes = Sealed(length);
            for (int bit = 0; bit < 8 * (RecordHeader.Bytes + length); bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(RecordHeader.TryRead(bytes, out _, out _), $"bit {bit} of a body of {length}");
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.True(RecordHeader.TryRead(bytes, out _, out _));
        }
    }

    [Fact]
    public void Padding_is_zero_and_not_covered()
    {
        byte[] bytes = Sealed(3);
        Assert.Equal(new byte[5], bytes[^5..]);
        bytes[^1] = 1;
        Assert.True(RecordHeader.TryRead(bytes, out _, out _));
    }

    [Fact]
    public void Every_prefix_is_refused()
    {
        byte[] bytes = Sealed(29);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(RecordHeader.TryRead(bytes.AsSpan(0, length), out _, out _));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(Limits.RecordBodyBytesMax + 1)]
    public void An_absurd_length_is_refused(int bodyLength)
    {
        byte[] bytes = Sealed(29);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bodyLength);
        Assert.False(RecordHeader.TryRead(bytes, out _, out _));
    }

    [Fact]
    public void The_largest_body_is_taken()
    {
        byte[] bytes = new byte[RecordHeader.SizeOf(Limits.RecordBodyBytesMax)];
        RecordHeader.Seal(bytes, Limits.RecordBodyBytesMax, RecordType.Entry, 0, 1, 1, 1);
        Assert.True(RecordHeader.TryRead(bytes, out RecordHeader header, out _));
        Assert.Equal(Limits.RecordBodyBytesMax, header.BodyLength);
    }

    [Fact]
    public void Of_two_records_the_first_is_read()
    {
        byte[] two = [.. Sealed(5), .. Sealed(17)];
        Assert.True(RecordHeader.TryRead(two, out RecordHeader header, out ReadOnlySpan<byte> record));
        Assert.Equal(5, header.BodyLength);
        Assert.Equal(RecordHeader.SizeOf(5), record.Length);
    }

    [Fact]
    public void A_space_of_another_size_is_not_sealed()
    {
        Assert.Throws<InvariantException>(() => RecordHeader.Seal(new byte[47], 9, RecordType.Entry, 0, 0, 0, 0));
        Assert.Throws<InvariantException>(() => RecordHeader.Seal(new byte[32], -1, RecordType.Entry, 0, 0, 0, 0));
    }

    private static byte[] Sealed(int bodyLength)
    {
        byte[] bytes = new byte[RecordHeader.SizeOf(bodyLength)];
        bytes.AsSpan().Fill(0xEE);
        Body(bodyLength).CopyTo(bytes, RecordHeader.Bytes);
        RecordHeader.Seal(bytes, bodyLength, RecordType.Entry, 0x1234, 7, 1ul << 40, ulong.MaxValue - 3);
        return bytes;
    }

    private static byte[] Body(int length) => [.. Enumerable.Range(1, length).Select(i => (byte)i)];
}
