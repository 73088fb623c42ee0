using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// A register that is written and read by overlapping quorums (R + W > N) and nothing else is not linearizable; the
/// reader's write-back of Attiya, Bar-Noy and Dolev (1995) makes it so.
/// </summary>
internal sealed class QuorumReadsDemonstration : IDemonstration
{
    internal const string Word = "quorum-reads";

    internal QuorumSearch Plain { get; private set; } = null!;

    internal QuorumSearch WriteBack { get; private set; } = null!;

    public bool Holds => Plain.Violations > 0 && WriteBack.Violations == 0 && WriteBack.Schedules > Plain.Schedules;

    internal static QuorumReadsDemonstration Run(ulong seed)
    {
        // Every schedule is tried: there is nothing for chance to decide.
        _ = seed;
        return new QuorumReadsDemonstration
        {
            Plain = QuorumSearch.Run(writesBack: false),
            WriteBack = QuorumSearch.Run(writesBack: true),
        };
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            "Three replicas hold a register with a version; one writer sends a value to all and returns after two "
            + "answers (W = 2); a reader asks two (R = 2) and takes the newer version. Every read meets every finished "
            + "write in some replica. Is the register linearizable? One write and two reads, one after the other, by "
            + "different clients: all orders in which their messages arrive are tried, also those in which the write "
            + "never arrives at some replicas.");
        page.Section("What was found");
        page.Table(
            ["register", "schedules", "different histories", "not linearizable", "schedules with one"],
            [Row("quorums only", Plain), Row("with the readers' write-back", WriteBack)]);
        page.Section("The first counterexample");
        foreach (string line in Plain.CounterexampleSteps)
        {
            page.Line(line);
        }

        page.Gap();
        page.Explain(Plain.Explanation);
        page.Paragraph(
            "Verdict",
            "The second read returns the older value although it began after a read of the newer one had ended: "
            + "overlap gives each read the newest FINISHED write, and this write is not finished. With write-back a "
            + "reader first brings what it returns to a quorum, and no schedule is left that the checker refuses.");
        page.Paragraph(
            "What it proves, and what not",
            "\"R + W > N is consistent\" is refuted by one schedule. That write-back helps is shown for all schedules "
            + "of one write and two reads here, and proven in the paper for any number of one writer's operations; "
            + "several writers need a round more to choose versions. This register is a toy: the engine's reads go "
            + "through a leader whom a quorum has confirmed. There is no chance in it: the seed changes nothing.");
    }

    private static string[] Row(string name, QuorumSearch search) =>
        [name, Text(search.Schedules), Text(search.Histories), Text(search.Violations), Text(search.BadSchedules)];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Tries every order of message arrivals of one write and two reads.</summary>
internal sealed class QuorumSearch
{
    private const int Replicas = 3;
    private const int Quorum = 2;

    private static readonly int[][] Orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    private static readonly int[][] Pairs = [[0, 1], [0, 2], [1, 2], [1, 0], [2, 0], [2, 1]];

    private readonly Dictionary<string, LinearizabilityVerdict> _verdicts = [];
    private readonly bool _writesBack;
    private readonly int _stepsOfRead;

    private QuorumSearch(bool writesBack)
    {
        _writesBack = writesBack;
        _stepsOfRead = writesBack ? 2 * Quorum : Quorum;
    }

    internal int Schedules { get; private set; }

    internal int Histories => _verdicts.Count;

    /// <summary>Different histories that are not linearizable, and how many schedules lead to one.</summary>
    internal int Violations { get; private set; }

    internal int BadSchedules { get; private set; }

    internal IReadOnlyList<string> CounterexampleSteps { get; private set; } = [];

    internal string Explanation { get; private set; } = string.Empty;

    internal static QuorumSearch Run(bool writesBack)
    {
        var search = new QuorumSearch(writesBack);
        int steps = Replicas + (2 * search._stepsOfRead);
        for (int arrivals = 0; arrivals <= Replicas; arrivals++)
        {
            for (uint slots = 0; slots < 1u << steps; slots++)
            {
                // A set bit is an arrival of the write; the other steps belong to the reads, in their order.
                if (System.Numerics.BitOperations.PopCount(slots) == arrivals
                    && slots >> (arrivals + (2 * search._stepsOfRead)) == 0)
                {
                    search.TryAll(slots, arrivals);
                }
            }
        }

        return search;
    }

    private void TryAll(uint slots, int arrivals)
    {
        // Writing back may be done in either order: what counts is to whom.
        int backs = _writesBack ? Pairs.Length / 2 : 1;
        foreach (int[] order in Orders)
        {
            foreach (int[] first in Pairs)
            {
                foreach (int[] second in Pairs)
                {
                    for (int back = 0; back < backs * backs; back++)
                    {
                        Try(new QuorumSchedule(
                            slots, arrivals, order, [first, second], [Pairs[back % backs], Pairs[back / backs]]));
                    }
                }
            }
        }
    }

