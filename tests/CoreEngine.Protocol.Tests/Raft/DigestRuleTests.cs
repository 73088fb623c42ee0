using System;
using System.Linq;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>
/// Goal: who stops when states differ (raft.md S59). Method: a table of counts, against a plain second statement over
/// all small cases; points and bodies by example.
/// </summary>
public sealed class DigestRuleTests
{
    [Theory]
    [InlineData(1, new ulong[] { 1 }, 3, DigestVerdict.Open, false)]
    [InlineData(1, new ulong[] { 1, 1 }, 3, DigestVerdict.Agreed, false)]
    [InlineData(1, new ulong[] { 1, 2 }, 3, DigestVerdict.Open, true)]
    [InlineData(1, new ulong[] { 1, 2, 2 }, 3, DigestVerdict.Minority, true)]
    [InlineData(1, new ulong[] { 1, 2, 1 }, 3, DigestVerdict.Agreed, true)]
    [InlineData(1, new ulong[] { 1, 2, 3 }, 3, DigestVerdict.Tie, true)]
    [InlineData(1, new ulong[] { 1, 2 }, 2, DigestVerdict.Tie, true)]
    [InlineData(1, new ulong[] { 1, 1, 2, 2 }, 4, DigestVerdict.Tie, true)]
    [InlineData(1, new ulong[] { 1, 1, 2, 2 }, 5, DigestVerdict.Open, true)]
    [InlineData(1, new ulong[] { 1, 1, 2, 2, 2 }, 5, DigestVerdict.Minority, true)]
    [InlineData(9, new ulong[] { 1, 1 }, 3, DigestVerdict.Minority, true)]
    public void Judge_CountsAgainstAllVoters(
        ulong own, ulong[] heard, int voters, object verdict, bool differs)
    {
        DigestFinding finding = DigestRule.Judge(own, heard, voters);
        Assert.Equal(((DigestVerdict)verdict, differs), (finding.Verdict, finding.Differs));
    }

    [Fact]
    public void Judge_IsMinorityExactlyWhenMoreThanHalfHoldAnotherValue() => Prop.ForAll<byte[], byte>((bytes, more) =>
    {
        ulong[] heard = [.. bytes.Take(7).Select(static value => (ulong)(value % 3))];
        int voters = heard.Length + (more % 3);
        DigestFinding finding = DigestRule.Judge(0, heard, voters);
        bool isOutvoted = heard.Where(static value => value != 0)
            .GroupBy(static value => value).Any(same => same.Count() * 2 > voters);
        Assert.Equal(isOutvoted, finding.Verdict == DigestVerdict.Minority);
        Assert.Equal(heard.Any(static value => value != 0), finding.Differs);
        Assert.True(finding.Verdict != DigestVerdict.Tie || finding.Differs);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Board_KeepsTheNewestPointsAndForgetsWhenTheStateIsReplaced()
    {
        var board = new DigestBoard(4);
        Assert.Null(board.Open(6));
        DigestPoint early = board.Open(8)!;
        early.Own = 1;
        Assert.Same(early, board.Open(8));
        DigestPoint late = board.Open(8 + (16 * 4))!;
        Assert.Null(late.Own);
        Assert.Null(board.Open(8));
        late.Own = 5;
        board.Clear();
        Assert.Null(board.Open(8 + (16 * 4))!.Own);
    }

    [Fact]
    public void Point_CountsEachMemberOnceAndNobodyElse()
    {
        Configuration members = Configuration.OfVoters([1, 2, 3]);
        DigestPoint point = new DigestBoard(1).Open(1)!;
        point.Own = 1;
        point.Hear(2, 7);
        point.Hear(2, 7);
        point.Hear(9, 7);
        Assert.Equal(DigestVerdict.Open, point.Judge(1, members).Verdict);
        point.Hear(3, 7);
        Assert.Equal(new DigestFinding(DigestVerdict.Minority, true, 7), point.Judge(1, members));
    }

    [Fact]
    public void Body_ReadsWhatWasWrittenAndNothingElse()
    {
        byte[] bytes = new byte[DigestBody.Bytes];
        var body = new DigestBody(0x0102030405060708, 9, DigestKind.Answer);
        body.Write(bytes);
        Assert.Equal("0807060504030201" + "0900000000000000" + "0200000000000000", Convert.ToHexString(bytes));
        Assert.True(DigestBody.TryRead(bytes, out DigestBody read));
        Assert.Equal(body, read);
        Assert.False(DigestBody.TryRead(bytes.AsSpan(1), out _));
        bytes[16] = 3;
        Assert.False(DigestBody.TryRead(bytes, out _));
        (body with { Index = 0 }).Write(bytes);
        Assert.False(DigestBody.TryRead(bytes, out _));
    }
}
