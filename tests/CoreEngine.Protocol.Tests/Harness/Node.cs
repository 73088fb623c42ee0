using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Protocol.Tests.Harness;

/// <summary>One replica with its core, disk and clock, honouring the outputs as the engine's loop does.</summary>
internal sealed class Node
{
    private readonly Cluster _cluster;
    private RaftOptions _options;
    private readonly List<(ulong Ticket, Mail Mail)> _held = [];
    private readonly Outputs _outputs = new();
    private int _life;

    internal Node(Cluster cluster, RaftOptions options)
    {
        _cluster = cluster;
        _options = options;
        Core = Start();
    }

    internal uint Id => _options.Replica;

    internal RaftOptions Options => _options;

    internal RaftCore Core { get; private set; }

    internal Disk Disk { get; private set; } = new();

    internal bool IsUp { get; private set; } = true;

    /// <summary>This replica's own clock.</summary>
    internal long NowNs { get; set; } = 1_000_000_000;

    internal List<LoadRequest> Loads { get; } = [];

    internal Dictionary<uint, (ulong First, byte[] Bytes)> Windows { get; } = [];

    internal List<ReadOutcome> Reads { get; } = [];

    internal List<TransferOutcome> Transfers { get; } = [];

    internal ReceiveResult LastResult { get; private set; }

    internal int PersistItems { get; private set; }

    internal RaftState State => Core.State;

    internal ulong Commit => Core.Frontiers.Committed;

    internal ulong Durable => Core.Frontiers.Durable;

    internal ulong LastIndex => Core.Log.LastIndex;

    internal Role Role => Core.Status.Role;

    internal void Tick() => Turn(static (_, _) => { });

    internal ReceiveResult Deliver(Mail mail)
    {
        Turn((core, outputs) => LastResult = core.Receive(new Message(mail.Header, mail.Body), outputs));
        return LastResult;
    }

    internal ProposeResult Propose(params string[] commands)
    {
        ProposeResult result = default;
        byte[] batch = Batch(commands);
        Turn((core, outputs) => result = core.Propose(new ProposalReader(batch), outputs));
        return result;
    }

    internal ChangeResult Change(MemberChange change)
    {
        ChangeResult result = default;
        Turn((core, outputs) => result = core.ChangeMembers(change, outputs));
        return result;
    }

    internal ChangeResult Force()
    {
        ChangeResult result = default;
        Turn((core, outputs) => result = core.ForceRecovery(outputs));
        return result;
    }

    /// <summary>The directory is lost: another life begins under the same number.</summary>
    internal void Wipe(ulong incarnation)
    {
        Disk = new Disk();
        _options = _options with { Incarnation = incarnation };
    }

    /// <summary>The next write, or all of them, becomes durable.</summary>
    internal void Persist(int writes = int.MaxValue)
    {
        for (int i = 0; i < writes && Disk.HasStaged; i++)
        {
            PersistThrough(Disk.NextStaged);
        }
    }

    internal void PersistThrough(ulong ticket)
    {
        Disk.Complete(ticket);
        foreach ((ulong after, Mail mail) in _held)
        {
            if (after <= ticket)
            {
                _cluster.Post(this, mail);
            }
        }

        _held.RemoveAll(item => item.Ticket <= ticket);
        Turn((core, outputs) => core.Persisted(ticket, outputs));
    }

    internal void Read(params ulong[] ids) => Turn((core, outputs) =>
    {
        foreach (ulong id in ids)
        {
            core.Read(id, outputs);
        }
    });

    internal void Transfer(ulong id, uint target, long withinMs) =>
        Turn((core, outputs) => core.Transfer(id, target, withinMs * 1_000_000, outputs));

    internal void ReadBy(ReadKind kind, ulong id)
    {
        if (kind != ReadKind.Key)
        {
            _cluster.NoteFloor(id);
        }

        Turn((core, outputs) => core.Read(id, outputs, kind));
    }

