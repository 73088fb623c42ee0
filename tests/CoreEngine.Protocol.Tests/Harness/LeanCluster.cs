using System;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Protocol.Tests.Harness;

/// <summary>Three cores that pass messages through buffers made beforehand: what allocates here is the core.</summary>
internal sealed class LeanCluster
{
    private const int BatchSize = 64;
    private const int Slots = 512;
    private const int SlotBytes = 64 * 1024;

    private readonly RaftCore[] _cores = new RaftCore[3];
    private readonly Outputs[] _outputs = new Outputs[3];
    private readonly MessageHeader[] _headers = new MessageHeader[Slots];
    private readonly byte[][] _bodies = new byte[Slots][];
    private readonly int[] _lengths = new int[Slots];
    private readonly ulong[] _tickets = new ulong[3];
    private readonly byte[] _batch;
    private int _head;
    private int _count;
    private long _now = 1_000_000_000;
    private ulong _readId;

    internal LeanCluster()
    {
        for (uint i = 0; i < 3; i++)
        {
            _cores[i] = MakeCore(i + 1, 1024 * 1024, 64 * 1024);
            _outputs[i] = new Outputs();
        }

        for (int i = 0; i < Slots; i++)
        {
            _bodies[i] = new byte[SlotBytes];
        }

        string[] commands = new string[BatchSize];
        Array.Fill(commands, "sixteen bytes...");
        _batch = Node.Batch(commands);
    }

    internal ulong Committed => _cores[0].Frontiers.Committed;

    internal ulong FirstCached => _cores[1].Log.FirstCached;

    internal int ReadsAnswered { get; private set; }

    internal static RaftCore MakeCore(uint id, int capacityBytes, int chunkBytes)
    {
        var options = new RaftOptions
        {
            Group = Cluster.Group,
            Replica = id,
            First = Configuration.OfVoters([1, 2, 3]),
            Seed = id,
            Contract = 1,
            Incarnation = id,
        };
        var log = new LogSuffix(Cluster.Group, capacityBytes, chunkBytes);
        return new RaftCore(options, new RaftRecovery(0, 0, 0, log));
    }

    internal void Run(int turns)
    {
        for (int i = 0; i < turns; i++)
        {
            _now += 1_000_000;
            for (int at = 0; at < 3; at++)
            {
                Turn(at, i);
            }
        }
    }

    private void Turn(int at, int turn)
    {
        RaftCore core = _cores[at];
        Outputs outputs = _outputs[at];
        core.Tick(_now, _now, outputs);
        if (_tickets[at] != 0)
        {
            core.Persisted(_tickets[at], outputs);
        }

        int arrived = _count;
        for (int i = 0; i < arrived; i++)
        {
            int slot = _head;
            _head = (_head + 1) % Slots;
            _count--;
            if (_headers[slot].To != (uint)at + 1)
            {
                Put(_headers[slot], _bodies[slot].AsSpan(0, _lengths[slot]), default);
                continue;
            }

            ReceiveResult result = core.Receive(
                new Message(_headers[slot], _bodies[slot].AsSpan(0, _lengths[slot])), outputs);
            Invariant.Holds(result is ReceiveResult.Accepted or ReceiveResult.Stale);
        }

        if (core.Status.Role == Role.Leader)
        {
            core.Propose(new ProposalReader(_batch), outputs);
        }

        core.Read(++_readId, outputs);
        Drain(at, core, outputs);
        Invariant.Holds(turn >= 0);
    }

    private void Drain(int at, RaftCore core, Outputs outputs)
    {
        foreach (ref readonly PersistItem item in outputs.Persist)
        {
            _tickets[at] = item.Ticket;
        }

        foreach (ref readonly OutboundMessage message in outputs.SendNow)
        {
            Send(core, message);
        }

        // Everything written in this turn is durable in the next one: what waits for it may be handed over now.
        foreach (ref readonly OutboundMessage message in outputs.SendAfterDurable)
        {
            Send(core, message);
        }

        core.Log.ReleaseThrough(core.Log.LastIndex);
        if (outputs.CommitProof.IsValid)
        {
            core.Applied(outputs.CommitProof.Index, outputs);
        }

        foreach (ref readonly ReadOutcome read in outputs.Reads)
        {
            ReadsAnswered += read.Refusal.Code == RefusalCode.None ? 1 : 0;
        }

        outputs.Clear();
    }

    private void Send(RaftCore core, in OutboundMessage message)
    {
        ReadOnlySpan<byte> entries = default;
        if (message.Source == EntrySource.Suffix)
        {
            entries = core.Log.Bytes(message.FirstEntry, message.EntryCount);
        }

        MessageBody body = message.Body;
        ReadOnlySpan<byte> head = body;
        Put(message.Header, head[..message.BodyLength], entries);
    }

    private void Put(in MessageHeader header, ReadOnlySpan<byte> head, ReadOnlySpan<byte> entries)
    {
        Invariant.Holds(_count < Slots);
        int slot = (_head + _count) % Slots;
        _headers[slot] = header;
        _lengths[slot] = head.Length + entries.Length;
        head.CopyTo(_bodies[slot]);
        entries.CopyTo(_bodies[slot].AsSpan(head.Length));
        _count++;
    }
}
