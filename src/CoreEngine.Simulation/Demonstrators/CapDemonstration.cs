using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Gilbert and Lynch, 2002: no register is available at every replica and linearizable while the network is cut. The
/// engine under such a cut, and beside it two registers that answer all the same.
/// </summary>
internal sealed class CapDemonstration : IDemonstration
{
    internal const string Word = "cap";
    private const int ProposalTimeoutMs = 2000;
    private const long Second = 1_000_000_000;
    private const long MillisecondNs = 1_000_000;

    private readonly HashSet<uint> _minority = [];
    private long _start;
    private long _cut;
    private long _healed;
    private RegisterClients _clients = null!;

    /// <summary>The calls of the clients.</summary>
    internal IReadOnlyList<ClientOperation> Operations => _clients.Operations;

    /// <summary>Calls made at the cut-off side during the cut, and how many of them were answered with
    /// success.</summary>
    internal int MinorityCalls { get; private set; }

    internal int MinoritySuccesses { get; private set; }

    /// <summary>The same of the other side.</summary>
    internal int MajorityCalls { get; private set; }

    internal int MajoritySuccesses { get; private set; }

    /// <summary>After the cut, every replica reads the same value.</summary>
    internal bool AgreeAfterwards { get; private set; }

    /// <summary>Successes while four replicas were cut two by two.</summary>
    internal int EvenSplitSuccesses { get; private set; }

    internal LinearizabilityVerdict Engine { get; private set; } = null!;

    internal LinearizabilityVerdict AnswerAlways { get; private set; } = null!;

    internal List<string[]> AnswerAlwaysRows { get; } = [];

    public bool Holds => Engine.Verdict == Verdict.Linearizable
        && AnswerAlways.Verdict == Verdict.Violation
        && MinoritySuccesses == 0
        && MajoritySuccesses > 0
        && EvenSplitSuccesses == 0
        && AgreeAfterwards;

