using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using Mono.Cecil;

namespace CoreEngine.Tidy;

/// <summary>
/// Seven projects on five levels, arrows only downward; the two lowest know neither device, thread nor clock.
/// </summary>
internal static class LayerRules
{
    /// <summary>What each project refers to directly. The tool stands above all and may refer to any.</summary>
    private static readonly Dictionary<string, string[]> Layers = new(StringComparer.Ordinal)
    {
        ["CoreEngine.Model"] = [],
        ["CoreEngine.Protocol"] = ["CoreEngine.Model"],
        ["CoreEngine.IO"] = ["CoreEngine.Model"],
        ["CoreEngine.Crypto"] = ["CoreEngine.Model"],
        ["CoreEngine"] = ["CoreEngine.Protocol", "CoreEngine.IO", "CoreEngine.Crypto"],
        ["CoreEngine.Simulation"] = ["CoreEngine"],
        ["CoreEngine.Cli"] = ["CoreEngine.Simulation", "CoreEngine"],
    };

    private static readonly string[] PureNamespaces = ["System.IO", "System.Net", "System.Threading", "System.Linq"];

    private static readonly string[] PureTypes =
    [
        "System.DateTime", "System.DateTimeOffset", "System.TimeProvider", "System.Random", "System.Environment",
        "System.GC", "System.Diagnostics.Stopwatch", "System.Diagnostics.Process", "System.HashCode",
    ];

    private static readonly string[] PureMembers = ["System.Guid::NewGuid", "System.String::GetHashCode"];

    /// <summary>
    /// What the compiler itself refers to when it lowers records: they hash by value, never by chance.
    /// </summary>
    private static readonly string[] CompilersOwn = [];

    /// <summary>Project references are those of the table, to one; every project stands in it.</summary>
    /// <param name="project">The project's name.</param>
    /// <param name="xml">Its file.</param>
    /// <param name="existing">Projects that exist.</param>
    internal static IEnumerable<Finding> ProjectReferences(
        string project, string xml, IReadOnlyCollection<string> existing)
    {
        if (!Layers.TryGetValue(project, out string[]? allowed))
        {
            yield return Breach(project, "stands in no layer: architecture and table know seven projects");
            yield break;
        }

        string[] actual = [.. XDocument.Parse(xml).Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'))
            .Select(path => Path.GetFileNameWithoutExtension(path)!)];
        foreach (string extra in actual.Where(name => !MayReferTo(project, name, allowed)))
        {
            yield return Breach(project, $"refers to {extra}, which is not below it");
        }

        foreach (string missing in allowed.Intersect(existing).Except(actual))
        {
            yield return Breach(project, $"does not refer to {missing}, on which it stands");
        }
    }

    /// <summary>The compiled references keep the same order, through any number of levels.</summary>
    internal static IEnumerable<Finding> AssemblyReferences(string project, IEnumerable<string> references)
    {
        HashSet<string> below = Below(project);
        return references
            .Where(name => name.StartsWith("CoreEngine", StringComparison.Ordinal) && !below.Contains(name))
            .Select(name => Breach(project, $"is compiled against {name}, which is not below it"));
    }

    /// <summary>
    /// A pure assembly uses no type and no member that reaches outside, or that differs from run to run.
    /// </summary>
    internal static IEnumerable<Finding> PureReferences(
        string project, IEnumerable<string> types, IEnumerable<string> members)
    {
        IEnumerable<string> impureTypes = types.Where(type =>
            PureTypes.Contains(type)
            || PureNamespaces.Any(space => type.StartsWith($"{space}.", StringComparison.Ordinal)));
        return impureTypes.Concat(members.Intersect(PureMembers))
            .Except(CompilersOwn)
            .Select(name => new Finding("pure-references", project, name, 0, $"uses {name}"));
    }

    /// <summary>Names of the assemblies that an assembly refers to.</summary>
    internal static IReadOnlyList<string> ReferencedAssemblies(ModuleDefinition module) =>
        [.. module.AssemblyReferences.Select(reference => reference.Name)];

    /// <summary>Full names of the types that an assembly uses, nested ones as their outermost.</summary>
    internal static IReadOnlyList<string> ReferencedTypes(ModuleDefinition module) =>
        [.. module.GetTypeReferences().Select(Outermost).Select(type => type.FullName).Distinct()];

    /// <summary>Members that an assembly uses, as <c>Type::Member</c>.</summary>
    internal static IReadOnlyList<string> ReferencedMembers(ModuleDefinition module) =>
    [
        .. module.GetMemberReferences().Select(member => $"{member.DeclaringType.FullName}::{member.Name}").Distinct(),
    ];

    private static bool MayReferTo(string project, string name, string[] allowed) =>
        allowed.Contains(name) || (project == "CoreEngine.Cli" && Below(project).Contains(name));

    private static HashSet<string> Below(string project)
    {
        var below = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(Layers.GetValueOrDefault(project, []));
        while (open.TryDequeue(out string? name))
        {
            if (below.Add(name))
            {
                Array.ForEach(Layers[name], open.Enqueue);
            }
        }

        return below;
    }

    private static TypeReference Outermost(TypeReference type) =>
        type.DeclaringType is null ? type : Outermost(type.DeclaringType);

    private static Finding Breach(string project, string what) => new("layers", project, "-", 0, what);
}
