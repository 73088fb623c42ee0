// Goal: compressed chunks come back byte for byte by either decoder, and no damaged or made-up one is ever taken, read
// beyond or written beyond. Method: seeded contents of many kinds and lengths; every flip and cut of sealed chunks;
// blocks written by hand, valid and not; the library and the managed decoder are each other's oracle.
using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using CoreEngine.IO.Snapshots;
using Xunit;

namespace CoreEngine.IO.Tests.Snapshots;

public class Lz4BlockTests
{
    /// <summary>The library is optional: where it is missing, what it makes cannot be tested.</summary>
    private static bool HasLibrary => SnapshotCodecs.MissingReason.Length == 0;

    [Fact]
    public void Chunks_come_back_whatever_they_hold()
    {
        var random = new Random(1);
        for (int round = 0; round < 400; round++)
        {
            byte[] raw = Contents(random, round % 5, Length(random, round));
            byte[] target = new byte[raw.Length];
            SnapshotCodec codec = SnapshotCodecs.Compress(SnapshotCodec.Lz4, raw, target, out int stored);
            Assert.Equal(codec == SnapshotCodec.None, stored == raw.Length);
            Assert.True(HasLibrary || codec == SnapshotCodec.None);
            byte[] back = new byte[raw.Length];
            Assert.True(SnapshotCodecs.TryRestore(codec, target.AsSpan(0, stored), back), $"round {round}");
            Assert.Equal(raw, back);
            if (codec == SnapshotCodec.Lz4)
            {
                byte[] managed = new byte[raw.Length];
                Assert.True(Lz4Block.TryRestoreManaged(target.AsSpan(0, stored), managed), $"round {round}");
                Assert.Equal(raw, managed);
            }
        }
    }

    [Fact]
    public void What_does_not_shrink_is_stored_as_it_is_and_what_does_shrinks()
    {
        byte[] noise = Contents(new Random(2), 0, 4096);
        byte[] target = new byte[4096];
        Assert.Equal(SnapshotCodec.None, SnapshotCodecs.Compress(SnapshotCodec.Lz4, noise, target, out int stored));
        Assert.Equal(4096, stored);
        byte[] zeroes = new byte[4096];
        SnapshotCodec codec = SnapshotCodecs.Compress(SnapshotCodec.Lz4, zeroes, target, out stored);
        Assert.Equal(HasLibrary, codec == SnapshotCodec.Lz4);
        Assert.Equal(HasLibrary, stored < 100);
    }

