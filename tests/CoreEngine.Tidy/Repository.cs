using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;

namespace CoreEngine.Tidy;

/// <summary>The working tree that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Top folders whose C# is judged.</summary>
    private static readonly string[] TopFolders = ["src", "tests", "bench", "fuzz"];

    private static readonly string[] OutputFolders = ["bin", "obj", "out", "artifacts"];

    /// <summary>The folder that holds CoreEngine.sln, found upwards from the test assembly.</summary>
    internal static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>All C# under the top folders, sorted by path.</summary>
    internal static IReadOnlyList<SourceFile> CSharp { get; } =
        [.. TopFolders.SelectMany(Files).Where(path => path.EndsWith(".cs", StringComparison.Ordinal)).Select(Load)];

    /// <summary>Project files under src, with forward slashes, relative to the root.</summary>
    internal static IReadOnlyList<string> ProductProjects { get; } =
        [.. Files("src").Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))];

    /// <summary>The file's text.</summary>
    internal static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The built assembly of a product project, in the configuration of this test.</summary>
    /// <exception cref="FileNotFoundException">It was not built: the project is no longer built before the
    /// tests.</exception>
    internal static string AssemblyOf(string project)
    {
        string configuration = typeof(Repository).Assembly
            .GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        string framework = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string path = Path.Combine(Root, "src", project, "bin", configuration, framework, $"{project}.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException("the assembly was not built", path);
    }

    private static SourceFile Load(string path) => new(path, Read(path));

    private static IEnumerable<string> Files(string top)
    {
        string folder = Path.Combine(Root, top);
        if (!Directory.Exists(folder))
        {
            return [];
        }

        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => OutputFolders.Contains(part)))
            .Order(StringComparer.Ordinal);
    }

    private static string FindRoot(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CoreEngine.sln")))
            {
                return folder.FullName;
            }
        }

        throw new FileNotFoundException($"no CoreEngine.sln above {start}");
    }
}