    internal void Link(uint peer, bool connected) =>
        Turn((core, outputs) => core.LinkChanged(peer, connected, outputs));

    internal void AnswerLoads()
    {
        LoadRequest[] loads = [.. Loads];
        Loads.Clear();
        foreach (LoadRequest load in loads)
        {
            List<byte> bytes = [];
            ulong last = load.First - 1;
            for (; last < load.Last && last < (ulong)Disk.Visible.Count; last++)
            {
                byte[] record = Disk.Visible[(int)last];
                if (bytes.Count > 0 && bytes.Count + record.Length > load.BytesMax)
                {
                    break;
                }

                bytes.AddRange(record);
            }

            Windows[load.Peer] = (load.First, bytes.ToArray());
            Turn((core, outputs) => core.Loaded(load.Peer, load.First, last, outputs));
        }
    }

    internal void Crash()
    {
        Invariant.Holds(IsUp);
        IsUp = false;
        Disk.Crash();
        _held.Clear();
        Loads.Clear();
        Windows.Clear();
        Reads.Clear();
    }

    internal void Restart()
    {
        Core = Start();
        IsUp = true;
    }

    internal void Turn(Action<RaftCore, Outputs> step)
    {
        Invariant.Holds(IsUp);
        Core.Tick(NowNs, NowNs, _outputs);
        step(Core, _outputs);
        Drain();
        _cluster.Check(this);
    }

    internal static byte[] Batch(params string[] commands)
    {
        List<byte> batch = [];
        foreach (string command in commands)
        {
            byte[] payload = System.Text.Encoding.UTF8.GetBytes(command);
            byte[] proposal = new byte[ProposalReader.SizeOf(payload.Length)];
            ProposalReader.Write(proposal, default, payload);
            batch.AddRange(proposal);
        }

        return batch.ToArray();
    }

    private RaftCore Start()
    {
        _life++;
        RaftOptions options = _options with { Seed = (_options.Seed * 1000) + (ulong)_life };
        LogSuffix log = Disk.Recover(_options.Group, _cluster.CapacityBytes, _cluster.ChunkBytes);
        if (Disk.First is not null)
        {
            options = options with { First = Disk.First };
        }

        return new RaftCore(options, new RaftRecovery(Disk.Term, Disk.Vote, Disk.Commit, log));
    }

    private void Drain()
    {
        foreach (ref readonly PersistItem item in _outputs.Persist)
        {
            PersistItems++;
            Disk.Stage(item, Core.Log);
            if (item.Kind == PersistKind.Entries)
            {
                Core.Log.ReleaseThrough(item.Last);
            }
        }

        foreach (ref readonly OutboundMessage message in _outputs.SendNow)
        {
            _cluster.Post(this, Gather(message));
        }

        for (int i = 0; i < _outputs.SendAfterDurable.Length; i++)
        {
            _held.Add((_outputs.SendAfterDurableTickets[i], Gather(_outputs.SendAfterDurable[i])));
        }

        CommitCertificate proof = _outputs.CommitProof;
        if (proof.IsValid)
        {
            _cluster.OnCommitted(this, proof);
            Turnless(core => core.Applied(proof.Index, _outputs));
        }

        Transfers.AddRange(_outputs.Transfers);
        Reads.AddRange(_outputs.Reads);
        _cluster.OnReads(_outputs.Reads);
        Loads.AddRange(_outputs.Loads);
        _outputs.Clear();
    }

    private void Turnless(Action<RaftCore> step) => step(Core);

    private Mail Gather(in OutboundMessage message)
    {
        MessageBody fixedPart = message.Body;
        ReadOnlySpan<byte> body = fixedPart;
        ReadOnlySpan<byte> entries = message.Source switch
        {
            EntrySource.Suffix => Core.Log.Bytes(message.FirstEntry, message.EntryCount),
            EntrySource.Window => Windows[message.Header.To].Bytes,
            _ => default,
        };
        return new Mail(message.Header, [.. body[..message.BodyLength], .. entries]);
    }
}
