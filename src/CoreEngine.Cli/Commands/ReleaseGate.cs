using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using CoreEngine.Model;
using CoreEngine.Simulation;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Cli.Commands;

/// <summary>
/// What a release must hold up against: a simulated year without a violation, with every rare state reached. Takes half
/// a day, so it notes how far it came, and the same command goes on from there.
/// </summary>
internal sealed class ReleaseGate(string path, double hours, int jobs)
{
    internal const double YearHours = 8760;
    internal const int FaultSeconds = 60;
    private const double HourNs = 3.6e12;

    /// <summary>Seeds between two notes: what an interruption costs at most.</summary>
    private const int SeedsPerNote = 500;
    private const string Heading = "coreengine release gate";

    private SimulationTotals _totals = new();
    private TimeSpan _wall;
    private TimeSpan _cpu;

    /// <returns>The exit code: 1 when a seed failed or a rare state was never reached.</returns>
    /// <exception cref="BadInputException">The notes are of another program, or unreadable.</exception>
    internal int Run()
    {
        Resume();
        while (_totals.VirtualNs < hours * HourNs && _totals.Failed is null)
        {
            var runs = new SeedRuns(new SeedRunsOptions
            {
                First = 1 + (ulong)_totals.Seeds,
                SeedsMax = SeedsPerNote,
                Jobs = jobs,
                OptionsOf = OptionsOf,
            });
            _totals.Add(runs.Run());
            _wall += runs.Wall;
            _cpu += runs.Cpu;
            Note();
            double percent = 100 * _totals.VirtualNs / HourNs / hours;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{percent:F2} %: {_totals.Progress(_wall, _cpu)}"));
        }

        Console.WriteLine(string.Join(Environment.NewLine, _totals.Details()));
        return Judge();
    }

    private static SimulatorOptions OptionsOf(ulong seed) =>
        new() { Seed = seed, FaultsNs = FaultSeconds * SimulatorOptions.Second };

    /// <summary>Names the program exactly: notes of another one prove nothing.</summary>
    private static string Program()
    {
        Type[] parts = [typeof(Crc32C), typeof(Engine), typeof(SimulationTotals)];
        return string.Join('.', Array.ConvertAll(parts, static part => $"{part.Module.ModuleVersionId:N}"[..8]));
    }

    private int Judge()
    {
        if (_totals.Failed is { } failed)
        {
            File.Delete(path);
            Console.WriteLine(SimulateCommand.Complaint(failed.Failure!));
            Console.WriteLine($"replay: {SimulateCommand.Replay(failed.Seed, FaultSeconds)}");
            return ExitCode.Fault;
        }

        IReadOnlyList<RareState> missing = _totals.Rare.Missing();
        Console.WriteLine(missing.Count == 0
            ? $"release gate passed; {path} has the sum"
            : $"release gate failed: never reached {string.Join(", ", missing)}");
        return missing.Count == 0 ? ExitCode.Ok : ExitCode.Fault;
    }

    private void Resume()
    {
        if (!File.Exists(path))
        {
            return;
        }

        string[] lines = File.ReadAllLines(path);
        if (lines.Length < 3 || lines[0] != Heading)
        {
            throw new BadInputException($"{path} holds no notes of a release gate; name another file by --notes");
        }

        if (lines[1] != Program())
        {
            throw new BadInputException($"{path} is of another build of this program; delete it to begin anew");
        }

        string[] times = lines[2].Split(' ');
        if (times.Length != 2 || !TryTime(times[0], out _wall) || !TryTime(times[1], out _cpu))
        {
            throw new BadInputException($"{path}: '{lines[2]}' is not two times; delete the file to begin anew");
        }

        if (!TotalsText.TryRead(lines[3..], out _totals, out string reason))
        {
            throw new BadInputException($"{path}: {reason}; delete the file to begin anew");
        }

        Console.WriteLine($"going on behind seed {_totals.Seeds}, as {path} says");
    }

    private static bool TryTime(string text, out TimeSpan time) =>
        TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out time);

    /// <summary>A new file takes the place of the old one: an interruption leaves one of them whole.</summary>
    private void Note()
    {
        if (_totals.Failed is null)
        {
            string times = string.Create(CultureInfo.InvariantCulture, $"{_wall:c} {_cpu:c}");
            File.WriteAllLines($"{path}.new", [Heading, Program(), times, .. TotalsText.Write(_totals)]);
            File.Move($"{path}.new", path, overwrite: true);
        }
    }
}
