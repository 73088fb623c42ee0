using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Two generals (Gray 1978) and common knowledge (Halpern and Moses 1990): on a link that may lose messages no finite
/// number of them gives common knowledge; what a commit gives instead is that a quorum knows.
/// </summary>
internal sealed class TwoGeneralsDemonstration : IDemonstration
{
    internal const string Word = "two-generals";
    private const int MessagesMax = 7;
    private const int Commits = 200;

    /// <summary>One row for each number of messages.</summary>
    internal List<KnowledgeRow> Rows { get; } = [];

    /// <summary>Commit certificates shown to clients on a lossy network.</summary>
    internal int Certificates { get; private set; }

    /// <summary>Of those, how many had the entry on the media of a majority at that instant.</summary>
    internal int KnownByQuorum { get; private set; }

    /// <summary>Of those, how many had a voter named whose medium did not hold the entry.</summary>
    internal int FalseVoters { get; private set; }

    /// <summary>Of those, how many were known to be committed by a majority at that instant.</summary>
    internal int CommitKnownByQuorum { get; private set; }

    public bool Holds
    {
        get
        {
            bool holds = Certificates > 0 && KnownByQuorum == Certificates && FalseVoters == 0
                && CommitKnownByQuorum < Certificates;
            foreach (KnowledgeRow row in Rows)
            {
                holds &= row.CommonRuns == 0 && row.Deepest == row.Messages;
            }

            return holds;
        }
    }

    internal static TwoGeneralsDemonstration Run(ulong seed)
    {
        var demonstration = new TwoGeneralsDemonstration();
        for (int messages = 0; messages <= MessagesMax; messages++)
        {
            demonstration.Rows.Add(KnowledgeModel.Judge(messages));
        }

        demonstration.CommitOnLossyLinks(seed);
        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "General A decides to attack. How often must A and B send word to each other, over a link that may lose "
            + "any message, until both know, both know that both know, and so on for ever (common knowledge)? All "
            + "protocols with so many messages are tried: any order of senders, every message tells all that its "
            + "sender knows, every pattern of losses.");
        page.Section("What was found");
        var rows = new List<string[]>();
        foreach (KnowledgeRow row in Rows)
        {
            rows.Add(
            [
                Text(row.Messages), Text(row.Protocols), Text(row.Runs), Text(row.Deepest), Text(row.CommonRuns),
            ]);
        }

        page.Table(
            ["messages", "protocols", "runs", "deepest \"everybody knows that ...\"", "runs with common knowledge"],
            rows);
        page.Say(
            "Each message that arrives adds one level at best, in the protocol that answers in turn; none adds the "
            + "last one.");
        page.Section($"Why: a chain of runs, {MessagesMax} messages in turn (+ arrived, - lost)");
        foreach (string line in KnowledgeModel.Chain(MessagesMax))
        {
            page.Line(line);
        }

        page.Say(
            "Neighbours look the same to the general who sent the message in which they differ, so what is common "
            + "knowledge in one is so in the next, down to the run in which B has heard nothing.");
        page.Section("What a commit gives instead");
        page.Say(
            $"Five replicas of the engine, 15 % of all messages lost, {Certificates} committed proposals. At the "
            + "instant at which the client was told, with the media read as after a crash:");
        page.Line($"a majority held the entry durably (a quorum knows):        {KnownByQuorum} of {Certificates}");
        page.Line($"a voter named by the certificate did not hold it:          {FalseVoters}");
        page.Line(
            $"a majority knew that it was committed (one level deeper):  {CommitKnownByQuorum} of {Certificates}");
        page.Paragraph(
            "What it proves, and what not",
            "The table is complete up to its number of messages; the chain is the proof for any number. The engine "
            + "needs no common knowledge: one replica's certificate says that a quorum holds the entry, and every "
            + "later leader needs a vote from that quorum. Here whoever cannot know for sure is told Unknown.");
    }

    private void CommitOnLossyLinks(ulong seed)
    {
        using var world = new World(new WorldOptions { Seed = seed, Replicas = 5 });
        world.Network.Faults = new NetworkFaults(LossPercent: 15);
        world.StartAll();
        for (int i = 0; i < Commits; i++)
        {
            world.RunUntil(() => world.Leader is not null, "a leader");
            Task<Receipt> receipt = world.Leader!.ProposeAsync(world.NextValue());
            world.RunUntil(() => receipt.IsCompleted, "a decision");
            if (receipt.Result.Outcome == Outcome.Committed)
            {
                Certificates++;
                Look(world, receipt.Result);
            }
        }
    }

    private void Look(World world, in Receipt receipt)
    {
        ulong index = receipt.Coordinate.Index;
        int holders = 0;
        int knowers = 0;
        bool isFalse = false;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            Protocol.Raft.LogSuffix medium = replica.ReadMedium().Suffix;
            bool holds = medium.LastIndex >= index && medium.TermAt(index) == receipt.Coordinate.LeaderEpoch;
            bool isVoter = (receipt.Certificate.Voters & (1UL << ((int)replica.Number - 1))) != 0;
            holders += holds ? 1 : 0;
            isFalse |= isVoter && !holds;
            knowers += replica.Core.CommitIndex >= index ? 1 : 0;
        }

        int majority = (world.Options.Replicas / 2) + 1;
        KnownByQuorum += holders >= majority ? 1 : 0;
        CommitKnownByQuorum += knowers >= majority ? 1 : 0;
        FalseVoters += isFalse ? 1 : 0;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What all protocols of so many messages came to.</summary>
/// <param name="Messages">Messages sent.</param>
/// <param name="Protocols">Orders of senders.</param>
/// <param name="Runs">Patterns of losses over all of them, for both decisions.</param>
/// <param name="Deepest">The most levels of "everybody knows that" reached in any run.</param>
/// <param name="CommonRuns">Runs in which the attack is common knowledge.</param>
internal sealed record KnowledgeRow(int Messages, int Protocols, int Runs, int Deepest, int CommonRuns);
