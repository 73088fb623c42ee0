using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Cli.KeyValue;

/// <summary>Which kind of reply this is. The number stands on the wire between replicas.</summary>
internal enum KeyValueReplyType : byte
{
    /// <summary>Done.</summary>
    Ok = 1,

    /// <summary>Nothing there, or nothing done.</summary>
    Nil = 2,

    /// <summary>A number.</summary>
    Integer = 3,

    /// <summary>The command was decided and changed nothing; the code says why.</summary>
    Error = 4,

    /// <summary>A value.</summary>
    Bulk = 5,
}

/// <summary>Why a command changed nothing.</summary>
internal enum KeyValueError : byte
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Its bytes make no sense.</summary>
    BadCommand = 1,

    /// <summary>The value is not a 64-bit decimal.</summary>
    NotAnInteger = 2,

    /// <summary>The sum does not fit 64 bits.</summary>
    Overflow = 3,

    /// <summary>The value would exceed <see cref="KeyValueCommand.ValueBytesMax"/>.</summary>
    ValueTooLarge = 4,

    /// <summary>The state would exceed the store's bound on memory.</summary>
    OutOfMemory = 5,
}

/// <summary>
/// A typed reply. Layout: <c>u8 type | Integer: i64 | Error: u8 code | Bulk: bytes to the end</c>, little endian.
/// </summary>
internal readonly ref struct KeyValueReply
{
    /// <summary>Bytes of the longest reply to a command; only a query returns a Bulk.</summary>
    internal const int CommandReplyBytesMax = 9;

    private KeyValueReply(KeyValueReplyType type, long integer, KeyValueError error, ReadOnlySpan<byte> bulk)
    {
        Type = type;
        Integer = integer;
        Error = error;
        Bulk = bulk;
    }

    internal readonly KeyValueReplyType Type;
    internal readonly long Integer;
    internal readonly KeyValueError Error;
    internal readonly ReadOnlySpan<byte> Bulk;

    internal static KeyValueReply Ok => new(KeyValueReplyType.Ok, 0, KeyValueError.None, default);

    internal static KeyValueReply Nil => new(KeyValueReplyType.Nil, 0, KeyValueError.None, default);

    internal static KeyValueReply Number(long value) =>
        new(KeyValueReplyType.Integer, value, KeyValueError.None, default);

    internal static KeyValueReply Refuse(KeyValueError error) => new(KeyValueReplyType.Error, 0, error, default);

    internal static KeyValueReply Value(ReadOnlySpan<byte> bytes) =>
        new(KeyValueReplyType.Bulk, 0, KeyValueError.None, bytes);

    /// <summary>Takes a reply apart. False when its bytes make no sense.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out KeyValueReply reply)
    {
        reply = default;
        if (bytes.IsEmpty)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = bytes[1..];
        switch ((KeyValueReplyType)bytes[0])
        {
            case KeyValueReplyType.Ok when rest.IsEmpty:
                reply = Ok;
                return true;
            case KeyValueReplyType.Nil when rest.IsEmpty:
                reply = Nil;
                return true;
            case KeyValueReplyType.Integer when rest.Length == sizeof(long):
                reply = Number(BinaryPrimitives.ReadInt64LittleEndian(rest));
                return true;
            case KeyValueReplyType.Error when rest.Length == 1 && IsError(rest[0]):
                reply = Refuse((KeyValueError)rest[0]);
                return true;
            case KeyValueReplyType.Bulk:
                reply = Value(rest);
                return true;
            default:
                return false;
        }
    }

    private static bool IsError(byte code) => code is > (byte)KeyValueError.None and <= (byte)KeyValueError.OutOfMemory;

    /// <summary>What a RESP client is told of an error, without the leading dash.</summary>
    internal static ReadOnlySpan<byte> TextOf(KeyValueError error) => error switch
    {
        KeyValueError.BadCommand => "ERR the command in the log makes no sense to this version"u8,
        KeyValueError.NotAnInteger => "ERR value is not an integer or out of range"u8,
        KeyValueError.Overflow => "ERR increment or decrement would overflow"u8,
        KeyValueError.ValueTooLarge => "ERR string exceeds maximum allowed size"u8,
        KeyValueError.OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'."u8,
        _ => "ERR unknown error"u8,
    };

    /// <summary>Writes the reply.</summary>
    /// <param name="target">At least <see cref="CommandReplyBytesMax"/> bytes, or 1 + the length of a Bulk.</param>
    /// <returns>Bytes written.</returns>
    internal int Write(Span<byte> target)
    {
        target[0] = (byte)Type;
        switch (Type)
        {
            case KeyValueReplyType.Integer:
                BinaryPrimitives.WriteInt64LittleEndian(target[1..], Integer);
                return 1 + sizeof(long);
            case KeyValueReplyType.Error:
                target[1] = (byte)Error;
                return 2;
            case KeyValueReplyType.Bulk:
                Bulk.CopyTo(target[1..]);
                return 1 + Bulk.Length;
            default:
                Invariant.Holds(Type is KeyValueReplyType.Ok or KeyValueReplyType.Nil);
                return 1;
        }
    }
}
