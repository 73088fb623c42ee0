using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Exploration;

/// <summary>A message as it travels, with its entries.</summary>
internal sealed class Letter
{
    internal required MessageHeader Header { get; init; }

    internal required byte[] Body { get; init; }

    /// <summary>Of the canonical form, by renaming.</summary>
    internal required ulong[] Hashes { get; init; }

    /// <summary>A vote, or a pre-vote, is granted.</summary>
    internal required bool IsGranted { get; init; }

    /// <summary>For people.</summary>
    internal required string Text { get; init; }

    public override string ToString() => Text;
}

/// <summary>Every distinct message that was met, by number.</summary>
/// <remarks>Two messages that no core can tell apart are one: stamps, voters of a certificate and the campaign of a
/// vote are left out of the comparison, because no decision depends on them.</remarks>
/// <param name="permutations">The renamings of the replicas.</param>
internal sealed class MessageTable(Permutations permutations)
{
    private readonly List<Letter> _letters = [];
    private readonly Dictionary<string, int> _numbers = [];
    private readonly CanonicalWriter _writer = new(permutations);

    internal int Count => _letters.Count;

    /// <summary>The renamings of the replicas.</summary>
    internal Permutations Permutations => permutations;

    internal Letter this[int message] => _letters[message];

    /// <summary>The number of a message.</summary>
    internal int Find(in MessageHeader header, byte[] body)
    {
        _writer.Start(0);
        Write(_writer, header, body);
        string key = _writer.ToKey();
        if (!_numbers.TryGetValue(key, out int number))
        {
            number = _letters.Count;
            _numbers.Add(key, number);
            _letters.Add(Make(header, body));
        }

        return number;
    }

    /// <summary>Adds what tells this message from others.</summary>
    internal static void Write(CanonicalWriter writer, in MessageHeader header, ReadOnlySpan<byte> body)
    {
        writer.Add((ulong)header.Type);
        writer.AddReplica(header.From);
        writer.AddReplica(header.To);
        writer.Add(header.Term);
        switch (header.Type)
        {
            case MessageType.PreVoteRequest:
                writer.Add(header.Sequence);
                WriteVoteRequest(writer, body);
                break;
            case MessageType.VoteRequest:
                WriteVoteRequest(writer, body);
                break;
            case MessageType.PreVoteReply:
                writer.Add(header.Sequence);
                writer.Add(IsGranted(body));
                break;
            case MessageType.VoteReply:
                writer.Add(IsGranted(body));
                break;
            case MessageType.AppendEntries:
                WriteAppend(writer, header.Group, body);
                break;
            case MessageType.InstallSnapshot:
                SnapshotImage.Read(LocalReplica.Contract, header.Group, body).Write(writer);
                break;
            case MessageType.Removed:
                writer.Add(BinaryPrimitives.ReadUInt64LittleEndian(body));
                break;
            default:
                WriteAppendReply(writer, header, body);
                break;
        }
    }

    private Letter Make(in MessageHeader header, byte[] body)
    {
        ulong[] hashes = new ulong[permutations.Count];
        for (int i = 0; i < hashes.Length; i++)
        {
            _writer.Start(i);
            Write(_writer, header, body);
            hashes[i] = _writer.ToHash();
        }

        bool isVote = header.Type is MessageType.VoteReply or MessageType.PreVoteReply;
        return new Letter
        {
            Header = header,
            Body = body,
            Hashes = hashes,
            IsGranted = isVote && IsGranted(body),
            Text = Describe(header, body),
        };
    }

    private static bool IsGranted(ReadOnlySpan<byte> body) =>
        VoteReplyBody.TryRead(body, out VoteReplyBody reply) && reply.Granted;

    private static void WriteVoteRequest(CanonicalWriter writer, ReadOnlySpan<byte> body)
    {
        Invariant.Holds(VoteRequestBody.TryRead(body, out VoteRequestBody request));
        writer.Add(request.LastIndex);
        writer.Add(request.LastTerm);
    }

    private static void WriteAppend(CanonicalWriter writer, uint group, ReadOnlySpan<byte> body)
    {
        Invariant.Holds(AppendEntriesBody.TryRead(
            body, group, out AppendEntriesBody append, out ReadOnlySpan<byte> records));
        writer.Add(append.PrevIndex);
        writer.Add(append.PrevTerm);
        writer.Add(append.Proof.Index);
        writer.Add(append.Proof.Term);
        writer.Add(append.Proof.ConfigEpoch);
        while (!records.IsEmpty)
        {
            LogItem item = EntryReader.Read(records, out int size);
            writer.Add(item.Term);
            writer.Add((ulong)item.Command);
            records = records[size..];
        }
    }

    private static void WriteAppendReply(CanonicalWriter writer, in MessageHeader header, ReadOnlySpan<byte> body)
    {
        Invariant.Holds(header.Type == MessageType.AppendReply);
        Invariant.Holds(AppendReplyBody.TryRead(body, out AppendReplyBody reply));
        writer.Add(reply.Durable);
        writer.Add(reply.Received);
        writer.Add((ulong)reply.Verdict);
        writer.Add(reply.RejectedPrev);
        writer.Add(reply.HintIndex);
        writer.Add(reply.HintTerm);
    }

    private static string Describe(in MessageHeader header, ReadOnlySpan<byte> body)
    {
        string what = header.Type switch
        {
            MessageType.PreVoteRequest or MessageType.VoteRequest when VoteRequestBody.TryRead(body, out var request) =>
                Text($"last {request.LastIndex} of t{request.LastTerm}"),
            MessageType.PreVoteReply or MessageType.VoteReply => IsGranted(body) ? "granted" : "refused",
            MessageType.AppendEntries
                when AppendEntriesBody.TryRead(body, header.Group, out var append, out var records) =>
                Text($"after {append.PrevIndex} of t{append.PrevTerm}: {Items(records)}, commit {append.Proof.Index}"),
            MessageType.AppendReply when AppendReplyBody.TryRead(body, out var reply) =>
                Text($"{reply.Verdict}, durable {reply.Durable}, received {reply.Received}"),
            MessageType.InstallSnapshot =>
                $"[{string.Join(' ', SnapshotImage.Read(LocalReplica.Contract, header.Group, body).Items)}]",
            _ => string.Empty,
        };
        return Text($"{header.Type} {header.From}->{header.To} t{header.Term} ({what})");
    }

    private static string Items(ReadOnlySpan<byte> records)
    {
        var items = new List<LogItem>();
        while (!records.IsEmpty)
        {
            items.Add(EntryReader.Read(records, out int size));
            records = records[size..];
        }

        return $"[{string.Join(' ', items)}]";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
