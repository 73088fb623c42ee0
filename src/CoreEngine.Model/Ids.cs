using System;
using System.Buffers.Binary;
using System.Globalization;

namespace CoreEngine.Model;

/// <summary>
/// Names a cluster: 16 bytes, random at format. A frame or a directory of another cluster is refused.
/// </summary>
/// <param name="High">The first eight bytes, big endian as printed.</param>
/// <param name="Low">The last eight bytes.</param>
public readonly record struct ClusterId(ulong High, ulong Low)
{
    /// <summary>Bytes of the binary form.</summary>
    public const int Bytes = 16;

    /// <summary>Reads the binary form.</summary>
    /// <param name="source">At least <see cref="Bytes"/> bytes.</param>
    public static ClusterId Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source),
        BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Reads the printed form: 32 hexadecimal digits.</summary>
    /// <returns>False when the text is something else.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out ClusterId cluster)
    {
        cluster = default;
        if (text.Length != 32
            || !ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high)
            || !ulong.TryParse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low))
        {
            return false;
        }

        cluster = new ClusterId(high, low);
        return true;
    }

    /// <summary>Writes the binary form.</summary>
    /// <param name="target">At least <see cref="Bytes"/> bytes.</param>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, High);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Low);
    }

    /// <summary>The 32 hexadecimal digits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}
