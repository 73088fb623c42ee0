using System;
using System.Collections.Generic;
using CoreEngine.Mutants.Weaver;
using Xunit;

namespace CoreEngine.Mutants.Tests;

/// <summary>
/// Goal: a mutant that no longer fits its source breaks the build, with its name and file. Method: small sources and
/// mutants, right and wrong.
/// </summary>
public sealed class WeaverTests
{
    private const string Source = "src/A.cs";

    private const string Fields =
        "class: c\nsource: s\nmonitor: m\ncomponent: k\nabout: It says \"no\".\n";

    [Fact]
    public void AnEdit_BecomesASwitch()
    {
        SortedDictionary<string, string> woven = Weave("if (a)", Mutant("if (a)", "if (a && !MUTANT)"));
        Assert.EndsWith(
            "if (a && !global::CoreEngine.Mutants.Mutation.Is(1))", woven[Source], StringComparison.Ordinal);
        Assert.Contains("It says \\\"no\\\".", woven["Mutation.g.cs"], StringComparison.Ordinal);
    }

    [Fact]
    public void TwoMutants_MayChangeOneText_WhenTheFirstKeepsIt()
    {
        MutantFile first = Mutant("a == b", "(a == b || MUTANT)");
        MutantFile second = Mutant("a == b", "a == b && !MUTANT");
        SortedDictionary<string, string> woven = Weave("if (a == b)", first, second);
        Assert.Contains("Is(1)", woven[Source], StringComparison.Ordinal);
        Assert.Contains("Is(2)", woven[Source], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("if (b)", "stands 0 times")]
    [InlineData("if (a) if (a)", "stands 2 times")]
    public void AnOldTextThatDoesNotStandOnce_FailsTheBuild(string source, string words)
    {
        WeaveException error = Assert.Throws<WeaveException>(() => Weave(source, Mutant("if (a)", "MUTANT")));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("Test.mutant(7): error MUTANT: mutant Test:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MutantsThatCollide_FailTheBuild()
    {
        WeaveException error = Assert.Throws<WeaveException>(
            () => Weave("if (a)", Mutant("if (a)", "if (MUTANT)"), Mutant("if (a)", "if (MUTANT)")));
        Assert.Contains("another mutant", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("class: c\n", "missing")]
    [InlineData(Fields, "edits nothing")]
    [InlineData(Fields + "colour: red\n", "expected a field")]
    [InlineData(Fields + "class: d\n", "stands twice")]
    [InlineData(Fields + "@@ src/A.cs\nold\n", "expected \"<<<\"")]
    [InlineData(Fields + "@@ src/A.cs\n<<<\nold\n", "no \"===\" follows")]
    [InlineData(Fields + "@@ src/A.cs\n<<<\nold\n===\nMUTANT\n", "no \">>>\" follows")]
    [InlineData(Fields + "@@ src/A.cs\n<<<\n===\nMUTANT\n>>>\n", "empty")]
    [InlineData(Fields + "@@ src/A.cs\n<<<\nold\n===\nnew\n>>>\n", "holds MUTANT")]
    public void AFileThatIsNoMutant_IsRefusedWithItsReason(string text, string words)
    {
        WeaveException error = Assert.Throws<WeaveException>(() => MutantFile.Parse("Test", "Test.mutant", text));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("Test.mutant(", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEditOfAnUnknownFile_FailsTheBuild()
    {
        string text = Fields + "@@ src/B.cs\n<<<\nold\n===\nMUTANT\n>>>\n";
        MutantFile mutant = MutantFile.Parse("Test", "Test.mutant", text);
        WeaveException error = Assert.Throws<WeaveException>(() => Weave("old", mutant));
        Assert.Contains("there is no src/B.cs", error.Message, StringComparison.Ordinal);
    }

    private static MutantFile Mutant(string old, string replacement) => MutantFile.Parse(
        "Test", "Test.mutant", $"{Fields}\n@@ {Source}\n<<<\n{old}\n===\n{replacement}\n>>>\n");

    private static SortedDictionary<string, string> Weave(string source, params MutantFile[] mutants) =>
        MutantWeaver.Weave([], mutants, new Dictionary<string, string> { [Source] = source });
}
