using System.IO;
using CoreEngine.Cli.Commands;
using CoreEngine.Simulation;
using Xunit;

namespace CoreEngine.Cli.Tests.Simulate;

/// <summary>
/// Goal: a failing seed leaves a script that the tool reads back, and a file that is none is refused by name and line.
/// Method: a planted lie, the script's own path given to <c>--plan</c>'s reader.
/// </summary>
public sealed class FailureScriptTests
{
    [Fact]
    public void AFailure_IsPrintedAndSaved_AndReadBack()
    {
        using var directory = new TemporaryDirectory();
        using var output = new StringWriter();
        var options = new SimulatorOptions
        {
            Seed = 2,
            FaultsNs = 3 * SimulatorOptions.Second,
            Plant = static world => world[2].MachineMaker = static () => new JournalMachine { Forgets = 4 },
        };
        string? path = FailureScript.Write(output, options, directory.Path);
        Assert.NotNull(path);
        Assert.Contains($"--plan {path}", output.ToString(), System.StringComparison.Ordinal);
        Assert.Contains("operation ", output.ToString(), System.StringComparison.Ordinal);
        SimulatorOptions replay = SimulateCommand.OptionsOfPlan(path) with { Plant = options.Plant };
        SeedResult again = Simulator.Run(replay);
        Assert.NotNull(again.Failure);
        Assert.Contains(again.Failure.Monitor.Name, File.ReadAllText(path), System.StringComparison.Ordinal);
    }

    [Fact]
    public void ASoundSeed_LeavesNoScript()
    {
        using var directory = new TemporaryDirectory();
        using var output = new StringWriter();
        var options = new SimulatorOptions { Seed = 1, FaultsNs = SimulatorOptions.Second };
        Assert.Null(FailureScript.Write(output, options, directory.Path));
        Assert.Empty(Directory.GetFiles(directory.Path));
    }

    [Fact]
    public void AFileThatIsNoPlan_IsRefused()
    {
        using var directory = new TemporaryDirectory();
        string path = Path.Combine(directory.Path, "notes.txt");
        BadInputException missing = Assert.Throws<BadInputException>(() => SimulateCommand.OptionsOfPlan(path));
        Assert.Contains("cannot read the plan", missing.Message, System.StringComparison.Ordinal);
        File.WriteAllText(path, "buy milk\n");
        BadInputException bad = Assert.Throws<BadInputException>(() => SimulateCommand.OptionsOfPlan(path));
        Assert.Contains("line 1", bad.Message, System.StringComparison.Ordinal);
    }
}
