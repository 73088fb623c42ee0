using System;
using System.Buffers;
using System.Buffers.Binary;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Hosting;

/// <summary>
/// A host's command behind the number by which the checkers follow it: <c>u64 value | command</c>, little endian.
/// </summary>
internal static class CommandEnvelope
{
    internal const int PrefixBytes = 8;

    internal static byte[] Seal(ulong value, ReadOnlySpan<byte> command)
    {
        byte[] sealedCommand = new byte[PrefixBytes + command.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(sealedCommand, value);
        command.CopyTo(sealedCommand.AsSpan(PrefixBytes));
        return sealedCommand;
    }

    internal static ulong ValueOf(ReadOnlySpan<byte> sealedCommand) =>
        BinaryPrimitives.ReadUInt64LittleEndian(sealedCommand);

    /// <summary>Encodes the entries of a batch again as the host proposed them.</summary>
    /// <param name="batch">Entries of sealed commands.</param>
    /// <param name="target">Takes whole records; emptied first.</param>
    /// <returns>Entries written.</returns>
    internal static int Unseal(in CommittedBatch batch, ArrayBufferWriter<byte> target)
    {
        target.ResetWrittenCount();
        int count = 0;
        foreach (CommittedEntry entry in batch)
        {
            ReadOnlySpan<byte> command = entry.Command[PrefixBytes..];
            int size = EntryCodec.RecordSize(EntryFlags.Origin, command.Length);
            EntryCodec.Write(
                target.GetSpan(size)[..size],
                0,
                entry.Index,
                entry.Term,
                entry.Stamp,
                EntryFlags.Origin,
                entry.Origin,
                command);
            target.Advance(size);
            count++;
        }

        return count;
    }
}
