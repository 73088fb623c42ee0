// Goal: what a newcomer does first works: take the package, copy the README's example, run it.
// Method: the tree's packages are packed into a folder that is the only feed of a project outside of the tree, with a
// package cache of its own; that project holds the example, letter by letter, and names only CoreEngine.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Package.Tests;

[Collection(nameof(Feed))]
public class ConsumerTests(Feed feed)
{
    private const string Project =
        """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="PACKAGE" Version="*" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public void The_example_has_twelve_lines_that_fit_a_screen()
    {
        var lines = ReadmeExample.Lines(ReadmeExample.Read(ReadmeExample.First));
        Assert.Equal(12, lines.Count);
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 120));
    }

    [Fact]
    public async Task The_example_builds_from_the_package_alone_and_prints_its_receipt_in_every_life()
    {
        string consumer = await BuildAsync("example", ReadmeExample.Read(ReadmeExample.First));

        ShellResult first = await RunAsync(consumer);
        Assert.True(first.ExitCode == 0, $"{first}");
        ulong index = IndexOf(first);

        // The second life finds what the first one wrote: the history goes on behind it.
        ShellResult second = await RunAsync(consumer);
        Assert.True(second.ExitCode == 0, $"{second}");
        Assert.True(IndexOf(second) > index, $"{first}\n{second}");
    }

    [Fact]
    public async Task Three_replicas_of_the_second_example_commit_what_each_of_them_proposes()
    {
        int ports = FreePorts.Below(3);
        string program = ReadmeExample.Read(ReadmeExample.Cluster).Replace(
            "7100", ports.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        string consumer = await BuildAsync("cluster", program + ReadmeExample.Machine());

        // Their standard input ends once all three have printed: until then they serve each other.
        var meeting = new Meeting(3);
        ShellResult[] runs = await Task.WhenAll(Enumerable.Range(1, 3).Select(replica => Shell.RunAsync(
            "dotnet",
            [Path.Combine("app", "Consumer.dll"), replica.ToString(CultureInfo.InvariantCulture)],
            consumer,
            new Dictionary<string, string>(),
            meeting)));

        Assert.All(runs, static run => Assert.True(run.ExitCode == 0, $"{run}"));
        Assert.Equal(3, runs.Select(IndexOf).Distinct().Count());
    }

    [Fact]
    public async Task The_simulations_example_of_thirty_lines_finds_the_bank_sound_and_a_forger_not()
    {
        string program = ReadmeExample.Read(ReadmeExample.Simulation);
        Assert.InRange(ReadmeExample.Lines(program).Count, 10, 34);
        string consumer = await BuildAsync("bank", program, "CoreEngine.Simulation");
        ShellResult sound = await RunAsync(consumer);
        Assert.True(sound.ExitCode == 0, $"{sound}");
        Assert.Matches(@"^50 seeds, \d+ simulated seconds, .*: sound\s*$", sound.Output);

        string forged = program.Replace(
            "_accounts[to] += amount", "_accounts[to] += 2 * amount", StringComparison.Ordinal);
        Assert.NotEqual(program, forged);
        ShellResult found = await RunAsync(await BuildAsync("forger", forged, "CoreEngine.Simulation"));
        Assert.True(found.ExitCode == 1, $"{found}");
        Assert.Contains("seed 1 failed", found.Output, StringComparison.Ordinal);
        Assert.Contains("money was made or lost", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_native_library_of_the_package_is_found()
    {
        string consumer = await BuildAsync(
            "backends",
            """
            using System.Net;
            using CoreEngine;
            Engine.Format("data", new(1, 1), replica: 1, segmentBytes: 1 << 20);
            var options = new EngineOptions
            {
                Replica = 1, Directory = "data", SegmentBytes = 1 << 20, Listen = new(IPAddress.Loopback, 0),
            };
            await using Engine engine = await Engine.OpenAsync(options);
            Console.WriteLine(engine.Backends);
            """);
        ShellResult run = await RunAsync(consumer);
        Assert.True(run.ExitCode == 0, $"{run}");

        // Where no compiler was present the package holds no library, and the engine says that it does without.
        var packed = PackageFile.Open(feed.PackageOf("CoreEngine.IO")).Names;
        bool isPacked = packed.Any(static name => name.EndsWith("/libcoreengine_native.so", StringComparison.Ordinal));

        // What is linked into the library may only be handed on with its licence.
        Assert.Equal(isPacked, packed.Contains("THIRD-PARTY-NOTICES.txt"));
        string way = isPacked ? "native library" : "libc (native library not found)";
        Assert.Contains($", {way}", run.Output, StringComparison.Ordinal);
    }

    /// <summary>The index in a line such as <c>Committed at g1/c1/t1/i2, proven by ...</c>.</summary>
    private static ulong IndexOf(ShellResult run)
    {
        const string Start = "Committed at ";
        string line = Assert.Single(run.Output.Trim().Split('\n'));
        Assert.StartsWith(Start, line, StringComparison.Ordinal);
        string coordinate = line[Start.Length..line.IndexOf(',', StringComparison.Ordinal)];
        string digits = new([.. coordinate.Reverse().TakeWhile(char.IsAsciiDigit).Reverse()]);
        return ulong.Parse(digits, CultureInfo.InvariantCulture);
    }

    private async Task<string> BuildAsync(
        string name, string program, string package = "CoreEngine")
    {
        await feed.PackAsync();
        string directory = feed.NewDirectory(name);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "Consumer.csproj"),
            Project.Replace("PACKAGE", package, StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(directory, "Program.cs"), program);
        ShellResult built = await feed.DotnetAsync(directory, "build", "-c", "Release", "-o", "app", "--nologo");
        Assert.True(built.ExitCode == 0, $"{built}");
        return directory;
    }

    private Task<ShellResult> RunAsync(string directory) =>
        feed.DotnetAsync(directory, Path.Combine("app", "Consumer.dll"));
}
