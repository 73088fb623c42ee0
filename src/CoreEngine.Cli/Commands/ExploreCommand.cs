using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using CoreEngine.Simulation.Exploration;

namespace CoreEngine.Cli.Commands;

/// <summary>
/// <c>coreengine explore</c>: every reachable state of a few real cores within bounds, breadth first.
/// </summary>
internal static class ExploreCommand
{
    private static readonly ExplorerBounds Defaults = new();

    internal static Command Create()
    {
        Option<int> terms = Number("--terms", "Highest term of an election, 1 to 7.", Defaults.TermMax);
        Option<int> timeouts = Number("--timeouts", "Election timeouts and step-downs.", Defaults.Timeouts);
        Option<int> entries = Number("--entries", "Commands beside the leaders' anchors.", Defaults.Entries);
        Option<int> crashes = Number("--crashes", "Crashes that lose what is not written.", Defaults.Crashes);
        Option<int> duplicates = Number("--duplicates", "Messages that arrive twice.", Defaults.Duplicates);
        Option<int> drops = Number("--drops", "Messages taken off (loss is free without it).", Defaults.Drops);
        Option<int> heartbeats = Number("--heartbeats", "Heartbeats of leaders.", Defaults.Heartbeats);
        Option<int> resends = Number("--resends", "Resends after silence.", Defaults.Resends);
        var members = new Option<string>("--members")
        {
            Description = $"Who is there and what is asked for: {string.Join(", ", PlanNames())}.",
            DefaultValueFactory = static _ => MemberPlan.Fixed.Name,
        };
        Option<int> changes = Number("--changes", "Changes of members that a leader takes up.", Defaults.Changes);
        Option<int> snapshots = Number("--snapshots", "Snapshots, each gives up the log.", Defaults.Snapshots);
        Option<int> transfers = Number("--transfers", "Snapshots that a leader sends.", Defaults.Transfers);
        Option<int> flight = Number("--in-flight", "Messages on their way at a time, 2 to 48.", Defaults.InFlightMax);
        Option<int> batch = Number("--batch", "Entries in one message.", Defaults.AppendEntriesMax);
        Option<int> depth = Number("--depth", "Steps from the start.", int.MaxValue);
        Option<int> states = Number("--states-max", "Distinct states.", Defaults.StatesMax);
        var minutes = new Option<double?>("--minutes") { Description = "Ends after so long." };
        var writes = new Option<bool>("--writes-apart") { Description = "Every completion of a write is a step." };
        var preVotes = new Option<bool>("--pre-votes") { Description = "Explores the messages of pre-votes too." };
        var command = new Command("explore", "Tries every order of events on a few real Raft cores, within bounds.")
        {
            terms, timeouts, entries, crashes, duplicates, drops, heartbeats, resends, flight, batch, depth, states,
            minutes, writes, preVotes, members, changes, snapshots, transfers,
        };
        command.SetAction(parsed => Run(new ExplorerBounds
        {
            TermMax = In("--terms", parsed.GetValue(terms), 1, 7),
            Timeouts = In("--timeouts", parsed.GetValue(timeouts), 0, 15),
            Entries = In("--entries", parsed.GetValue(entries), 0, 8 - parsed.GetValue(terms)),
            Crashes = In("--crashes", parsed.GetValue(crashes), 0, 15),
            Duplicates = In("--duplicates", parsed.GetValue(duplicates), 0, 15),
            Drops = In("--drops", parsed.GetValue(drops), 0, 15),
            Heartbeats = In("--heartbeats", parsed.GetValue(heartbeats), 0, 15),
            Resends = In("--resends", parsed.GetValue(resends), 0, 15),
            Members = PlanOf(parsed.GetValue(members)!),
            Changes = In("--changes", parsed.GetValue(changes), 0, 15),
            Snapshots = In("--snapshots", parsed.GetValue(snapshots), 0, 15),
            Transfers = In("--transfers", parsed.GetValue(transfers), 0, 15),
            InFlightMax = In("--in-flight", parsed.GetValue(flight), 2, 48),
            AppendEntriesMax = In("--batch", parsed.GetValue(batch), 1, 8),
            DepthMax = In("--depth", parsed.GetValue(depth), 1, int.MaxValue),
            StatesMax = In("--states-max", parsed.GetValue(states), 1, 400_000_000),
            TimeMax = parsed.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : TimeSpan.MaxValue,
            WritesApart = parsed.GetValue(writes),
            PreVotes = parsed.GetValue(preVotes),
        }));
        return command;
    }

    private static Option<int> Number(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static IEnumerable<string> PlanNames() => MemberPlan.All.Select(static plan => plan.Name);

    private static MemberPlan PlanOf(string name) =>
        MemberPlan.All.FirstOrDefault(plan => plan.Name == name)
        ?? throw new BadInputException($"--members is \"{name}\": it must be one of {string.Join(", ", PlanNames())}");

    private static int In(string name, int value, int low, int high) =>
        value >= low && value <= high
            ? value
            : throw new BadInputException(
                $"{name} is {value}: it must be from {low} to {high} (a log holds 8 entries at most, with anchors)");

    private static int Run(ExplorerBounds bounds)
    {
        ExplorerReport report = Explorer.Run(bounds, Console.WriteLine);
        foreach (string line in report.Lines())
        {
            Console.WriteLine(line);
        }

        return report.Violation is null ? ExitCode.Ok : ExitCode.Fault;
    }
}
