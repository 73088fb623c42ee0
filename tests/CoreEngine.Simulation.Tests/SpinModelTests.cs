using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>Goal: the rules hold in the model, and the model can tell. Method: <c>tests/models/check.sh</c>, which
/// names its bounds and plants bugs.</summary>
public static class SpinModelTests
{
    [SpinFact]
    public static async Task Model_HoldsAndFindsPlantedBugs()
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(ModelsDirectory(), "check.sh")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{output}{await errors}");
        string[] lines = output.Split('\n');
        Assert.Equal(3, lines.Count(static line => line.StartsWith("holds:", StringComparison.Ordinal)));
        Assert.Equal(4, lines.Count(static line => line.StartsWith("broken:", StringComparison.Ordinal)));
    }

    private static string ModelsDirectory()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "CoreEngine.sln")))
        {
            directory = Path.GetDirectoryName(directory)
                ?? throw new DirectoryNotFoundException("the tests do not run within the repository");
        }

        return Path.Combine(directory, "tests", "models");
    }

    /// <summary>Skipped, with the reason, where Spin is not installed.</summary>
    private sealed class SpinFactAttribute : FactAttribute
    {
        public SpinFactAttribute()
        {
            string[] missing = [.. new[] { "spin", "cc" }.Where(static tool => !IsInstalled(tool))];
            if (missing.Length > 0)
            {
                Skip = $"{string.Join(" and ", missing)} not installed (apt-get install spin gcc)";
            }
        }

        private static bool IsInstalled(string tool) =>
            (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
                .Split(':')
                .Any(directory => File.Exists(Path.Combine(directory, tool)));
    }
}
