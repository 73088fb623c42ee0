using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Package.Tests;

/// <summary>
/// The packages of this tree in a folder of their own, outside of the tree, with room for consumers beside it.
/// Shared by all tests; removed afterwards.
/// </summary>
public sealed class Feed : IDisposable
{
    private static readonly string[] Projects =
        ["CoreEngine.Model", "CoreEngine.Protocol", "CoreEngine.IO", "CoreEngine", "CoreEngine.Simulation"];

    private static readonly string[] Settings =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"];

    private readonly string _home = Directory.CreateTempSubdirectory("coreengine-package-").FullName;
    private readonly Lazy<Task> _packing;

    public Feed() => _packing = new Lazy<Task>(PackAllAsync);

    /// <summary>The folder with the tree's CoreEngine.sln.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>Where the packages lie.</summary>
    internal string Packages => Path.Combine(_home, "feed");

    /// <summary>Where a restore unpacks: no cache in which an older build of the same version may lie.</summary>
    private string Cache => Path.Combine(_home, "cache");

    /// <summary>Packs what was built beside this test; the work is done once.</summary>
    internal Task PackAsync() => _packing.Value;

    /// <summary>Path of the one package of a project.</summary>
    internal string PackageOf(string project, string extension = ".nupkg") =>
        Directory.GetFiles(Packages, $"{project}.*{extension}")
            .Single(path => char.IsDigit(Path.GetFileName(path)[project.Length + 1]));

    /// <summary>A new directory that inherits no settings: neither of this tree nor of what lies above.</summary>
    internal string NewDirectory(string name)
    {
        string directory = Directory.CreateDirectory(Path.Combine(_home, name)).FullName;
        foreach (string file in Settings)
        {
            File.WriteAllText(Path.Combine(directory, file), "<Project />\n");
        }

        File.WriteAllText(
            Path.Combine(directory, "nuget.config"),
            $"""
            <configuration>
              <config>
                <add key="globalPackagesFolder" value="{Cache}" />
              </config>
              <packageSources>
                <clear />
                <add key="local" value="{Packages}" />
              </packageSources>
              <fallbackPackageFolders>
                <clear />
              </fallbackPackageFolders>
            </configuration>
            """);
        return directory;
    }

    /// <summary>Runs the SDK of this tree; no server of it outlives the call.</summary>
    internal Task<ShellResult> DotnetAsync(string directory, params string[] arguments) =>
        Shell.RunAsync("dotnet", arguments, directory, new Dictionary<string, string>
        {
            ["NUGET_PACKAGES"] = Cache,
            ["DOTNET_CLI_UI_LANGUAGE"] = "en",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
        });

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private async Task PackAllAsync()
    {
        string configuration = typeof(Feed).Assembly
            .GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        foreach (string project in Projects)
        {
            string file = Path.Combine(Root, "src", project, $"{project}.csproj");
            ShellResult packed = await Shell.RunAsync(
                "dotnet",
                ["pack", file, "--no-build", "-c", configuration, "-o", Packages, "--nologo"],
                Root,
                new Dictionary<string, string>
                {
                    ["MSBUILDDISABLENODEREUSE"] = "1",
                    ["DOTNET_CLI_UI_LANGUAGE"] = "en",
                });
            if (packed.ExitCode != 0)
            {
                throw new InvalidOperationException($"packing {project} failed: {packed}");
            }
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? place = new(AppContext.BaseDirectory); place is not null; place = place.Parent)
        {
            if (File.Exists(Path.Combine(place.FullName, "CoreEngine.sln")))
            {
                return place.FullName;
            }
        }

        throw new DirectoryNotFoundException("CoreEngine.sln was not found above the test");
    }
}

/// <summary>The tests that share the packages: packed once.</summary>
[CollectionDefinition(nameof(Feed))]
public sealed class FeedSharing : ICollectionFixture<Feed>
{
}
