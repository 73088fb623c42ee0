// Goal: a package holds what a host needs and nothing of the machine that built it.
// Method: the packed files are opened and looked through.
using System;
using System.IO;
using System.Linq;
using System.Reflection.Metadata;
using System.Text;
using System.Threading.Tasks;
using System.Xml.Linq;
using Xunit;

namespace CoreEngine.Package.Tests;

[Collection(nameof(Feed))]
public class PackageContentTests(Feed feed)
{
    [Theory]
    [InlineData("CoreEngine.Model")]
    [InlineData("CoreEngine.Protocol")]
    [InlineData("CoreEngine.IO")]
    [InlineData("CoreEngine")]
    [InlineData("CoreEngine.Simulation")]
    public async Task A_package_holds_assembly_documentation_and_readme(string project)
    {
        await feed.PackAsync();
        PackageFile package = PackageFile.Open(feed.PackageOf(project));
        Assert.Contains($"lib/net10.0/{project}.dll", package.Names);
        Assert.Contains($"lib/net10.0/{project}.xml", package.Names);
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(Feed.Root, "README.md")), package.Files["README.md"]);

        using var manifest = new MemoryStream(package.Files[$"{project}.nuspec"]);
        XElement metadata = XDocument.Load(manifest).Root!.Elements().Single();
        Assert.All(
            metadata.Descendants().Where(static element => element.Name.LocalName == "dependency"),
            static dependency => Assert.Equal("CoreEngine", dependency.Attribute("id")!.Value.Split('.')[0]));
        XElement description = metadata.Elements().Single(static element => element.Name.LocalName == "description");
        Assert.Contains("CoreEngine", description.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CoreEngine.Model")]
    [InlineData("CoreEngine.IO")]
    [InlineData("CoreEngine")]
    public async Task Symbols_lie_beside_and_no_path_of_the_building_machine_lies_in_either(string project)
    {
        await feed.PackAsync();
        byte[] dll = PackageFile.Open(feed.PackageOf(project)).Files[$"lib/net10.0/{project}.dll"];
        Assert.Equal(-1, dll.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Feed.Root)));

        byte[] pdb = PackageFile.Open(feed.PackageOf(project, ".snupkg")).Files[$"lib/net10.0/{project}.pdb"];
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbImage([.. pdb]);
        MetadataReader reader = provider.GetMetadataReader();
        Assert.NotEmpty(reader.Documents);
        Assert.All(
            reader.Documents,
            place => Assert.StartsWith(
                "/_/", reader.GetString(reader.GetDocument(place).Name), StringComparison.Ordinal));
    }
}
