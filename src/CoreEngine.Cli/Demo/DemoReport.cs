using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using CoreEngine.Cli.Commands;
using CoreEngine.Cli.Workload;
using CoreEngine.Simulation.Checkers;

namespace CoreEngine.Cli.Demo;

/// <summary>Says what was measured and what of it is not as it must be.</summary>
internal static class DemoReport
{
    private const double OkPercentMin = 90;
    private const double ReadPercentMin = 30;

    /// <summary>Writes the report.</summary>
    /// <returns>What failed, in words; nothing when all is well.</returns>
    internal static IReadOnlyList<string> Write(
        TextWriter output, DemoResults results, DemoDirectory directory, DemoOptions options)
    {
        WriteThroughput(output, results);
        WriteFailovers(output, results);
        WriteReplicas(output, results, directory);
        WriteHistory(output, results, options);
        List<string> failures = [.. FindFailures(results)];
        output.WriteLine();
        foreach (string failure in failures)
        {
            output.WriteLine($"FAILED: {failure}");
        }

        output.WriteLine(failures.Count == 0 ? "demo: all is well" : "demo: FAILED");
        return failures;
    }

    private static void WriteThroughput(TextWriter output, DemoResults results)
    {
        ClientTotals steady = results.Steady!;
        output.WriteLine();
        Line(output, "clients", $"{DemoClients.Description}");
        Line(
            output,
            "throughput",
            $"{steady.Answered / results.SteadyTime.TotalSeconds:N0} operations/s over "
                + $"{results.SteadyTime.TotalSeconds:0.0} s without failures "
            + $"(checked {steady.Counts.Ok / results.SteadyTime.TotalSeconds:N0}/s, load "
                + $"{steady.Counts.Load / results.SteadyTime.TotalSeconds:N0}/s)");
        Line(output, "latency", $"one operation in flight, under that load: {Quantiles(steady.Single)}");
        Line(output, string.Empty, $"pipelined, a whole batch:                 {Quantiles(steady.Loaded)}");
    }

    private static string Quantiles(LatencyHistogram histogram) => string.Create(
        CultureInfo.InvariantCulture,
        $"p50 {histogram.Quantile(0.5) / 1e6:0.00} ms, p99 {histogram.Quantile(0.99) / 1e6:0.00} ms, p99.9 "
            + $"{histogram.Quantile(0.999) / 1e6:0.00} ms");

    private static void WriteFailovers(TextWriter output, DemoResults results)
    {
        string label = "no leader";
        foreach (FailoverWindow window in results.Windows)
        {
            Line(output, label,
                $"{window.Length.TotalMilliseconds:0} ms from SIGKILL to the next acknowledged write: {window.Name}");
            label = string.Empty;
        }

        Line(
            output,
            "catch-up",
            $"the killed leader held all {results.CatchUpEntries:N0} entries committed before its restart after "
                + $"{results.CatchUp.TotalSeconds:0.00} s");
    }

    private static void WriteReplicas(TextWriter output, DemoResults results, DemoDirectory directory)
    {
        ReplicaView first = results.Final[0];
        Line(output, "durability",
            $"acknowledged at {first.Acknowledgement} (level/medium class), on {directory.FileSystem}");
        Line(output, string.Empty, $"{first.Backends}");
        string label = "frontiers";
        foreach (ReplicaView view in results.Final)
        {
            Line(
                output,
                label,
                $"replica {view.Replica} {view.Role,-8} term {view.Term}  E {view.Appended}  D {view.Durable}  A "
                    + $"{view.Applied}  C {view.Committed}  "
                + $"state {view.StateDigest} at {view.StateIndex}");
            label = string.Empty;
        }
    }

    private static void WriteHistory(TextWriter output, DemoResults results, DemoOptions options)
    {
        HistoryJudgement judgement = results.Judgement!;
        Line(
            output,
            "history",
            $"{judgement.Operations:N0} operations, {judgement.ReadPercent:0.0} % reads, {judgement.OkPercent:0.0} % "
                + $"ok of the {judgement.Outside:N0} "
            + $"outside failover windows; {results.FinalReads} final reads at all replicas");
        if (options.History is not null || options.Keep is not null)
        {
            Line(output, string.Empty, $"recorded in {results.HistoryPath}");
        }

        LinearizabilityVerdict verdict = judgement.Verdict;
        Line(
            output,
            "verdict",
            $"{CheckCommand.Name(verdict.Verdict)}: {verdict.Operations:N0} operations ({verdict.Unknowns} of "
                + $"unknown outcome) on {verdict.Keys} keys");
        string answer = judgement.Planted is null ? "not tried" : judgement.Planted.Verdict == Verdict.Violation
            ? "refused" : "NOT refused";
        Line(output, string.Empty, $"the same history with one stale read planted is {answer}: "
            + $"{judgement.PlantedText}");
    }

    private static IEnumerable<string> FindFailures(DemoResults results)
    {
        HistoryJudgement judgement = results.Judgement!;
        if (results.Steady!.Answered == 0)
        {
            yield return "no operation was answered while nothing was killed";
        }

        if (results.Final.Select(static view => (view.StateIndex, view.StateDigest)).Distinct().Count() != 1)
        {
            yield return "the replicas' states differ";
        }

        foreach (ReplicaView view in results.Final.Where(static view => view.Fault != "none"))
        {
            yield return $"replica {view.Replica} stopped on a fault: {view.Fault}";
        }

        if (judgement.OkPercent < OkPercentMin)
        {
            yield return $"only {judgement.OkPercent:0.0} % of the operations outside failover windows are ok, "
                + $"{OkPercentMin:0} % must be";
        }

        if (judgement.ReadPercent < ReadPercentMin)
        {
            yield return $"only {judgement.ReadPercent:0.0} % of the operations are reads, {ReadPercentMin:0} % must "
                + $"be";
        }

        if (judgement.Verdict.Verdict != Verdict.Linearizable)
        {
            yield return $"the history is {CheckCommand.Name(judgement.Verdict.Verdict)}: "
                + $"{judgement.Verdict.Explanation}";
        }

        if (judgement.Planted?.Verdict != Verdict.Violation)
        {
            yield return $"the checker was not shown to refuse a stale read ({judgement.PlantedText})";
        }
    }

    private static void Line(TextWriter output, string label, string text) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{label,-11} {text}"));
}
