using System.CommandLine;

namespace CoreEngine.Cli.Commands;

/// <summary>What <c>coreengine simulate</c> may be told.</summary>
internal sealed class SimulateArguments
{
    internal Option<ulong?> Seed { get; } = new("--seed") { Description = "Runs this seed alone and prints its hash." };

    internal Option<string?> Plan { get; } = new("--plan")
    {
        Description = "Runs exactly what this file says, as a shrunk failure was saved.",
    };

    internal Option<bool> Shrink { get; } = new("--shrink")
    {
        Description = "With --seed: when it fails, looks for the smallest plan that fails alike.",
    };

    internal Option<long?> Steps { get; } = new("--steps")
    {
        Description = "With --seed or --plan: ends after so many events.",
    };

    internal Option<bool> Trace { get; } = new("--trace")
    {
        Description = "With --seed or --plan: prints every event.",
    };

    internal Option<string?> Protocol { get; } = new("--protocol-trace")
    {
        Description = "With --seed or --plan: writes the protocol's steps to this file, for 'check --trace'.",
    };

    internal Option<long?> HashEvery { get; } = new("--hash-every")
    {
        Description = "With --seed or --plan: prints the hash after so many events each, to find where two runs part.",
    };

    internal Option<int?> Seeds { get; } = new("--seeds") { Description = "Runs so many seeds, one after another." };

    internal Option<ulong> First { get; } = new("--first")
    {
        Description = "The first seed of a range.",
        DefaultValueFactory = _ => 1,
    };

    internal Option<int> Seconds { get; } = new("--seconds")
    {
        Description = "Virtual seconds under faults for each seed.",
        DefaultValueFactory = _ => 20,
    };

    internal Option<double?> Minutes { get; } = new("--minutes")
    {
        Description = "Soaks for so long, from a random first seed unless --first is given.",
    };

    internal Option<int> Jobs { get; } = new("--jobs")
    {
        Description = "Seeds at a time.",
        DefaultValueFactory = _ => 1,
    };

    internal Option<string> Save { get; } = new("--save")
    {
        Description = "Directory for the script of a failure.",
        DefaultValueFactory = _ => ".",
    };

    internal Option<bool> Gate { get; } = new("--release-gate")
    {
        Description = "One simulated year; notes how far it came, and goes on from there when run again.",
    };

    internal Option<string> Notes { get; } = new("--notes")
    {
        Description = "With --release-gate: the file of its notes.",
        DefaultValueFactory = _ => "release-gate.txt",
    };

    internal Option<double> Hours { get; } = new("--hours")
    {
        Description = "With --release-gate: simulated hours, when it is not to be a year.",
        DefaultValueFactory = _ => ReleaseGate.YearHours,
    };

    internal void AddTo(Command command)
    {
        Option[] one = [Seed, Plan, Shrink, Steps, Trace, HashEvery, Protocol];
        Option[] many = [Seeds, First, Seconds, Minutes, Jobs, Save, Gate, Notes, Hours];
        foreach (Option option in (Option[])[.. one, .. many])
        {
            command.Options.Add(option);
        }
    }
}
