using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace CoreEngine.Model;

/// <summary>A SHA-256 digest (FIPS 180-4), held by value.</summary>
/// <param name="First">Bytes 0 to 7, big endian as printed.</param>
/// <param name="Second">Bytes 8 to 15.</param>
/// <param name="Third">Bytes 16 to 23.</param>
/// <param name="Fourth">Bytes 24 to 31.</param>
public readonly record struct Digest(ulong First, ulong Second, ulong Third, ulong Fourth)
{
    /// <summary>Bytes of the binary form.</summary>
    public const int Bytes = 32;

    /// <summary>The digest of <paramref name="content"/>. Allocates nothing.</summary>
    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        int written = SHA256.HashData(content, hash);
        Invariant.Holds(written == Bytes);
        return Read(hash);
    }

    /// <summary>Reads the binary form.</summary>
    /// <param name="source">At least <see cref="Bytes"/> bytes.</param>
    public static Digest Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source),
        BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(source[24..]));

    /// <summary>Writes the binary form.</summary>
    /// <param name="target">At least <see cref="Bytes"/> bytes.</param>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, First);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Second);
        BinaryPrimitives.WriteUInt64BigEndian(target[16..], Third);
        BinaryPrimitives.WriteUInt64BigEndian(target[24..], Fourth);
    }

    /// <summary>The 64 hexadecimal digits.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{First:x16}{Second:x16}{Third:x16}{Fourth:x16}");
}