    internal static CapDemonstration Run(ulong seed)
    {
        var demonstration = new CapDemonstration();
        demonstration.RunFive(seed);
        demonstration.RunFour(seed);
        demonstration.RunPair();
        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "Five replicas A to E hold one register x by the engine. The network is cut in two, the leader on the "
            + "smaller side; clients on both sides write and read. Then the network heals.");
        page.Section("What happened (virtual ms since the first write)");
        page.Table(["from", "to", "at", "side", "call", "answer"], Timeline());
        page.Gap();
        page.Say(
            $"During the cut the majority answered {MajoritySuccesses} of {MajorityCalls} calls with success, the "
            + $"minority {MinoritySuccesses} of {MinorityCalls}. With four replicas cut two by two no side has a "
            + $"majority: {EvenSplitSuccesses} successes.");
        page.Section("Beside it: two registers that always answer (a toy, not the engine)");
        page.Table(["step", "call", "answer"], AnswerAlwaysRows);
        page.Section("Verdict of the linearizability checker");
        page.Line($"engine:         {Engine.Verdict}, {Engine.Operations} operations, {Engine.Unknowns} unknown");
        page.Line($"always answers: {AnswerAlways.Verdict}");
        page.Explain(AnswerAlways.Explanation);
        page.Paragraph(
            "What it proves, and what not",
            "The engine gives up availability at the side without a majority, never consistency: a refused call surely "
            + "had no effect, an Unknown one may take effect later, and the checker was told so. The toy gives up "
            + "consistency. One run proves nothing about all runs: 'coreengine simulate' looks for the others. "
            + "Histories that diverge on purpose and converge again (DAG groups) are not in the engine yet, so their "
            + "side of the comparison is this toy.");
    }

    private void RunFive(ulong seed)
    {
        using World world = Started(seed, 5);
        uint leader = world.Leader!.Number;
        uint friend = (leader % 5) + 1;
        uint other = (friend % 5) + 1;
        uint another = (other % 5) + 1;
        _clients = new RegisterClients(world);
        _start = world.Now;
        _clients.Await(_clients.Write(leader));
        _minority.UnionWith([leader, friend]);
        Cut(world, _minority);
        _cut = world.Now;
        _clients.Write(leader);
        _clients.Read(friend);
        _clients.Write(friend);
        _clients.RunUntil(
            () => world.Leader is { } now && !_minority.Contains(now.Number), "a leader of the majority");
        _clients.Await(_clients.Write(other));
        _clients.Await(_clients.Read(another));
        _clients.Await(_clients.Write(another));
        _clients.Await(_clients.Read(other));
        _clients.Await(_clients.Read(leader));
        _clients.AwaitAll();
        Count();
        world.Network.Heal();
        _healed = world.Now;
        _clients.RunFor(Second);
        string? expected = null;
        AgreeAfterwards = true;
        for (uint replica = 1; replica <= 5; replica++)
        {
            int read = _clients.Read(replica);
            _clients.Await(read);
            expected ??= Operations[read].Answer;
            AgreeAfterwards &= Operations[read].Type == HistoryEventType.Ok && Operations[read].Answer == expected;
        }

        Engine = LinearizabilityChecker.Check(_clients.Events);
    }

    private void RunFour(ulong seed)
    {
        using World world = Started(seed, 4);
        var clients = new RegisterClients(world);
        Cut(world, [1, 2]);

        // What was under way when the cable was cut is let die before anybody asks.
        world.RunFor(Second);
        for (uint replica = 1; replica <= 4; replica++)
        {
            clients.Write(replica);
            clients.Read(replica);
        }

        clients.AwaitAll();
        foreach (ClientOperation call in clients.Operations)
        {
            EvenSplitSuccesses += call.Type == HistoryEventType.Ok ? 1 : 0;
        }
    }

    /// <summary>Two copies that forward writes to each other when they can, and answer from what they have.</summary>
    private void RunPair()
    {
        var events = new List<HistoryEvent>();
        string?[] copies = [null, null];
        bool isCut = false;
        void Call(int side, string? written)
        {
            HistoryFunction function = written is null ? HistoryFunction.Read : HistoryFunction.Write;
            events.Add(new HistoryEvent(
                events.Count, events.Count, side, HistoryEventType.Invoke, function, "x", written));
            copies[side] = written ?? copies[side];
            copies[1 - side] = isCut ? copies[1 - side] : copies[side];
            events.Add(new HistoryEvent(
                events.Count, events.Count, side, HistoryEventType.Ok, function, "x", copies[side]));
            string place = side == 0 ? "left" : "right";
            string what = written is null ? "read x" : $"write x = {written}";
            string number = (AnswerAlwaysRows.Count + 1).ToString(CultureInfo.InvariantCulture);
            string answer = written is null ? $"x = {copies[side]}" : "ok";
            AnswerAlwaysRows.Add([number, $"{place}{(isCut ? ", cut off" : string.Empty)}: {what}", answer]);
        }

        Call(0, "1");
        isCut = true;
        Call(0, "2");
        Call(1, null);
        Call(1, "3");
        Call(0, null);
        AnswerAlways = LinearizabilityChecker.Check(events);
    }

    private void Count()
    {
        foreach (ClientOperation call in Operations)
        {
            int success = call.Type == HistoryEventType.Ok ? 1 : 0;
            bool isDuring = call.Began >= _cut;
            bool isMinority = _minority.Contains(call.Replica);
            MinorityCalls += isDuring && isMinority ? 1 : 0;
            MinoritySuccesses += isDuring && isMinority ? success : 0;
            MajorityCalls += isDuring && !isMinority ? 1 : 0;
            MajoritySuccesses += isDuring && !isMinority ? success : 0;
        }
    }

    private List<string[]> Timeline()
    {
        var rows = new List<string[]>();
        foreach (ClientOperation call in Operations)
        {
            string side = call.Began < _cut ? "whole"
                : call.Began >= _healed ? "healed"
                : _minority.Contains(call.Replica) ? "minority"
                : "majority";
            string place = $"{(char)('A' + call.Replica - 1)}";
            rows.Add([Ms(call.Began), Ms(call.Ended), place, side, call.What, call.Answer]);
        }

        return rows;
    }

    private string Ms(long at) => ((at - _start) / (double)MillisecondNs).ToString("F1", CultureInfo.InvariantCulture);

    private static World Started(ulong seed, int replicas)
    {
        var world = new World(
            new WorldOptions { Seed = seed, Replicas = replicas, ProposalTimeoutMs = ProposalTimeoutMs });
        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a leader");

        // Everybody hears of the leader and of its anchor.
        world.RunFor(Second / 2);
        return world;
    }

    private static void Cut(World world, HashSet<uint> side)
    {
        foreach (SimulatedReplica from in world.Replicas)
        {
            foreach (SimulatedReplica to in world.Replicas)
            {
                if (side.Contains(from.Number) != side.Contains(to.Number))
                {
                    world.Network.Cut(from.Number, to.Number);
                }
            }
        }
    }
}
