using System.Globalization;
using System.IO;
using CoreEngine.Simulation;
using CoreEngine.Simulation.Faults;

namespace CoreEngine.Cli.Commands;

/// <summary>What a failing seed leaves behind: the smallest plan that still fails, saved and printed.</summary>
internal static class FailureScript
{
    /// <summary>Shrinks the run of these options, prints and saves what is left.</summary>
    /// <param name="output">Where it is printed.</param>
    /// <param name="options">Of the run that failed.</param>
    /// <param name="directory">Where the script is saved.</param>
    /// <returns>The path of the script; null when the run did not fail.</returns>
    internal static string? Write(TextWriter output, SimulatorOptions options, string directory)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"shrinking seed {options.Seed}, for at most {ShrinkBudget.Usual.WallMax.TotalSeconds} s ..."));
        if (Shrinker.Run(options, ShrinkBudget.Usual) is not { } shrunk)
        {
            output.WriteLine("the seed does not fail: nothing to shrink");
            return null;
        }

        string script = TextOf(shrunk);
        string path = Path.Combine(
            directory, string.Create(CultureInfo.InvariantCulture, $"simulate-{options.Seed}.plan"));
        File.WriteAllText(path, script);
        output.WriteLine(script);
        output.WriteLine($"replay: coreengine simulate --plan {path} --trace");
        return path;
    }

    private static string TextOf(ShrinkResult shrunk)
    {
        FaultPlan plan = shrunk.Plan;
        FaultPlan original = shrunk.Original;
        CultureInfo culture = CultureInfo.InvariantCulture;
        return PlanText.Write(
            plan,
            $"{shrunk.Result.Failure!.Monitor.Name}: {shrunk.Result.Failure.Text.ReplaceLineEndings(" ")}",
            string.Create(culture, $"shrunk in {shrunk.Runs} runs{(shrunk.IsExhausted ? ", all of its budget" : "")}"),
            string.Create(culture, $"faults {plan.Faults.Count} of {original.Faults.Count}"),
            string.Create(culture, $"operations {plan.Operations.Count} of {original.Operations.Count}"),
            string.Create(culture, $"replicas {plan.Replicas} of {original.Replicas}"),
            string.Create(culture, $"seconds {plan.FaultsNs / 1e9:F3} of {original.FaultsNs / 1e9:F3}"));
    }
}
