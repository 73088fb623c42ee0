using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine check FILE...</c>: judges histories, and writes them for other checkers.</summary>
internal static class CheckCommand
{
    internal static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Histories in JSON Lines; several are merged by time into one.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var trace = new Option<string[]>("--trace")
        {
            Description = "Judges this protocol trace (simulate or run --protocol-trace) by Raft's rules, and no "
                + "history; those of several replicas of one machine are merged by time.",
            AllowMultipleArgumentsPerToken = true,
        };
        var edn = new Option<string?>("--edn") { Description = "Also writes it to this file, as Jepsen's EDN." };
        var porcupine = new Option<string?>("--porcupine")
        {
            Description = "Also writes the history as Porcupine operations, in JSON Lines, to this file.",
        };
        var command = new Command("check", "Judges a recorded history, or a protocol trace.")
        {
            files, edn, porcupine, trace,
        };
        command.SetAction(parsed =>
        {
            string[] histories = parsed.GetValue(files) ?? [];
            if (parsed.GetValue(trace) is { Length: > 0 } protocol)
            {
                return histories.Length == 0
                    ? ProtocolTraceFile.Check(protocol)
                    : throw new BadInputException("--trace judges protocol traces; give histories in another run");
            }

            return histories.Length > 0
                ? Run(histories, parsed.GetValue(edn), parsed.GetValue(porcupine))
                : throw new BadInputException("say which histories to judge (FILE...), or --trace FILE");
        });
        return command;
    }

    private static int Run(string[] files, string? edn, string? porcupine)
    {
        IReadOnlyList<HistoryEvent> events = HistoryFiles.Load(files);
        HistoryFiles.Export(events, edn, porcupine);
        LinearizabilityVerdict verdict = LinearizabilityChecker.Check(events);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Name(verdict.Verdict)}: {verdict.Operations} operations ({verdict.Unknowns} of unknown outcome) on "
                + $"{verdict.Keys} keys, "
            + $"{verdict.Steps} steps"));
        Console.WriteLine(verdict.Explanation);
        return verdict.Verdict == Verdict.Linearizable ? ExitCode.Ok : ExitCode.Fault;
    }

    /// <summary>A verdict as one word.</summary>
    internal static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Linearizable => "linearizable",
        Verdict.Violation => "VIOLATION",
        _ => "undecided",
    };
}
