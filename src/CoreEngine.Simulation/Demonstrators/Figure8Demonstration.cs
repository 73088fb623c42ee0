using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Figure 8 of the Raft paper on the engine's own cores: why a leader counts only entries of its own term, and what is
/// lost by one that counts all.
/// </summary>
internal sealed class Figure8Demonstration : IDemonstration
{
    internal const string Word = "figure8";
    private const string Command = "x=1";
    private const ulong CommandIndex = 3;

    /// <summary>The schedule in which the engine's rule matters: (a) to (d).</summary>
    internal List<Figure8Step> Overwritten { get; } = [];

    /// <summary>The same schedule, but the leader's own entry arrives: (a) to (c), then (e).</summary>
    internal List<Figure8Step> Anchored { get; } = [];

    /// <summary>The client's entry was committed by naive counting, and no replica holds it at the end.</summary>
    internal bool NaiveLoses { get; private set; }

    /// <summary>The engine ever said Committed of an entry that changed later.</summary>
    internal bool EngineLoses { get; private set; }

    /// <summary>Replica 5, with its newer last term, was elected after the anchor was committed.</summary>
    internal bool OldLogWins { get; private set; }

    public bool Holds => NaiveLoses && !EngineLoses && !OldLogWins && Anchored[^1].Engine > CommandIndex;

    internal static Figure8Demonstration Run(ulong seed)
    {
        var demonstration = new Figure8Demonstration();
        demonstration.RunOverwritten(seed);
        demonstration.RunAnchored(seed);
        return demonstration;
    }

