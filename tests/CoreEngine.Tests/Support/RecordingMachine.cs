using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace CoreEngine.Tests.Support;

/// <summary>
/// Remembers the head of every command by its index and replies with the command, as far as a reply may be long.
/// </summary>
/// <remarks>The command "boom" throws.</remarks>
internal sealed class RecordingMachine : IStateMachine
{
    internal const int ReplyBytesMax = 1000;

    public bool InlineSafe { get; init; } = true;

    public ulong StateDigest { get; private set; } = 14695981039346656037;

    /// <summary>Runs before every command is taken in, on the machine's thread.</summary>
    internal Action<ulong>? Before { get; init; }

    /// <summary>The first eight bytes of every command as a number, by index.</summary>
    internal Dictionary<ulong, ulong> Heads { get; } = [];

    internal static byte[] Command(ulong head, int length = 8)
    {
        byte[] command = new byte[length];
        BinaryPrimitives.WriteUInt64LittleEndian(command, head);
        return command;
    }

    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        Span<byte> head = stackalloc byte[8];
        foreach (CommittedEntry entry in batch)
        {
            Before?.Invoke(entry.Index);
            if (entry.Command.SequenceEqual("boom"u8))
            {
                throw new InvalidOperationException("the machine cannot take boom");
            }

            head.Clear();
            entry.Command[..int.Min(8, entry.Command.Length)].CopyTo(head);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(head);
            Heads.Add(entry.Index, value);
            StateDigest = unchecked(
                (((StateDigest ^ value) * 1099511628211) ^ entry.Index) + (uint)entry.Command.Length);
            if (replies.IsWanted)
            {
                replies.Reply(entry, entry.Command[..int.Min(ReplyBytesMax, entry.Command.Length)]);
            }
        }
    }
}
