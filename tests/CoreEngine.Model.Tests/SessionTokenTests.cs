// Goal: a token survives its encodings, joins to the further one, and bad bytes give no token. Method: round trips and
// every short length.
using System;
using Xunit;

namespace CoreEngine.Model.Tests;

public sealed class SessionTokenTests
{
    private static readonly SessionToken Token = new(7, 3, 41, ulong.MaxValue - 1);

    [Fact]
    public void A_token_survives_bytes_and_text()
    {
        byte[] bytes = new byte[SessionToken.Bytes];
        Token.Write(bytes);
        Assert.Equal(28, SessionToken.Bytes);
        Assert.True(SessionToken.TryRead(bytes, out SessionToken read));
        Assert.Equal(Token, read);
        Assert.True(SessionToken.TryParse(Token.ToString(), out SessionToken parsed));
        Assert.Equal(Token, parsed);
        Assert.Equal("BwAAAAMAAAAAAAAAKQAAAAAAAAD-_________w", Token.ToString());
        Assert.Equal(new LineCoordinate(7, 3, 41, ulong.MaxValue - 1), Token.Coordinate);
    }

    [Theory]
    [InlineData("")]
    [InlineData("BwAAAAMAAAAAAAAAKQAAAAAAAAD-________")]
    [InlineData("BwAAAAMAAAAAAAAAKQAAAAAAAAD-_________w__")]
    [InlineData("BwAAAAMAAAAAAAAAKQAAAAAAAAD+_________w")]
    [InlineData("AAAAAAMAAAAAAAAAKQAAAAAAAAD-_________w")]
    public void Bad_text_gives_no_token(string text) => Assert.False(SessionToken.TryParse(text, out _));

    [Fact]
    public void Bytes_of_another_length_give_no_token()
    {
        for (int length = 0; length < 40; length++)
        {
            byte[] bytes = new byte[length];
            Array.Fill(bytes, (byte)1);
            Assert.Equal(length == SessionToken.Bytes, SessionToken.TryRead(bytes, out _));
        }
    }

    [Fact]
    public void Joining_keeps_the_further_one_and_refuses_another_group()
    {
        SessionToken later = Token with { Index = Token.Index + 1 };
        Assert.Equal(later, Token.Join(later));
        Assert.Equal(later, later.Join(Token));
        Assert.Equal(Token, default(SessionToken).Join(Token));
        Assert.Equal(Token, Token.Join(default));
        Assert.Throws<ArgumentException>(() => Token.Join(Token with { Group = 8 }));
    }
}
