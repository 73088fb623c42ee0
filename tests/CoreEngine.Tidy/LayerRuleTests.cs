// Goal: a reference that points upward or sideways is found, in a project file and in an assembly; so is an impure
// reference.
// Method: each rule is given a bad example; the reading of assemblies is tried on this test's own, which is impure.
using System;
using System.Linq;
using Mono.Cecil;
using Xunit;

namespace CoreEngine.Tidy;

public class LayerRuleTests
{
    private static readonly string[] All =
    [
        "CoreEngine.Model", "CoreEngine.Protocol", "CoreEngine.IO", "CoreEngine", "CoreEngine.Simulation",
        "CoreEngine.Cli",
    ];

    [Theory]
    [InlineData("CoreEngine.Model", "CoreEngine.Protocol")]
    [InlineData("CoreEngine.Protocol", "CoreEngine.Model", "CoreEngine.IO")]
    [InlineData("CoreEngine.IO", "CoreEngine.Model", "CoreEngine.Protocol")]
    [InlineData("CoreEngine", "CoreEngine.Protocol", "CoreEngine.IO", "CoreEngine.Simulation")]
    [InlineData("CoreEngine", "CoreEngine.Protocol", "CoreEngine.IO", "CoreEngine.Model")]
    [InlineData("CoreEngine.Simulation", "CoreEngine", "CoreEngine.IO")]
    [InlineData("CoreEngine.Protocol")]
    [InlineData("CoreEngine", "CoreEngine.IO")]
    [InlineData("CoreEngine.Common")]
    public void Project_references_other_than_the_table_are_flagged(string project, params string[] references) =>
        Assert.Single(LayerRules.ProjectReferences(project, Xml(references), All));

    [Theory]
    [InlineData("CoreEngine.Model")]
    [InlineData("CoreEngine.Protocol", "CoreEngine.Model")]
    [InlineData("CoreEngine", "CoreEngine.Protocol", "CoreEngine.IO")]
    [InlineData("CoreEngine.Cli", "CoreEngine", "CoreEngine.Simulation", "CoreEngine.Model")]
    public void Project_references_of_the_table_pass(string project, params string[] references) =>
        Assert.Empty(LayerRules.ProjectReferences(project, Xml(references), All));

    [Theory]
    [InlineData("CoreEngine.Model", "CoreEngine.IO")]
    [InlineData("CoreEngine.Protocol", "CoreEngine.IO")]
    [InlineData("CoreEngine.IO", "CoreEngine.Protocol")]
    [InlineData("CoreEngine", "CoreEngine.Simulation")]
    [InlineData("CoreEngine.Simulation", "CoreEngine.Cli")]
    public void Assembly_references_that_point_upward_or_sideways_are_flagged(string project, string reference)
    {
        Assert.Single(LayerRules.AssemblyReferences(project, ["System.Runtime", reference]));
        Assert.Empty(LayerRules.AssemblyReferences("CoreEngine.Cli", ["CoreEngine", "CoreEngine.Model"]));
    }

    [Theory]
    [InlineData("System.IO.Stream")]
    [InlineData("System.Net.Sockets.Socket")]
    [InlineData("System.Threading.Interlocked")]
    [InlineData("System.Threading.Tasks.Task")]
    [InlineData("System.Linq.Enumerable")]
    [InlineData("System.DateTime")]
    [InlineData("System.Random")]
    [InlineData("System.Diagnostics.Stopwatch")]
    public void Types_that_reach_outside_are_flagged(string type)
    {
        Assert.Single(LayerRules.PureReferences("CoreEngine.Model", ["System.String", type], []));
        Assert.Empty(LayerRules.PureReferences("CoreEngine.Model", ["System.String", "System.IOne.A"], []));
    }

    [Fact]
    public void Members_that_differ_from_run_to_run_are_flagged() =>
        Assert.Single(LayerRules.PureReferences(
            "CoreEngine.Model", [], ["System.Guid::NewGuid", "System.Guid::Parse"]));

    [Fact]
    public void The_reader_of_assemblies_finds_what_an_impure_one_uses()
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(typeof(LayerRuleTests).Assembly.Location);
        Finding[] findings = [.. LayerRules.PureReferences(
            "CoreEngine.Tidy", LayerRules.ReferencedTypes(module), LayerRules.ReferencedMembers(module))];
        Assert.Contains(findings, finding => finding.Member == "System.IO.File");
        Assert.Contains(findings, finding => finding.Member == "System.Linq.Enumerable");
        Assert.Contains("Mono.Cecil", LayerRules.ReferencedAssemblies(module));
        Assert.Contains(
            LayerRules.ReferencedMembers(module),
            member => member.StartsWith("System.IO.File::", StringComparison.Ordinal));
    }

    private static string Xml(string[] references)
    {
        string items = string.Concat(references.Select(Item));
        return $"<Project><ItemGroup>{items}</ItemGroup></Project>";
    }

    private static string Item(string name) => $"<ProjectReference Include=\"..\\{name}\\{name}.csproj\" />";
}
