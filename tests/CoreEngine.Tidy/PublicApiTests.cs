// Goal: the public surface of Model, CoreEngine and Simulation changes by decision, never by accident.
// Method: the surface is read from the built assemblies and compared with PublicApi.txt; RECORD=1 writes the file anew.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Xunit;

namespace CoreEngine.Tidy;

public class PublicApiTests
{
    private const string Snapshot = "tests/CoreEngine.Tidy/PublicApi.txt";

    [Fact]
    public void The_public_surface_is_the_recorded_one()
    {
        string[] actual = [.. new[] { "CoreEngine.Model", "CoreEngine", "CoreEngine.Simulation" }.SelectMany(Surface)];
        string path = Path.Combine(Repository.Root, Snapshot);
        if (Environment.GetEnvironmentVariable("RECORD") == "1")
        {
            File.WriteAllText(path, $"{string.Join('\n', actual)}\n");
        }

        string[] expected = File.ReadAllText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        IReadOnlyList<string> difference = PublicSurface.Difference(expected, actual);
        Assert.True(
            difference.Count == 0 && expected.SequenceEqual(actual),
            $"the surface differs from {Snapshot}; if that is the decision, run this test with RECORD=1 and say why in "
            + $"the commit:\n{string.Join('\n', difference)}");
    }

    [Fact]
    public void The_surface_of_a_type_reads_as_declared()
    {
        string[] surface = Surface("CoreEngine.Model");
        Assert.Contains("CoreEngine.Model.Crc32C : static class", surface);
        Assert.Contains(
            "CoreEngine.Model.Crc32C.static Compute(ReadOnlySpan<byte> bytes, uint previous = default) : uint",
            surface);
        Assert.Contains("CoreEngine.Model.Frontier : enum, byte", surface);
        Assert.Contains("CoreEngine.Model.Frontier.Durable = 1", surface);
        Assert.Contains("CoreEngine.Model.Limits.EntryBytesMax : const int = 524288", surface);
        Assert.Contains("CoreEngine.Model.Contract.Medium : MediumClass { get; init; }", surface);
        Assert.Contains("CoreEngine.Model.Frontiers.Commit(in CommitCertificate proof) : void", surface);
        Assert.Contains("CoreEngine.Model.Frontiers.Committed : ulong { get; }", surface);
        Assert.DoesNotContain(surface, line => line.Contains("RefusalText", StringComparison.Ordinal));
        Assert.DoesNotContain(surface, line => line.Contains("PrintMembers", StringComparison.Ordinal));
    }

    [Fact]
    public void A_difference_names_what_came_and_what_went() => Assert.Equal(
        ["- old", "+ new"], PublicSurface.Difference(["old", "same"], ["new", "same"]));

    private static string[] Surface(string project)
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(Repository.AssemblyOf(project));
        return [.. PublicSurface.Of(module)];
    }
}
