using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation.Scripting;

/// <summary>
/// A world under a script: who may campaign, who may receive entries, which frames are dropped or held. What must hold
/// and does not ends in a <see cref="ScenarioException"/>; every monitor of the world watches as well.
/// </summary>
internal sealed class Script : IDisposable
{
    internal const long Millisecond = 1_000_000;
    internal const long Second = 1000 * Millisecond;
    private const uint Nobody = uint.MaxValue;
    private const long PatienceNs = 30 * Second;

    private readonly ulong[] _reach;
    private readonly List<FrameFilter> _rules = [];
    private uint _candidate;
    private uint _heard;

    internal Script(WorldOptions options)
    {
        World = new World(options);
        World.Network.Filter = Judge;
        _reach = new ulong[options.Replicas + 1];
        Array.Fill(_reach, ulong.MaxValue);
    }

    internal World World { get; }

    internal SimulatedReplica this[uint replica] => World[replica];

    /// <summary>A world that runs and in which one replica leads, everybody equal.</summary>
    internal static Script Started(WorldOptions options, uint leader = 1)
    {
        var script = new Script(options);
        script.World.StartAll();
        script.Elect(leader);
        script.UntilEqual();
        return script;
    }

    /// <exception cref="ScenarioException">It does not hold.</exception>
    internal void Holds(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref ViolationText text)
    {
        if (!holds)
        {
            Fail(text.ToString());
        }
    }

    /// <summary>Runs until the condition holds.</summary>
    /// <exception cref="ScenarioException">It did not within the virtual time.</exception>
    internal void Until(Func<bool> condition, string what, long withinNs = PatienceNs)
    {
        long end = World.Now + withinNs;
        while (!condition())
        {
            if (World.Now >= end)
            {
                Fail($"not within {withinNs / Millisecond} virtual ms: {what}");
            }

            World.Step(end);
        }
    }

    /// <summary>Runs for a while and demands that something stays true throughout.</summary>
    internal void Throughout(long nanoseconds, Func<bool> condition, string what)
    {
        long end = World.Now + nanoseconds;
        while (World.Now < end)
        {
            World.Step(end);
            if (!condition())
            {
                Fail($"did not stay true: {what}");
            }
        }
    }

    /// <summary>Adds a word about frames; the first that does not let a frame pass decides.</summary>
    /// <returns>The rule, for <see cref="Lift"/>.</returns>
    internal FrameFilter Rule(FrameFilter rule)
    {
        _rules.Add(rule);
        return rule;
    }

    /// <summary>Takes a rule back. Frames that it holds stay held.</summary>
    internal void Lift(FrameFilter rule)
    {
        bool removed = _rules.Remove(rule);
        Invariant.Holds(removed);
    }

    /// <summary>Held frames that match arrive now, oldest first.</summary>
    /// <returns>How many.</returns>
    internal int DeliverHeld(Predicate<SimulatedFrame> match)
    {
        List<SimulatedFrame> chosen = World.Network.Held.FindAll(match);
        chosen.ForEach(World.Network.DeliverHeld);
        return chosen.Count;
    }

    /// <summary>Entries reach these replicas only; heartbeats and votes reach everybody.</summary>
    internal void EntriesOnlyTo(params ReadOnlySpan<uint> receivers)
    {
        _reach.AsSpan().Clear();
        foreach (uint receiver in receivers)
        {
            _reach[receiver] = ulong.MaxValue;
        }
    }

    internal void EntriesToAll() => Array.Fill(_reach, ulong.MaxValue);

    /// <summary>Frames with entries beyond an index do not reach a replica.</summary>
    internal void EntriesUpTo(uint receiver, ulong index) => _reach[receiver] = index;

    /// <summary>Only this replica campaigns from now on; 0: anybody may.</summary>
    internal void OnlyCandidate(uint replica) => _candidate = replica;

    /// <summary>Makes a replica lead in a new term; nobody else campaigns from now on, and until it has won nobody
    /// hears another leader.</summary>
    /// <param name="isHeardAlone">False: other leaders are heard wherever the network carries them.</param>
    internal void Elect(uint replica, long withinNs = PatienceNs, bool isHeardAlone = true)
    {
        _candidate = replica;
        if (this[replica].IsLeader)
        {
            Depose(replica);
        }

        _heard = isHeardAlone ? replica : 0;
        Until(() => this[replica].IsLeader, $"replica {replica} leads", withinNs);
        _heard = 0;
    }

    /// <summary>Nobody hears a leader until it leaves leadership by itself.</summary>
    internal void Depose(uint leader)
    {
        _heard = Nobody;
        Until(() => !this[leader].IsLeader, $"replica {leader} leaves leadership");
        _heard = 0;
    }

    /// <summary>The process dies and starts again.</summary>
    internal void Restart(uint replica)
    {
        this[replica].Kill();
        this[replica].Start();
    }