    /// <summary>
    /// The naive rule: committed is what a majority of logs holds as the leader's does, whatever its term.
    /// </summary>
    /// <param name="leader">Terms of the leader's log.</param>
    /// <param name="logs">Terms of every replica's log, the leader's among them.</param>
    internal static ulong CountAnyTerm(ulong[] leader, IReadOnlyList<ulong[]> logs)
    {
        for (int index = leader.Length; index > 0; index--)
        {
            int holders = 0;
            foreach (ulong[] log in logs)
            {
                holders += log.Length >= index && log[index - 1] == leader[index - 1] ? 1 : 0;
            }

            if (2 * holders > logs.Count)
            {
                return (ulong)index;
            }
        }

        return 0;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "May a leader call an entry committed because a majority holds it, when an earlier leader wrote it? "
            + "Five of the engine's Raft cores go through the schedule of Figure 8 (Raft paper, 5.4.2), one entry to a "
            + "message. A log is shown as the terms of its entries; every leader begins its term with an anchor, an "
            + $"empty entry. The client's command {Command} is entry {CommandIndex}.");
        page.Section("What happened");
        page.Table(Head, Rows(Overwritten));
        page.Gap();
        page.Say(
            $"In (c) the entries of term 2 are on replicas 1, 2 and 3, a majority: naive counting commits up to "
            + $"{Overwritten[^2].Naive}, the engine stays at {Overwritten[^2].Engine}. In (d) replica 5 wins, because "
            + "its last entry has the newer term, and overwrites them everywhere.");
        page.Section("The same up to (c), but one entry of the leader's own term gets through");
        page.Table(Head, Rows(Anchored));
        page.Section("Verdict");
        page.Line($"naive counting loses a committed entry: {(NaiveLoses ? "yes" : "no")}");
        page.Line($"the engine loses a committed entry:     {(EngineLoses ? "yes" : "no")}");
        page.Line($"replica 5 wins after the anchor:        {(OldLogWins ? "yes" : "no")}");
        page.Paragraph(
            "What it proves, and what not",
            "One schedule refutes the naive rule. It does not prove the engine's rule for all schedules: the "
            + "monitors of 'coreengine simulate' watch it under many. The naive column is computed by this "
            + "demonstrator from the logs; the engine itself carries no such rule. The columns C are what the current "
            + "leader knows: one that has restarted begins with 0, and learns C again by its own anchor.");
    }

    private static string[] Head =>
        ["step", "leader", "term", "log 1", "log 2", "log 3", "log 4", "log 5", "engine C", "naive C"];

    private void RunOverwritten(ulong seed)
    {
        CoreScript script = ThroughC(seed, Overwritten);
        bool wasCommitted = Overwritten[^1].Naive >= CommandIndex;
        ulong engine = Overwritten[^1].Engine;
        ulong[] before = script[1].Terms;
        script[1].Crash();
        script.Restart(5);
        script.Campaign(5, static _ => true);
        Note(Overwritten, script, 5, "(d) 1 crashes; 5 is back and wins");
        bool isHeld = false;
        foreach (ScriptedCore core in script.Cores)
        {
            isHeld |= core.IsUp && core.CommandAt(CommandIndex) == Command;
        }

        NaiveLoses = wasCommitted && !isHeld;
        for (int i = 0; i < (int)engine; i++)
        {
            EngineLoses |= script[5].Terms[i] != before[i];
        }
    }

    private void RunAnchored(ulong seed)
    {
        CoreScript script = ThroughC(seed, Anchored);
        script[1].Relink(2);
        script[1].Relink(3);
        script.Deliver(static letter => letter.Header.To != 4);
        Note(Anchored, script, 1, "(e) 1's own anchor reaches 2 and 3");
        ulong engine = Anchored[^1].Engine;
        script[1].Crash();
        script.Restart(5);
        OldLogWins = script.Campaign(5, static _ => true);
        script.Campaign(2, static _ => true);
        Note(Anchored, script, 2, "    1 crashes; 5 cannot win, 2 can");
        EngineLoses |= script[2].CommandAt(CommandIndex) != Command || Anchored[^1].Engine < engine;
    }

    /// <summary>The part that both schedules share.</summary>
    private static CoreScript ThroughC(ulong seed, List<Figure8Step> steps)
    {
        var script = new CoreScript(5, seed);
        script.Campaign(2, static _ => true);
        Note(steps, script, 2, "    2 leads, its anchor is everywhere");

        script.Campaign(1, static letter => !CarriesLog(letter) || letter.Header.To == 2);
        script[1].Propose(Command);
        script.Deliver(static letter => !CarriesLog(letter) || letter.Header.To == 2);
        Note(steps, script, 1, $"(a) 1 leads, takes {Command}, reaches 2 only");

        script[1].Crash();
        script.Campaign(5, static letter => !CarriesLog(letter));
        Note(steps, script, 5, "(b) 1 crashes; 5 wins by 3 and 4");

        script[5].Crash();
        script.Restart(1);
        script.Campaign(1, static letter => !CarriesLog(letter));
        ulong term = script[1].State.Term;
        script[1].Relink(2);
        script[1].Relink(3);
        script.Deliver(letter => letter.LastEntryTerm != term && letter.Header.To != 4);
        Note(steps, script, 1, "(c) 5 crashes; 1 is back, sends 3 the old entries");
        return script;
    }

    private static bool CarriesLog(Letter letter) => letter.Header.Type == MessageType.AppendEntries;

    private static void Note(List<Figure8Step> steps, CoreScript script, uint leader, string what)
    {
        var logs = new List<ulong[]>();
        foreach (ScriptedCore core in script.Cores)
        {
            logs.Add(core.Terms);
        }

        steps.Add(new Figure8Step(
            what,
            leader,
            script[leader].State.Term,
            logs,
            script[leader].State.CommitIndex,
            CountAnyTerm(script[leader].Terms, logs)));
    }

    private static List<string[]> Rows(List<Figure8Step> steps)
    {
        var rows = new List<string[]>();
        foreach (Figure8Step step in steps)
        {
            var row = new List<string> { step.What, Text(step.Leader), Text(step.Term) };
            foreach (ulong[] log in step.Logs)
            {
                row.Add(string.Join(" ", log));
            }

            row.Add(Text(step.Engine));
            row.Add(Text(step.Naive));
            rows.Add([.. row]);
        }

        return rows;
    }

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Where the cluster stood after a step of the schedule.</summary>
/// <param name="What">The step.</param>
/// <param name="Leader">Who leads.</param>
/// <param name="Term">In which term.</param>
/// <param name="Logs">Terms of the entries, by replica.</param>
/// <param name="Engine">The leader's commit index.</param>
/// <param name="Naive">What naive counting would call committed.</param>
internal sealed record Figure8Step(
    string What, uint Leader, ulong Term, IReadOnlyList<ulong[]> Logs, ulong Engine, ulong Naive);
