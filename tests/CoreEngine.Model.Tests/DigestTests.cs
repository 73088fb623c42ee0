// Goal: a digest is SHA-256, and its three forms (value, bytes, text) agree.
// Method: the examples of FIPS 180-4.
using System;
using System.Text;
using Xunit;

namespace CoreEngine.Model.Tests;

public class DigestTests
{
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void It_is_sha_256(string content, string digest) =>
        Assert.Equal(digest, Digest.Of(Encoding.ASCII.GetBytes(content)).ToString());

    [Fact]
    public void Written_and_read_it_is_the_same()
    {
        Digest digest = Digest.Of("abc"u8);
        byte[] bytes = new byte[Digest.Bytes];
        digest.Write(bytes);
        Assert.Equal(digest, Digest.Read(bytes));
        Assert.Equal(digest.ToString(), Convert.ToHexString(bytes), ignoreCase: true);
        bytes[31] ^= 1;
        Assert.NotEqual(digest, Digest.Read(bytes));
    }
}
