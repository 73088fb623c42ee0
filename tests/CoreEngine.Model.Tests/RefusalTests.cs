// Goal: every refusal names what is missing, what cannot be known, what is at risk and what to do (S2-04).
// Method: every code is walked; a code added without its row fails.
using System;
using System.Linq;
using Xunit;

namespace CoreEngine.Model.Tests;

public class RefusalTests
{
    public static TheoryData<RefusalCode> Codes =>
        new(Enum.GetValues<RefusalCode>().Where(code => code != RefusalCode.None));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_all_four_fields(RefusalCode code)
    {
        var refusal = new Refusal(code, 41, 97);
        Assert.False(string.IsNullOrWhiteSpace(refusal.MissingEvidence));
        Assert.False(string.IsNullOrWhiteSpace(refusal.CannotKnow));
        Assert.False(string.IsNullOrWhiteSpace(refusal.AtRisk));
        Assert.False(string.IsNullOrWhiteSpace(refusal.Statement));
        Assert.DoesNotContain('{', refusal.Statement);
        Assert.StartsWith($"{code}: ", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RefusalCode.NotLeader, "leader: 41;")]
    [InlineData(RefusalCode.QueueFull, "41 proposals")]
    [InlineData(RefusalCode.UncommittedFull, "41 bytes")]
    [InlineData(RefusalCode.EntryTooLarge, "41 bytes, the limit is 97;")]
    [InlineData(RefusalCode.Superseded, "term 97 holds index 41;")]
    [InlineData(RefusalCode.NoQuorum, "within 41 ms;")]
    [InlineData(RefusalCode.LinkFull, "leader 41 ")]
    [InlineData(RefusalCode.DiskStalled, "for 41 ms,")]
    [InlineData(RefusalCode.LogDamaged, "entry 41 back")]
    [InlineData(RefusalCode.LeaseNotHeld, "leader: 41;")]
    [InlineData(RefusalCode.NotFresh, "41 ms old (0: not known), the read allows 97 ms")]
    [InlineData(RefusalCode.NotReached, "applied 41, the read needs 97;")]
    [InlineData(RefusalCode.NoHistory, "at index 41 cannot be given")]
    public void A_statement_holds_its_arguments(RefusalCode code, string part) =>
        Assert.Contains(part, new Refusal(code, 41, 97).Statement, StringComparison.Ordinal);

    [Fact]
    public void No_two_codes_say_the_same() => Assert.Equal(
        Codes.Count,
        Enum.GetValues<RefusalCode>().Skip(1).Select(code => new Refusal(code).Statement).Distinct().Count());

    [Fact]
    public void The_default_is_no_refusal() => Assert.Equal(RefusalCode.None, default(Refusal).Code);

    [Fact]
    public void The_default_outcome_is_unknown() => Assert.Equal(Outcome.Unknown, default);
}
