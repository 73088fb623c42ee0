using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Simulation.Faults;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation;

/// <summary>What a range of seeds has done together. Not thread-safe.</summary>
internal sealed class SimulationTotals
{
    private readonly long[] _faults = new long[FaultDriver.Kinds];

    internal long Seeds { get; private set; }

    internal long Events { get; private set; }

    internal long VirtualNs { get; private set; }

    internal long Operations { get; private set; }

    internal long Acknowledged { get; private set; }

    internal long Reads { get; private set; }

    internal RareStates Rare { get; } = new();

    /// <summary>The failed seed with the lowest number; null while there is none.</summary>
    internal SeedResult? Failed { get; private set; }

    internal long FaultsOf(FaultKind kind) => _faults[(int)kind];

    internal void Add(SeedResult result) => Add(result, 1);

    /// <summary>Adds what another range has done.</summary>
    internal void Add(SimulationTotals other)
    {
        Seeds += other.Seeds;
        Events += other.Events;
        VirtualNs += other.VirtualNs;
        Operations += other.Operations;
        Acknowledged += other.Acknowledged;
        Reads += other.Reads;
        Rare.Add(other.Rare);
        for (int i = 0; i < _faults.Length; i++)
        {
            _faults[i] += other._faults[i];
        }

        Failed ??= other.Failed;
    }

    /// <summary>Adds the sum of several seeds.</summary>
    internal void Add(SeedResult result, long seeds)
    {
        Seeds += seeds;
        Events += result.Events;
        VirtualNs += result.VirtualNs;
        Operations += result.Operations;
        Acknowledged += result.Acknowledged;
        Reads += result.Reads;
        Rare.Add(result.Rare);
        for (int i = 0; i < _faults.Length; i++)
        {
            _faults[i] += result.Faults[i];
        }

        if (result.Failure is not null && (Failed is null || result.Seed < Failed.Seed))
        {
            Failed = result;
        }
    }

    /// <summary>From so many seeds on a range is a suite, which must reach every declared rare state.</summary>
    internal const int SuiteSeeds = 500;

    /// <summary>Rare states that a suite has not reached: it does not test what it says. Empty below a suite's
    /// size.</summary>
    internal IReadOnlyList<RareState> MissingOfSuite() => Seeds >= SuiteSeeds ? Rare.Missing() : [];

    /// <summary>One line: which part of what can be reached was reached.</summary>
    internal string Coverage()
    {
        int states = Enum.GetValues<RareState>().Length;
        int kinds = 0;
        long faults = 0;
        foreach (long count in _faults)
        {
            kinds += count > 0 ? 1 : 0;
            faults += count;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{faults} faults of {kinds} of {_faults.Length} kinds, "
            + $"{states - Rare.Missing().Count} of {states} rare states reached");
    }

    /// <summary>One line: how far and how fast.</summary>
    /// <param name="cpu">Processor time of all cores, which tells more than the clock on a machine that others
    /// use.</param>
    internal string Progress(TimeSpan wall, TimeSpan cpu) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Seeds} seeds, {VirtualNs / 3.6e12:F2} simulated hours, {Events} events, {Operations} operations "
        + $"({Acknowledged} acknowledged, {Reads} reads); {VirtualNs / 1e9 / wall.TotalSeconds:F0} x real time, "
        + $"{Events / wall.TotalSeconds:F0} events/s, {Seeds / wall.TotalSeconds:F1} seeds/s; "
        + $"per core {VirtualNs / 1e9 / cpu.TotalSeconds:F0} x, {Events / cpu.TotalSeconds:F0} events/s");

    /// <summary>Faults by kind, and rare states reached.</summary>
    internal IEnumerable<string> Details()
    {
        var faults = new List<string>();
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{kind} {_faults[(int)kind]}"));
        }

        var rare = new List<string>();
        foreach (RareState state in Enum.GetValues<RareState>())
        {
            rare.Add(string.Create(CultureInfo.InvariantCulture, $"{state} {Rare[state]}"));
        }

        yield return $"faults: {string.Join(", ", faults)}";
        yield return $"sometimes: {string.Join(", ", rare)}";
    }
}