    private void Try(in QuorumSchedule schedule)
    {
        Schedules++;
        var run = new QuorumRun(_writesBack);
        run.Play(schedule, _stepsOfRead, null);
        string name = run.Name;
        if (!_verdicts.TryGetValue(name, out LinearizabilityVerdict? verdict))
        {
            verdict = LinearizabilityChecker.Check(run.Events());
            Invariant.Holds(verdict.Verdict != Verdict.Undecided);
            _verdicts.Add(name, verdict);
            Violations += verdict.Verdict == Verdict.Violation ? 1 : 0;
        }

        if (verdict.Verdict == Verdict.Violation)
        {
            BadSchedules++;
            if (CounterexampleSteps.Count == 0)
            {
                var steps = new List<string>();
                new QuorumRun(_writesBack).Play(schedule, _stepsOfRead, steps);
                CounterexampleSteps = steps;
                Explanation = verdict.Explanation;
            }
        }
    }
}

/// <summary>One order of arrivals.</summary>
/// <param name="Slots">Bit i: step i is an arrival of the write; else it is the next step of the reads.</param>
/// <param name="Arrivals">At how many replicas the write arrives at all.</param>
/// <param name="Order">At which, in order.</param>
/// <param name="Asked">Whom each read asks.</param>
/// <param name="Told">To whom each read writes back.</param>
internal readonly record struct QuorumSchedule(uint Slots, int Arrivals, int[] Order, int[][] Asked, int[][] Told);

/// <summary>Plays one schedule and keeps the history that the clients saw.</summary>
internal sealed class QuorumRun(bool writesBack)
{
    private const int Quorum = 2;
    private const int Writer = 0;

    private readonly int[] _versions = new int[3];
    private readonly List<(int Process, bool IsReturn, int Value)> _events = [];

    /// <summary>The same exactly for equal histories.</summary>
    internal string Name => string.Join(';', _events);

    internal void Play(in QuorumSchedule schedule, int stepsOfRead, List<string>? steps)
    {
        int arrived = 0;
        int read = 0;
        int newest = 0;
        Add(Writer, false, 1, steps, "the writer sends x = 1");
        for (int i = 0; i < schedule.Arrivals + (2 * stepsOfRead); i++)
        {
            if ((schedule.Slots >> i & 1) != 0)
            {
                int replica = schedule.Order[arrived++];
                _versions[replica] = 1;
                steps?.Add($"the write arrives at replica {replica + 1}");
                if (arrived == Quorum)
                {
                    Add(Writer, true, 1, steps, "the writer has two answers: done");
                }

                continue;
            }

            int reader = read / stepsOfRead;
            newest = ReadStep(schedule, reader, read % stepsOfRead, newest, steps);
            read++;
        }
    }

    internal List<HistoryEvent> Events()
    {
        var events = new List<HistoryEvent>();
        foreach ((int process, bool isReturn, int value) in _events)
        {
            HistoryFunction function = process == Writer ? HistoryFunction.Write : HistoryFunction.Read;
            string? text = process != Writer && (!isReturn || value == 0)
                ? null
                : value.ToString(CultureInfo.InvariantCulture);
            events.Add(new HistoryEvent(
                events.Count,
                events.Count,
                process,
                isReturn ? HistoryEventType.Ok : HistoryEventType.Invoke,
                function,
                "x",
                text));
        }

        return events;
    }

    private int ReadStep(in QuorumSchedule schedule, int reader, int step, int newest, List<string>? steps)
    {
        int process = reader + 1;
        if (step == 0)
        {
            Add(process, false, 0, steps, $"reader {process} begins");
            newest = 0;
        }

        if (step < Quorum)
        {
            int replica = schedule.Asked[reader][step];
            newest = int.Max(newest, _versions[replica]);
            steps?.Add($"reader {process} asks replica {replica + 1}: {Text(_versions[replica])}");
        }
        else
        {
            int replica = schedule.Told[reader][step - Quorum];
            _versions[replica] = int.Max(_versions[replica], newest);
            steps?.Add($"reader {process} writes back to replica {replica + 1}: {Text(newest)}");
        }

        if (step == (writesBack ? 2 * Quorum : Quorum) - 1)
        {
            Add(process, true, newest, steps, $"reader {process} returns {Text(newest)}");
        }

        return newest;
    }

    private void Add(int process, bool isReturn, int value, List<string>? steps, string text)
    {
        _events.Add((process, isReturn, value));
        steps?.Add(text);
    }

    private static string Text(int version) => version == 0 ? "nothing" : $"x = {version}";
}
