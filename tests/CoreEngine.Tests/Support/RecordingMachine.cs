using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

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

    public ISnapshot Capture() => new View([.. Heads.OrderBy(static head => head.Key)], StateDigest);

    public async ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        System.IO.Pipelines.ReadResult read;
        do
        {
            read = await reader.ReadAsync(cancellationToken);
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        while (!read.IsCompleted);

        read = await reader.ReadAsync(cancellationToken);
        byte[] bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer);
        reader.AdvanceTo(read.Buffer.End);
        Heads.Clear();
        StateDigest = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        for (int at = 8; at < bytes.Length; at += 16)
        {
            Heads.Add(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at + 8)));
        }
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

    /// <summary>The digest, then index and head of every command.</summary>
    private sealed class View(KeyValuePair<ulong, ulong>[] heads, ulong digest) : ISnapshot
    {
        public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(8), digest);
            writer.Advance(8);
            foreach ((ulong index, ulong head) in heads)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(16), index);
                BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(16)[8..], head);
                writer.Advance(16);
            }

            _ = await writer.FlushAsync(cancellationToken);
        }
    }
}
