using System;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace CoreEngine.Model;

/// <summary>
/// How far a client has come on one group's line: given to a read at any replica, it sees its own writes and never goes
/// back (Terry and others 1994).
/// </summary>
/// <remarks>
/// From a receipt (read your writes) or from a read's result (monotonic reads); <see cref="Join"/> keeps one for both.
/// 28 bytes on the wire, little endian: <c>u32 group | u64 config epoch | u64 leader epoch | u64 index</c>. Not signed:
/// a token made up costs its maker a refusal, nothing else.
/// </remarks>
/// <param name="Group">The group; 0 in a token that was never given out.</param>
/// <param name="ConfigEpoch">Configuration under which the place was proven.</param>
/// <param name="LeaderEpoch">Term of the entry at <paramref name="Index"/>: another one there means another
/// history.</param>
/// <param name="Index">A read must reflect everything up to here.</param>
public readonly record struct SessionToken(uint Group, ulong ConfigEpoch, ulong LeaderEpoch, ulong Index)
{
    /// <summary>Bytes of the encoded form.</summary>
    public const int Bytes = 28;

    /// <summary>The token of a place on a line.</summary>
    public SessionToken(in LineCoordinate place)
        : this(place.Group, place.ConfigEpoch, place.LeaderEpoch, place.Index)
    {
    }

    /// <summary>False for <c>default</c>.</summary>
    public bool IsValid => Group != 0;

    /// <summary>The place that it names.</summary>
    public LineCoordinate Coordinate => new(Group, ConfigEpoch, LeaderEpoch, Index);

    /// <summary>The one that has come further; both belong to one group, or one was never given out.</summary>
    /// <exception cref="ArgumentException">The tokens belong to different groups.</exception>
    public SessionToken Join(in SessionToken other)
    {
        if (!IsValid || !other.IsValid)
        {
            return IsValid ? this : other;
        }

        if (Group != other.Group)
        {
            throw new ArgumentException("tokens of different groups do not join; keep one for each", nameof(other));
        }

        return other.Index > Index ? other : this;
    }

    /// <summary>Writes the encoded form.</summary>
    /// <param name="target">At least <see cref="Bytes"/> bytes.</param>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Group);
        BinaryPrimitives.WriteUInt64LittleEndian(target[4..], ConfigEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(target[12..], LeaderEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(target[20..], Index);
    }

    /// <summary>Reads the encoded form. False when the length is wrong or no group is named.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SessionToken token)
    {
        token = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        token = new SessionToken(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[20..]));
        return token.IsValid;
    }

    /// <summary>Reads the text form, as <see cref="ToString"/> gives it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SessionToken token)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        token = default;
        return Base64Url.IsValid(text, out int length)
            && length == Bytes
            && Base64Url.TryDecodeFromChars(text, bytes, out int written)
            && TryRead(bytes[..written], out token);
    }

    /// <summary>38 characters that fit into a header or a URL.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
