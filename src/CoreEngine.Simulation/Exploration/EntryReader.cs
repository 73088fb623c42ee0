using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Exploration;

/// <summary>Between records and the commands of an exploration.</summary>
internal static class EntryReader
{
    /// <summary>Term and command of the record at the start.</summary>
    internal static LogItem Read(ReadOnlySpan<byte> records, out int size)
    {
        RecordHeader header = RecordHeader.Read(records);
        size = RecordHeader.SizeOf(header.BodyLength);
        Invariant.Holds(EntryCodec.TryRead(header, records[..size], out Entry entry));
        if ((entry.Flags & EntryFlags.Configuration) != 0)
        {
            Invariant.Holds(ConfigurationBody.TryRead(entry.Payload, header.Index, out Configuration configuration));
            return new LogItem(header.Term, ConfigurationCode.Of(configuration));
        }

        return new LogItem(
            header.Term, entry.Payload.IsEmpty ? 0 : BinaryPrimitives.ReadInt32LittleEndian(entry.Payload));
    }

    /// <summary>A batch of one command.</summary>
    internal static byte[] Batch(int command)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(payload, command);
        byte[] batch = new byte[ProposalReader.SizeOf(payload.Length)];
        ProposalReader.Write(batch, default, payload);
        return batch;
    }
}
