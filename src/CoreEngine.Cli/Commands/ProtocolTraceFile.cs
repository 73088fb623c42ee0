using System;
using System.Globalization;
using System.IO;
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

    /// <summary>Judges a trace.</summary>
    /// <returns>The exit code: 1 when a step is not allowed.</returns>
    /// <exception cref="BadInputException">There is no such file, or it is empty.</exception>
    internal static int Check(string path)
    {
        if (!File.Exists(path))
        {
            throw new BadInputException($"there is no trace {path}; 'coreengine simulate --seed S --protocol-trace "
                + $"{path}' writes one");
        }

        var monitor = new SpecMonitor();
        foreach (string line in File.ReadLines(path))
        {
            if (!monitor.Read(line))
            {
                break;
            }
        }

        if (monitor.Lines == 0)
        {
            throw new BadInputException($"the trace {path} holds no line");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{monitor.Lines} steps, {monitor.TermsLed} terms led, {monitor.Committed} entries committed"));
        Console.WriteLine(monitor.Violation is { } violation
            ? $"VIOLATION: {path}, {violation}"
            : "every step is allowed");
        return monitor.Violation is null ? ExitCode.Ok : ExitCode.Fault;
    }
}
