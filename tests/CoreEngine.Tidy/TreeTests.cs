// Goal: taste as a test: a breach of size, word, place or layer anywhere in the tree fails the build of whoever
// brings it.
// Method: every rule runs over the files as syntax, or over the built assemblies; what the list of exceptions excuses
// is taken away.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Xunit;

namespace CoreEngine.Tidy;

public class TreeTests
{
    private static readonly ExceptionList Exceptions = ExceptionList.Parse(Repository.Read(ExceptionList.Path));

    [Fact]
    public void The_tree_is_found()
    {
        Assert.Contains(Repository.CSharp, file => file.Path == "src/CoreEngine.Model/Frontiers.cs");
        Assert.Contains(Repository.CSharp, file => file.Path.StartsWith("tests/", StringComparison.Ordinal));
        Assert.Contains(Repository.CSharp, file => file.Path.StartsWith("bench/", StringComparison.Ordinal));
        Assert.DoesNotContain(Repository.CSharp, file => file.Path.Contains("/obj/", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_are_at_most_500_lines_long() => Keeps(SizeRules.FileLength);

    [Fact]
    public void Functions_are_at_most_70_lines_long() => Keeps(SizeRules.FunctionLength);

    [Fact]
    public void Lines_are_at_most_120_columns_wide() => Keeps(SizeRules.LineLength);

    [Fact]
    public void Half_of_the_product_files_are_under_200_lines() => Keeps(SizeRules.MedianLength(Repository.CSharp));

    [Fact]
    public void Type_names_say_what_a_type_does() => Keeps(WordRules.TypeNames);

    [Fact]
    public void Unsafe_code_stands_in_files_named_so() => Keeps(WordRules.UnsafePlaces);

    [Fact]
    public void The_product_holds_no_reminders() => Keeps(WordRules.NoReminders);

    [Fact]
    public void Nobody_catches_every_exception_without_a_reason() => Keeps(WordRules.CatchAll);

    [Fact]
    public void The_engine_measures_by_one_clock() => Keeps(ClockRules.OneClock);

    [Fact]
    public void Projects_refer_downward_only() => Keeps(AllProjectReferences());

    [Fact]
    public void Assemblies_refer_downward_only() => Keeps(AllAssemblyReferences());

    [Fact]
    public void Model_and_protocol_reach_for_nothing_outside() => Keeps(AllPureReferences());

    [Fact]
    public void The_map_of_the_sources_names_every_project() => Keeps(MapRules.Mentions(
        "src/README.md",
        File.Exists(Path.Combine(Repository.Root, "src/README.md")) ? Repository.Read("src/README.md") : string.Empty,
        ProjectNames()));

    [Fact]
    public void Every_exception_is_readable_and_needed()
    {
        Assert.Empty(Exceptions.Malformed);
        Func<SourceFile, IEnumerable<Finding>>[] rules =
        [
            SizeRules.FileLength, SizeRules.FunctionLength, SizeRules.LineLength, WordRules.TypeNames,
            WordRules.UnsafePlaces, WordRules.NoReminders, WordRules.CatchAll,
        ];
        Finding[] findings =
        [
            .. rules.SelectMany(rule => Repository.CSharp.SelectMany(rule)),
            .. SizeRules.MedianLength(Repository.CSharp),
            .. AllProjectReferences(), .. AllAssemblyReferences(), .. AllPureReferences(),
        ];
        IReadOnlyList<ExceptionLine> unneeded = Exceptions.Unneeded(findings);
        Assert.True(unneeded.Count == 0, $"no longer needed:\n{string.Join('\n', unneeded)}");
    }

    private static string[] ProjectNames() =>
        [.. Repository.ProductProjects.Select(path => Path.GetFileNameWithoutExtension(path))];

    private static IEnumerable<Finding> AllProjectReferences()
    {
        string[] names = ProjectNames();
        return Repository.ProductProjects.SelectMany(path => LayerRules.ProjectReferences(
            Path.GetFileNameWithoutExtension(path), Repository.Read(path), names));
    }

    private static IEnumerable<Finding> AllAssemblyReferences() => ProjectNames().SelectMany(name =>
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(Repository.AssemblyOf(name));
        return LayerRules.AssemblyReferences(name, LayerRules.ReferencedAssemblies(module)).ToArray();
    });

    private static IEnumerable<Finding> AllPureReferences() =>
        new[] { "CoreEngine.Model", "CoreEngine.Protocol" }.SelectMany(name =>
        {
            using ModuleDefinition module = ModuleDefinition.ReadModule(Repository.AssemblyOf(name));
            return LayerRules.PureReferences(
                name, LayerRules.ReferencedTypes(module), LayerRules.ReferencedMembers(module)).ToArray();
        });

    private static void Keeps(Func<SourceFile, IEnumerable<Finding>> rule) => Keeps(Repository.CSharp.SelectMany(rule));

    private static void Keeps(IEnumerable<Finding> findings)
    {
        IReadOnlyList<Finding> open = Exceptions.Unexcused(findings);
        Assert.True(open.Count == 0, $"{open.Count} breaches:\n{string.Join('\n', open)}");
    }
}
