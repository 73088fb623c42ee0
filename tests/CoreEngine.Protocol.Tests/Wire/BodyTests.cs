using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CoreEngine.Protocol.Tests.Wire;

/// <summary>Bodies of messages: what is written is read again, and nothing else is taken for one.</summary>
public sealed class BodyTests
{
    // Goal: round trips, sizes, refusal of other lengths. Method: FsCheck makes the fields; random bytes never throw.
    [Fact]
    public void Bodies_FitIntoTheFixedPart()
    {
        Assert.All(
            new[]
            {
                VoteRequestBody.Bytes,
                VoteReplyBody.Bytes,
                AppendEntriesBody.Bytes,
                AppendReplyBody.Bytes,
                ReadIndexReplyBody.Bytes,
                TimeoutNowBody.Bytes,
                TransferBody.Bytes,
            },
            size => Assert.True(size <= MessageBody.Length && size % 8 == 0));
    }

    [Fact]
    public void VoteRequest_ReadsWhatWasWritten() => Prop.ForAll<ulong, ulong>((index, term) =>
    {
        var body = new VoteRequestBody(index | 1, term | 1, index ^ term, index > term);
        byte[] bytes = new byte[VoteRequestBody.Bytes];
        body.Write(bytes);
        Assert.True(VoteRequestBody.TryRead(bytes, out VoteRequestBody read));
        Assert.Equal(body, read);
        Assert.False(VoteRequestBody.TryRead(bytes.AsSpan(1), out _));
        new VoteRequestBody(0, 1, 1).Write(bytes);
        Assert.False(VoteRequestBody.TryRead(bytes, out _));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void VoteReply_ReadsWhatWasWritten() => Prop.ForAll<ulong, bool>((incarnation, granted) =>
    {
        var body = new VoteReplyBody(incarnation, granted);
        byte[] bytes = new byte[VoteReplyBody.Bytes];
        body.Write(bytes);
        Assert.True(VoteReplyBody.TryRead(bytes, out VoteReplyBody read));
        Assert.Equal(body, read);
        bytes[8] = 2;
        Assert.False(VoteReplyBody.TryRead(bytes, out _));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void AppendEntries_ReadsWhatWasWritten() => Prop.ForAll<uint, ulong, ulong>((prev, a, b) =>
    {
        var proof = new CommitCertificate(a, 7, b, a ^ b, a + 1 == 0 ? 1 : a, b, a);
        var body = new AppendEntriesBody(prev + 1ul, 5, 2, proof);
        byte[] bytes = new byte[AppendEntriesBody.Bytes + 3];
        body.Write(bytes);
        Assert.True(AppendEntriesBody.TryRead(bytes, 7, out AppendEntriesBody read, out ReadOnlySpan<byte> records));
        Assert.Equal(body, read);
        Assert.Equal(3, records.Length);
        Assert.False(AppendEntriesBody.TryRead(bytes.AsSpan(0, AppendEntriesBody.Bytes), 7, out _, out _));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void AppendReply_ReadsWhatWasWritten() => Prop.ForAll<uint, uint, ulong>((durable, more, hint) =>
    {
        ulong rejected = ulong.Max(hint, hint / 2);
        ulong received = durable + (ulong)more;
        var body = new AppendReplyBody(hint, durable, received, AppendVerdict.Rejected, rejected, hint / 2, more, more);
        byte[] bytes = new byte[AppendReplyBody.Bytes];
        body.Write(bytes);
        Assert.True(AppendReplyBody.TryRead(bytes, out AppendReplyBody read));
        Assert.Equal(body, read);
        (body with { Durable = body.Received + 1 }).Write(bytes);
        Assert.False(AppendReplyBody.TryRead(bytes, out _));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void ReadIndexReply_ReadsProofOrRefusal() => Prop.ForAll<ulong, ulong>((index, voters) =>
    {
        byte[] bytes = new byte[ReadIndexReplyBody.Bytes];
        var proof = new ReadCertificate(9, 7, 1, 3, index, index, voters | 1, ReadProof.QuorumBarrier);
        var body = new ReadIndexReplyBody(default, proof);
        body.Write(bytes);
        Assert.True(ReadIndexReplyBody.TryRead(bytes, 7, 3, out ReadIndexReplyBody read));
        Assert.Equal(body, read);
        body = new ReadIndexReplyBody(new Refusal(RefusalCode.NoQuorum, index, voters), default);
        body.Write(bytes);
        Assert.True(ReadIndexReplyBody.TryRead(bytes, 7, 3, out read));
        Assert.Equal(body, read);
        new ReadIndexReplyBody(default, default).Write(bytes);
        Assert.False(ReadIndexReplyBody.TryRead(bytes, 7, 3, out _));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void TransferBodies_ReadWhatWasWritten() => Prop.ForAll<uint, ulong, ulong>((target, first, second) =>
    {
        byte[] bytes = new byte[TransferBody.Bytes];
        var request = new TransferBody(target, (first >> 1) | 1, default);
        request.Write(bytes);
        Assert.True(TransferBody.TryRead(bytes, out TransferBody read));
        Assert.Equal(request, read);
        var reply = new TransferBody(target, 0, new Refusal(RefusalCode.LeadershipMoved, first, second));
        reply.Write(bytes);
        Assert.True(TransferBody.TryRead(bytes, out read));
        Assert.Equal(reply, read);
        bytes[4] = 250;
        Assert.False(TransferBody.TryRead(bytes, out _));
        var word = new TimeoutNowBody(first | 1, second);
        word.Write(bytes);
        Assert.True(TimeoutNowBody.TryRead(bytes.AsSpan(0, TimeoutNowBody.Bytes), out TimeoutNowBody told));
        Assert.Equal(word, told);
        Assert.False(TimeoutNowBody.TryRead(bytes, out _));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bodies_NeverThrowOnRandomBytes() => Prop.ForAll<byte[]>(bytes =>
    {
        byte[] sized = new byte[bytes.Length % 128];
        bytes.AsSpan(0, sized.Length).CopyTo(sized);
        _ = VoteRequestBody.TryRead(sized, out _);
        _ = VoteReplyBody.TryRead(sized, out _);
        _ = AppendEntriesBody.TryRead(sized, 7, out _, out _);
        _ = AppendReplyBody.TryRead(sized, out _);
        _ = ReadIndexReplyBody.TryRead(sized, 7, 3, out _);
        _ = TimeoutNowBody.TryRead(sized, out _);
        _ = TransferBody.TryRead(sized, out _);
    }).QuickCheckThrowOnFailure();
}
