// Goal: identities survive their binary and printed forms, bad text is refused; the limits agree with each other.
// Method: examples, valid and invalid.
using Xunit;

namespace CoreEngine.Model.Tests;

public class IdsAndLimitsTests
{
    [Fact]
    public void A_cluster_id_survives_bytes_and_text()
    {
        var id = new ClusterId(0x0123456789ABCDEF, 0xFEDCBA9876543210);
        byte[] bytes = new byte[ClusterId.Bytes];
        id.Write(bytes);
        Assert.Equal(0x01, bytes[0]);
        Assert.Equal(id, ClusterId.Read(bytes));
        Assert.Equal("0123456789abcdeffedcba9876543210", id.ToString());
        Assert.True(ClusterId.TryParse(id.ToString(), out ClusterId parsed));
        Assert.Equal(id, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdeffedcba987654321")]
    [InlineData("0123456789abcdeffedcba98765432100")]
    [InlineData("0123456789abcdeffedcba987654321g")]
    [InlineData(" 123456789abcdeffedcba9876543210")]
    public void Text_that_is_no_cluster_id_is_refused(string text) => Assert.False(ClusterId.TryParse(text, out _));

    [Fact]
    public void The_limits_agree_with_each_other() => Limits.Verify();

    [Fact]
    public void A_broken_invariant_names_its_expression()
    {
        int terms = 2;
        InvariantException thrown = Assert.Throws<InvariantException>(() => Invariant.Holds(terms == 1));
        Assert.Equal("terms == 1", thrown.Message);
    }
}
