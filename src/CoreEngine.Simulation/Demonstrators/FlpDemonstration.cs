using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Fischer, Lynch and Paterson, 1985: a deterministic protocol whose processes may be arbitrarily slow has a run that
/// never decides. The graph of a small one, and the same adversary against the engine.
/// </summary>
internal sealed class FlpDemonstration : IDemonstration
{
    internal const string Word = "flp";

    /// <summary>The initial configuration of the endless run: P has 0, Q and R have 1.</summary>
    internal const int Mixed = 0b110;
    private const long MillisecondNs = 1_000_000;
    private const long SiegeNs = 30_000 * MillisecondNs;

    // Longer than any election timeout, so a vote is always too late; but it arrives.
    private const long VoteDelayNs = 700 * MillisecondNs;

    private readonly ValenceGraph _graph = new();
    private readonly List<string[]> _cycleRows = [];

    internal ValenceGraph Graph => _graph;

    /// <summary>The links of the endless run, in order; null when there is none.</summary>
    internal List<int>? Cycle { get; private set; }

    /// <summary>Terms that the engine went through while the adversary delayed its votes.</summary>
    internal ulong TermsUnderSiege { get; private set; }

    internal int LeadersUnderSiege { get; private set; }

    /// <summary>Proposals that were answered Committed meanwhile.</summary>
    internal int CommittedUnderSiege { get; private set; }

    internal long FramesDelivered { get; private set; }

    /// <summary>From the adversary's end to a committed proposal. Nanoseconds.</summary>
    internal long RecoveryNs { get; private set; }

    public bool Holds => _graph.Disagreements == 0
        && _graph.Count(0) == 0
        && _graph.Count(3) > 0
        && _graph.InitialValence(Mixed) == 3
        && Cycle is not null
        && LeadersUnderSiege + CommittedUnderSiege == 0
        && RecoveryNs > 0;