    /// <summary>The leader's own entries, one message each: everybody whom entries reach holds one durably before the
    /// next one is made.</summary>
    internal void Append(uint leader, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = this[leader].ProposeAsync(World.NextValue());
            UntilSpread(leader);
        }
    }

    /// <summary>All whom entries reach hold the leader's log durably.</summary>
    internal void UntilSpread(uint leader)
    {
        ulong last = 0;
        Until(() => this[leader].Runtime.Queue.Bytes == 0, "the proposals are in the log");
        last = this[leader].Core.LastIndex;
        Until(() => AllHold(leader, last), $"entry {last} of {leader} is durable wherever it may arrive");
    }

    /// <summary>Proposes at a replica and waits for the receipt.</summary>
    internal Receipt Propose(uint replica)
    {
        Task<Receipt> receipt = this[replica].ProposeAsync(World.NextValue());
        Until(() => receipt.IsCompleted, $"a proposal at {replica} is decided");
        return receipt.Result;
    }

    /// <summary>Proposes at a replica and demands that it is committed.</summary>
    internal Receipt Commit(uint replica)
    {
        Receipt receipt = Propose(replica);
        Holds(receipt.Outcome == Outcome.Committed, $"a proposal at {replica} ended as {receipt.Outcome}");
        return receipt;
    }

    /// <summary>Cuts a link in both directions.</summary>
    internal void Cut(uint one, uint other)
    {
        World.Network.Cut(one, other);
        World.Network.Cut(other, one);
    }

    /// <summary>Whatever the script forbade is allowed again, and every frame that it holds is lost.</summary>
    /// <param name="keepsHeld">Held frames stay held.</param>
    internal void Free(bool keepsHeld = false)
    {
        World.Network.Heal();
        if (!keepsHeld)
        {
            World.Network.Held.Clear();
        }

        _rules.Clear();
        EntriesToAll();
        _candidate = 0;
    }

    /// <summary>Changes the members at a replica and waits for what became of it.</summary>
    internal MembershipOutcome Change(uint at, MembershipChange change)
    {
        Task<MembershipOutcome> asked = this[at].ChangeAsync(change);
        Until(() => asked.IsCompleted, $"a change of members at {at} is decided");
        return asked.Result;
    }

    /// <summary>Every replica knows the lives of all: only then elections begin.</summary>
    internal void UntilFounded()
    {
        foreach (SimulatedReplica replica in World.Replicas)
        {
            Until(() => replica.HasFounded, $"replica {replica.Number} knows the founders");
        }
    }

    internal void UntilLeader(long withinNs = PatienceNs) =>
        Until(() => World.Leader is not null, "a leader", withinNs);

    /// <summary>Every running member has applied the same log to its end, durably.</summary>
    internal void UntilEqual()
    {
        Until(AllEqual, "all replicas equal");
        foreach (SimulatedReplica replica in World.Replicas)
        {
            if (replica.IsRunning && World.Leader!.Core.Configuration.Find(replica.Number) is not null)
            {
                World.Trunk.CheckHolds(replica);
            }
        }
    }

    /// <summary>How many replicas lead.</summary>
    internal int Leaders()
    {
        int leaders = 0;
        foreach (SimulatedReplica replica in World.Replicas)
        {
            leaders += replica.IsLeader ? 1 : 0;
        }

        return leaders;
    }

    public void Dispose() => World.Dispose();

    private FrameFate Judge(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        foreach (FrameFilter rule in _rules)
        {
            FrameFate fate = rule(header, body);
            if (fate != FrameFate.Pass)
            {
                return fate;
            }
        }

        bool isForbidden =
            (_candidate != 0 && Frames.IsCampaign(header) && header.From != _candidate)
            || (_heard != 0 && Frames.Is(header, MessageType.AppendEntries) && header.From != _heard)
            || Frames.LastEntry(header, body) > _reach[header.To];
        return isForbidden ? FrameFate.Drop : FrameFate.Pass;
    }

    private bool AllHold(uint leader, ulong last)
    {
        foreach (SimulatedReplica replica in World.Replicas)
        {
            bool isReached = replica.Number == leader || (replica.IsRunning && _reach[replica.Number] >= last);
            if (isReached && replica.Runtime.Frontiers.Durable < last)
            {
                return false;
            }
        }

        return true;
    }

    private bool AllEqual()
    {
        SimulatedReplica? first = null;
        Configuration members = World.Leader?.Core.Configuration ?? Configuration.None;
        foreach (SimulatedReplica replica in World.Replicas)
        {
            if (!replica.IsRunning || members.Find(replica.Number) is null)
            {
                continue;
            }

            first ??= replica;
            FrontierValues values = replica.Runtime.Frontiers.Values;
            bool isEqual = values.Applied == values.Appended
                && values.Durable == values.Appended
                && values.Appended == first.Runtime.Frontiers.Appended
                && replica.Machine.StateDigest == first.Machine.StateDigest;
            if (!isEqual)
            {
                return false;
            }
        }

        return World.Leader is not null;
    }

    private void Fail(string complaint) => throw new ScenarioException($"{complaint}; {World.Scene()}");
}
