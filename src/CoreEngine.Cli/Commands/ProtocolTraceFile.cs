using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using CoreEngine.Simulation.Tracing;

namespace CoreEngine.Cli.Commands;

/// <summary>Protocol traces as files: one event per line.</summary>
internal static class ProtocolTraceFile
{
    /// <summary>Writes the events of a run to a file, in place of what was there.</summary>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    /// <param name="path">The file; null: none is written.</param>
    /// <param name="run">Is given what takes the events, or null; returns the exit code.</param>
    internal static int Write(string? path, Func<Action<ProtocolEvent>?, int> run)
    {
        if (path is null)
        {
            return run(null);
        }

        StreamWriter writer;
        try
        {
            writer = new StreamWriter(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"cannot write the protocol trace: {error.Message}", error);
        }

        using (writer)
        {
            return run(traced => writer.WriteLine(ProtocolTraceWriter.Write(traced)));
        }
    }

    /// <summary>Opens the trace of a replica of its own process; null for none.</summary>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    internal static ProcessTrace? Append(string? path)
    {
        try
        {
            return path is null ? null : ProcessTrace.Append(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"cannot write the protocol trace: {error.Message}", error);
        }
    }

    /// <summary>Judges a trace, or the traces of several replicas of one machine, merged by time.</summary>
    /// <returns>The exit code: 1 when a step is not allowed.</returns>
    /// <exception cref="BadInputException">There is no such file, it is empty, or it has no times to merge
    /// by.</exception>
    internal static int Check(IReadOnlyList<string> paths)
    {
        foreach (string path in paths)
        {
            if (!File.Exists(path))
            {
                throw new BadInputException($"there is no trace {path}; 'coreengine simulate --seed S "
                    + $"--protocol-trace {path}' writes one, 'coreengine run' likewise");
            }
        }

        var monitor = new SpecMonitor();
        foreach (string line in paths.Count == 1 ? File.ReadLines(paths[0]) : Merge(paths))
        {
            if (!monitor.Read(line))
            {
                break;
            }
        }

        string names = string.Join(", ", paths);
        if (monitor.Lines == 0)
        {
            throw new BadInputException($"the trace {names} holds no line");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{monitor.Lines} steps, {monitor.TermsLed} terms led, {monitor.Committed} entries committed"));
        Console.WriteLine(monitor.Violation is { } violation
            ? $"VIOLATION: {names}, {violation}"
            : "every step is allowed");
        return monitor.Violation is null ? ExitCode.Ok : ExitCode.Fault;
    }

    /// <summary>Lines of several files in the order of their times; of equal ones in the order of the files.</summary>
    private static List<string> Merge(IReadOnlyList<string> paths)
    {
        var lines = new List<(long Time, string Line)>();
        foreach (string path in paths)
        {
            foreach (string line in File.ReadLines(path))
            {
                bool isTimed = ProtocolTraceReader.TryRead(line, out ProtocolEvent traced, out string reason)
                    && traced.TimeNs is not null;
                lines.Add(isTimed
                    ? (traced.TimeNs!.Value, line)
                    : throw new BadInputException(
                        $"{path} cannot be merged: {(reason.Length > 0 ? reason : "an event has no time")}; only "
                        + "traces that 'coreengine run --protocol-trace' wrote can"));
            }
        }

        return [.. lines.OrderBy(static line => line.Time).Select(static line => line.Line)];
    }
}