    internal static FlpDemonstration Run(ulong seed)
    {
        var demonstration = new FlpDemonstration();
        demonstration.FindCycle();
        demonstration.Besiege(seed);
        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "Can agreement be kept from ever being reached by choosing which message arrives next, although every "
            + "message arrives? Three processes P, Q, R agree on one bit by Ben-Or's protocol, with a coin that always "
            + "falls on 0, which makes it deterministic. One process may be arbitrarily slow. All orders of delivery "
            + $"are explored, up to {BenOrSystem.LinkMax} messages under way on a link.");
        page.Section("What was found");
        page.Table(
            ["configurations", "deliveries", "0-valent", "1-valent", "bivalent", "undecidable", "disagree"],
            [[
                Text(_graph.Configurations), Text(_graph.Deliveries), Text(_graph.Count(1)), Text(_graph.Count(2)),
                Text(_graph.Count(3)), Text(_graph.Count(0)), Text(_graph.Disagreements),
            ]]);
        page.Gap();
        page.Say(
            "0-valent: only 0 can still be decided; 1-valent: only 1; bivalent: both, the schedule alone will tell. "
            + "Configurations that differ only in the number of rounds passed are one.");
        page.Gap();
        page.Table(["P Q R begin with", "valence"], InitialRows());
        page.Section("An endless fair run from 0 1 1, through bivalent configurations only");
        page.Table(["step", "arrives", "afterwards"], _cycleRows);
        page.Say(
            "After the last step everything is as at the beginning, a round later. Every link delivered, so repeated "
            + "for ever every message arrives and every process goes on, and nobody decides.");
        page.Section("The same adversary against the engine");
        page.Say(
            $"Three replicas, {SiegeNs / MillisecondNs} virtual ms. The adversary delays each vote to a candidate by "
            + $"{VoteDelayNs / MillisecondNs} ms, longer than any election timeout (300 to 600 ms), and touches "
            + "nothing else. Nothing is lost, nobody crashes.");
        page.Line($"terms gone through:        {TermsUnderSiege}");
        page.Line($"frames delivered:          {FramesDelivered}");
        page.Line($"leaders:                   {LeadersUnderSiege}");
        page.Line($"proposals committed:       {CommittedUnderSiege}");
        page.Line("safety monitors:           nothing found");
        page.Line(
            $"after the adversary stops: a proposal commits within "
            + $"{(RecoveryNs / MillisecondNs).ToString(CultureInfo.InvariantCulture)} ms");
        page.Paragraph(
            "What it proves, and what not",
            "The table is complete for this protocol within the bound on the links. FLP says that every deterministic "
            + "protocol has such a run; this is one of them. The engine is no exception: it never depends on time for "
            + "safety, and does for progress. Random timeouts make the adversary's luck improbable on a network that "
            + "does not know them; coins help even against it (see 'ben-or').");
    }

    private void FindCycle()
    {
        Cycle = _graph.FairCycle(Mixed);
        var system = new BenOrSystem();
        system.Begin(Mixed);
        _cycleRows.Add(["0", "(beginning)", system.ToString()]);
        foreach (int link in Cycle ?? [])
        {
            (int from, int to) = BenOrSystem.Ends(link);
            string before = system.ToString();
            bool isDelivered = system.TryDeliver(link, static _ => 0);
            Invariant.Holds(isDelivered);
            string after = system.ToString();
            _cycleRows.Add(
            [
                Text(_cycleRows.Count),
                $"{(char)('P' + from)} to {(char)('P' + to)}",
                after == before ? "late: nothing changes" : after,
            ]);
        }
    }

    private void Besiege(ulong seed)
    {
        using var world = new World(new WorldOptions { Seed = seed, ProposalTimeoutMs = 1000 });
        world.StartAll();
        var proposals = new List<Task<Receipt>>();
        long end = world.Now + SiegeNs;
        long nextProposal = world.Now;
        while (world.Now < end)
        {
            DelayVotes(world);
            if (world.Now >= nextProposal)
            {
                nextProposal += 1000 * MillisecondNs;
                proposals.Add(world[(uint)(proposals.Count % 3) + 1].ProposeAsync(world.NextValue()));
            }

            world.Step(end);
            LeadersUnderSiege += world.Leader is null ? 0 : 1;
        }

        foreach (SimulatedReplica replica in world.Replicas)
        {
            TermsUnderSiege = ulong.Max(TermsUnderSiege, replica.Core.Term);
        }

        foreach (Task<Receipt> proposal in proposals)
        {
            CommittedUnderSiege += proposal.IsCompleted && proposal.Result.Outcome == Outcome.Committed ? 1 : 0;
        }

        FramesDelivered = world.Network.Delivered;
        world.Network.Delays.Clear();
        world.RunUntil(() => world.Leader is not null, "a leader after the siege");
        Task<Receipt> last = world.Leader!.ProposeAsync(world.NextValue());
        world.RunUntil(() => last.IsCompleted, "a decision after the siege");
        RecoveryNs = last.Result.Outcome == Outcome.Committed ? world.Now - end : 0;
    }

    /// <summary>What travels to a candidate is slow; the rest is quick.</summary>
    private static void DelayVotes(World world)
    {
        world.Network.Delays.Clear();
        foreach (SimulatedReplica replica in world.Replicas)
        {
            for (uint from = 1; replica.Core.Role == Role.Candidate && from <= 3; from++)
            {
                world.Network.Delays[(from, replica.Number)] = VoteDelayNs;
            }
        }
    }

    private List<string[]> InitialRows()
    {
        var rows = new List<string[]>();
        for (int bits = 0; bits < 1 << BenOrSystem.Processes; bits++)
        {
            string valence = _graph.InitialValence(bits) switch
            {
                1 => "0-valent",
                2 => "1-valent",
                3 => "bivalent",
                _ => "undecidable",
            };
            rows.Add([$"{bits & 1} {(bits >> 1) & 1} {bits >> 2}", valence]);
        }

        return rows;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
