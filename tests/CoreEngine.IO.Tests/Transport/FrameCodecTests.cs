using System;
using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>The frame codec by itself.</summary>
/// <remarks>
/// Goal: no cut of the stream changes what is read, and no damaged or hostile header gets past its first 64 bytes.
/// Method: exhaustive: every cut, every bit, every length class.
/// </remarks>
public sealed class FrameCodecTests
{
    private const ulong Hash = 0x1122334455667788;

    private static readonly FrameHeader Header = new(0x21, 0xA1B2, 3, 4, 5, 6, 7, 0xFEDCBA9876543210);

    private static FrameRules Rules => FrameRules.ForMessages(Hash);

    [Fact]
    public void Io_Transport_HeaderLayoutIsTheDocumentedOne()
    {
        byte[] frame = Frame(body: [1, 2, 3], records: [4, 5]);
        Assert.Equal(64 + 5, frame.Length);
        Assert.Equal(69u, BinaryPrimitives.ReadUInt32LittleEndian(frame));
        Assert.Equal(1, frame[8]);
        Assert.Equal(0x21, frame[9]);
        Assert.Equal(0xA1B2, BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(10)));
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(12)));
        Assert.Equal(4u, BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(16)));
        Assert.Equal(5u, BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20)));
        Assert.Equal(6ul, BinaryPrimitives.ReadUInt64LittleEndian(frame.AsSpan(24)));
        Assert.Equal(7ul, BinaryPrimitives.ReadUInt64LittleEndian(frame.AsSpan(32)));
        Assert.Equal(0xFEDCBA9876543210, BinaryPrimitives.ReadUInt64LittleEndian(frame.AsSpan(40)));
        Assert.Equal(5u, BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(48)));
        Assert.Equal(Crc32C.Compute([1, 2, 3, 4, 5]), BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(52)));
        Assert.Equal(Hash, BinaryPrimitives.ReadUInt64LittleEndian(frame.AsSpan(56)));
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(4));
        frame.AsSpan(4, 4).Clear();
        Assert.Equal(Crc32C.Compute(frame.AsSpan(0, 64)), checksum);
    }

    [Fact]
    public void Io_Transport_FramesCutAtEveryByteReadAlike()
    {
        byte[] first = Frame([1, 2, 3, 4, 5, 6, 7, 8, 9], [10, 11]);
        byte[] second = Frame([], []);
        byte[] third = Frame(Pattern(200), []);
        byte[] stream = [.. first, .. second, .. third];
        for (int cut = 0; cut <= stream.Length; cut++)
        {
            byte[] scratch = [];
            FrameReader reader = new(Pieces(stream, cut), Rules, ref scratch);
            AssertFrame(ref reader, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
            AssertFrame(ref reader, []);
            AssertFrame(ref reader, Pattern(200));
            Assert.Equal(FrameStatus.NeedMore, reader.TryRead(out _, out _, out _));
            Assert.True(reader.Rest.IsEmpty);
        }
    }

    [Fact]
    public void Io_Transport_EveryPrefixOfAFrameAsksForMore()
    {
        byte[] frame = Frame(Pattern(100), []);
        for (int length = 0; length < frame.Length; length++)
        {
            for (int cut = 0; cut <= length; cut += 7)
            {
                byte[] scratch = [];
                FrameReader reader = new(Pieces(frame[..length], cut), Rules, ref scratch);
                Assert.Equal(FrameStatus.NeedMore, reader.TryRead(out _, out _, out FrameFault fault));
                Assert.Equal(FrameFault.None, fault);
                Assert.Equal(length, reader.Rest.Length);
                Assert.Empty(scratch);
            }
        }
    }

    [Fact]
    public void Io_Transport_EveryFlippedBitIsRefused()
    {
        byte[] frame = Frame(Pattern(40), []);
        for (int bit = 0; bit < frame.Length * 8; bit++)
        {
            byte[] damaged = [.. frame];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[] scratch = [];
            FrameReader reader = new(new ReadOnlySequence<byte>(damaged), Rules, ref scratch);
            Assert.Equal(FrameStatus.Bad, reader.TryRead(out _, out ReadOnlySpan<byte> body, out FrameFault fault));
            Assert.True(body.IsEmpty);
            if (bit >= 64 * 8)
            {
                Assert.Equal(FrameFault.BodyChecksum, fault);
            }
            else
            {
                Assert.True(fault is FrameFault.Length or FrameFault.HeaderChecksum);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(Limits.FrameBytesMax + 1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    public void Io_Transport_HostileLengthIsRefusedByTheHeaderAlone(int length)
    {
        byte[] head = Frame([], [])[..64];
        BinaryPrimitives.WriteInt32LittleEndian(head, length);
        Reseal(head);
        AssertBad(head, FrameFault.Length);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(99)]
    [InlineData(101)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Io_Transport_ContradictoryBodyLengthIsRefusedByTheHeaderAlone(int length)
    {
        byte[] head = Frame(Pattern(100), [])[..64];
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(48), length);
        Reseal(head);
        AssertBad(head, FrameFault.BodyLength);
    }

    [Theory]
    [InlineData(8, 2, (byte)FrameFault.Version)]
    [InlineData(8, 0, (byte)FrameFault.Version)]
    [InlineData(9, 1, (byte)FrameFault.Type)]
    [InlineData(9, 15, (byte)FrameFault.Type)]
    [InlineData(56, 0, (byte)FrameFault.Cluster)]
    public void Io_Transport_WellSealedHeaderOfAnotherKindIsRefused(int at, byte value, byte fault)
    {
        byte[] head = Frame([], []);
        head[at] = value;
        Reseal(head);
        AssertBad(head, (FrameFault)fault);
    }

    [Fact]
    public void Io_Transport_RandomBytesNeverThrowAndAreNeverAFrame()
    {
        Prng chance = new(20260101);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[chance.Between(0, 300)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)chance.Between(0, 256);
            }

            if (bytes.Length >= 4 && chance.Chance(1, 2))
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
            }

            byte[] scratch = [];
            FrameReader reader = new(Pieces(bytes, bytes.Length / 2), Rules, ref scratch);
            FrameStatus expected = bytes.Length < 64 ? FrameStatus.NeedMore : FrameStatus.Bad;
            Assert.Equal(expected, reader.TryRead(out _, out _, out _));
        }
    }

    [Fact]
    public void Io_Transport_PipeAndSpanWritersAgreeAtEveryBlockOffset()
    {
        byte[] expected = Frame(Pattern(150), Pattern(77));
        for (int offset = 0; offset < 300; offset++)
        {
            Pipe pipe = BlockPool.NewPipe(blockBytes: 256, bytesMax: 4096, pauseAt: 0);
            pipe.Writer.Write(new byte[offset]);
            new FrameWriter(Pattern(150), Pattern(77)).WriteTo(pipe.Writer, Header, Hash);
            ValueTask<FlushResult> flushed = pipe.Writer.FlushAsync();
            Assert.True(flushed.IsCompletedSuccessfully);
            Assert.True(pipe.Reader.TryRead(out ReadResult result));
            Assert.Equal(expected, result.Buffer.Slice(offset).ToArray());
        }
    }

    [Fact]
    public void Io_Transport_HelloSurvivesTheWireAndShortOnesDoNot()
    {
        Hello hello = new(
            1, 3, Lane.Bulk, HelloRefusal.Version, 11, 12, 13, new ClusterId(14, 15), 16, 17);
        byte[] frame = new byte[Hello.FrameBytes];
        hello.WriteFrame(frame);
        byte[] scratch = [];
        FrameReader reader = new(new ReadOnlySequence<byte>(frame), FrameRules.ForHello, ref scratch);
        Assert.Equal(FrameStatus.Frame, reader.TryRead(out FrameHeader header, out ReadOnlySpan<byte> body, out _));
        Assert.Equal(11u, header.From);
        Assert.Equal(12u, header.To);
        Assert.True(Hello.TryReadBody(body, out Hello read));
        Assert.Equal(hello, read);
        Assert.False(Hello.TryReadBody(body[..^1], out _));
    }

    internal static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = unchecked((byte)((i * 31) + length));
        }

        return bytes;
    }

    internal static ReadOnlySequence<byte> Pieces(byte[] bytes, int cut)
    {
        Piece first = new(bytes.AsMemory(0, cut), 0);
        Piece last = first.Append(bytes.AsMemory(cut));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    internal static void Reseal(Span<byte> frame)
    {
        frame.Slice(4, 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Crc32C.Compute(frame[..64]));
    }

    private static byte[] Frame(byte[] body, byte[] records)
    {
        FrameWriter writer = new(body, records);
        byte[] frame = new byte[writer.FrameBytes];
        writer.WriteTo(frame, Header, Hash);
        return frame;
    }

    private static void AssertFrame(ref FrameReader reader, byte[] expected)
    {
        FrameStatus status = reader.TryRead(out FrameHeader header, out ReadOnlySpan<byte> body, out FrameFault fault);
        Assert.Equal(FrameStatus.Frame, status);
        Assert.Equal(FrameFault.None, fault);
        Assert.Equal(Header, header);
        Assert.Equal(expected, body.ToArray());
    }

    private static void AssertBad(byte[] bytes, FrameFault expected)
    {
        byte[] scratch = [];
        FrameReader reader = new(new ReadOnlySequence<byte>(bytes), Rules, ref scratch);
        Assert.Equal(FrameStatus.Bad, reader.TryRead(out _, out _, out FrameFault fault));
        Assert.Equal(expected, fault);
        Assert.Empty(scratch);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        internal Piece(ReadOnlyMemory<byte> memory, long start)
        {
            Memory = memory;
            RunningIndex = start;
        }

        internal Piece Append(ReadOnlyMemory<byte> memory)
        {
            Piece next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