    [Fact]
    public void No_flipped_bit_and_no_cut_of_a_sealed_chunk_is_taken()
    {
        byte[] raw = Contents(new Random(3), 2, 600);
        byte[] chunk = new byte[SnapshotFormat.SlabBytes];
        SnapshotCodec codec = SnapshotCodecs.Compress(
            SnapshotCodec.Lz4, raw, chunk.AsSpan(SnapshotChunk.HeaderBytes), out int stored);
        SnapshotChunk sealedChunk =
            SnapshotChunk.Seal(chunk, SnapshotSection.Machine, codec, ordinal: 7, stored, raw.Length);
        Assert.True(SnapshotChunk.TryRead(chunk, out _, out _));
        int covered = SnapshotChunk.HeaderBytes + stored;
        for (int bit = 0; bit < covered * 8; bit++)
        {
            chunk[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(SnapshotChunk.TryRead(chunk, out _, out _), $"bit {bit}");
            chunk[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < sealedChunk.Size; length++)
        {
            Assert.False(SnapshotChunk.TryRead(chunk.AsSpan(0, length), out _, out _), $"length {length}");
        }
    }

    [Theory]
    [InlineData(1, 100, 100)]
    [InlineData(1, 101, 100)]
    [InlineData(1, 10, SnapshotFormat.ChunkBytesMax + 1)]
    [InlineData(1, 10, int.MaxValue)]
    [InlineData(1, 10, -1)]
    [InlineData(1, -1, 10)]
    [InlineData(0, 99, 100)]
    [InlineData(2, 10, 100)]
    public void Sizes_that_make_no_sense_are_refused_before_anything_is_reserved(
        byte codec, int stored, int raw)
    {
        byte[] chunk = new byte[4096];
        _ = SnapshotChunk.Seal(chunk, SnapshotSection.Machine, SnapshotCodec.None, 0, 64, 64);
        chunk[5] = codec;
        BitConverter.TryWriteBytes(chunk.AsSpan(12), stored);
        BitConverter.TryWriteBytes(chunk.AsSpan(16), raw);
        Assert.False(SnapshotChunk.TryReadHeader(chunk, out _));
    }

    [Theory]
    [InlineData("10-61", 1, "a")]
    [InlineData("14-61-01-00-10-62", 10, "aaaaaaaaab")]
    [InlineData("24-61-62-02-00-10-63", 11, "abababababc")]
    [InlineData("1F-61-01-00-00-10-62", 21, "aaaaaaaaaaaaaaaaaaaab")]
    public void Blocks_by_hand_are_read_as_the_format_says(string block, int length, string expected)
    {
        byte[] raw = new byte[length];
        Assert.True(Lz4Block.TryRestoreManaged(Hex(block), raw));
        Assert.Equal(expected, System.Text.Encoding.ASCII.GetString(raw));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("10", 1)]
    [InlineData("10-61", 2)]
    [InlineData("20-61-62", 1)]
    [InlineData("F0-FF-FF-FF", 64)]
    [InlineData("14-61-00-00-10-62", 10)]
    [InlineData("14-61-02-00-10-62", 10)]
    [InlineData("14-61-01", 10)]
    [InlineData("14-61-01-00", 9)]
    [InlineData("1F-61-01-00", 64)]
    [InlineData("1F-61-01-00-FF-FF-FF-00-10-62", 64)]
    public void Blocks_that_lie_are_refused(string block, int length) =>
        Assert.False(Lz4Block.TryRestoreManaged(Hex(block), new byte[length]));

    [Fact]
    public void Damaged_blocks_never_leave_their_bounds_and_both_decoders_agree_on_what_they_take()
    {
        if (!HasLibrary)
        {
            return;
        }

        var random = new Random(4);
        int taken = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] raw = Contents(random, 1 + (round % 4), random.Next(20, 400));
            byte[] block = new byte[raw.Length];
            int stored = Lz4Block.Compress(raw, block);
            block[random.Next(int.Max(stored, 1))] ^= (byte)(1 << random.Next(8));
            int cut = random.Next(4) == 0 ? random.Next(stored + 1) : stored;

            // Guards behind both buffers: the decoders are told the lengths, not where the arrays end.
            byte[] native = Guarded(raw.Length);
            byte[] managed = Guarded(raw.Length);
            bool byNative = Lz4Block.TryRestore(block.AsSpan(0, cut), native.AsSpan(0, raw.Length));
            bool byManaged = Lz4Block.TryRestoreManaged(block.AsSpan(0, cut), managed.AsSpan(0, raw.Length));
            Assert.All(native[raw.Length..], static guard => Assert.Equal(0xA5, guard));
            Assert.All(managed[raw.Length..], static guard => Assert.Equal(0xA5, guard));
            if (byNative && byManaged)
            {
                taken++;
                Assert.Equal(native, managed);
            }
        }

        // A flipped literal is a valid block of other bytes: only the chunk's checksum can tell.
        Assert.InRange(taken, 100, 3900);
    }

    [Fact]
    public void The_library_shows_nothing_of_what_is_linked_into_it()
    {
        string built = Path.Combine(
            AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libcoreengine_native.so");
        if (!HasLibrary || !File.Exists(built))
        {
            return;
        }

        // Another LZ4 in the host's process must neither take our calls nor give way to ours.
        nint library = NativeLibrary.Load(built);
        Assert.True(NativeLibrary.TryGetExport(library, "ce_lz4_compress", out _));
        Assert.False(NativeLibrary.TryGetExport(library, "LZ4_compress_default", out _));
        NativeLibrary.Free(library);
    }

    private static byte[] Guarded(int length)
    {
        byte[] buffer = new byte[length + 64];
        buffer.AsSpan(length).Fill(0xA5);
        return buffer;
    }

    private static int Length(Random random, int round) => round switch
    {
        < 40 => round + 1,
        < 380 => random.Next(1, 4096),
        _ => SnapshotFormat.ChunkBytesMax - random.Next(3),
    };

    private static byte[] Contents(Random random, int kind, int length)
    {
        byte[] raw = new byte[length];
        switch (kind)
        {
            case 0:
                random.NextBytes(raw);
                break;
            case 1:
                raw.AsSpan().Fill((byte)random.Next(256));
                break;
            case 2:
                // Words of a small alphabet: short and long matches at many distances.
                for (int i = 0; i < length; i++)
                {
                    raw[i] = i >= 64 && random.Next(8) != 0 ? raw[i - random.Next(1, 64)] : (byte)random.Next(97, 101);
                }

                break;
            case 3:
                for (int i = 0; i < length; i++)
                {
                    raw[i] = (byte)(i % (1 + (length % 7)));
                }

                break;
            default:
                // Half noise, half repetition.
                random.NextBytes(raw.AsSpan(0, length / 2));
                raw.AsSpan(0, length / 2).CopyTo(raw.AsSpan(length / 2));
                break;
        }

        return raw;
    }

    private static byte[] Hex(string text) => text.Length == 0
        ? []
        : [.. text.Split('-').Select(static part => Convert.ToByte(part, 16))];
}
