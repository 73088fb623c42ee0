// Goal: each rule can fail: a check that never fires is no check.
// Method: for each rule a snippet that it must flag and one, as near as possible, that it must let pass.
using System;
using System.Linq;
using Xunit;

namespace CoreEngine.Tidy;

public class RuleTests
{
    [Fact]
    public void A_file_of_501_lines_is_flagged()
    {
        Assert.Empty(SizeRules.FileLength(Source(Lines(500))));
        Assert.Single(SizeRules.FileLength(Source(Lines(501))));
    }

    [Theory]
    [InlineData("void F()\n{{\n{0}}}\n", 67)]
    [InlineData("int P\n{{\nget\n{{\n{0}}}\n}}\n", 67)]
    [InlineData("void G()\n{{\nvoid F()\n{{\n}}\n{0}}}\n", 64)]
    [InlineData("C()\n{{\n{0}}}\n", 67)]
    public void A_function_of_71_lines_is_flagged(string form, int filling)
    {
        Assert.Empty(SizeRules.FunctionLength(Class(form, filling)));
        Assert.Single(SizeRules.FunctionLength(Class(form, filling + 1)));
    }

    [Fact]
    public void Comments_before_a_function_do_not_count()
    {
        string comment = string.Concat(Enumerable.Repeat("/// <summary>A.</summary>\n", 80));
        Assert.Empty(SizeRules.FunctionLength(Source($"class C\n{{\n{comment}void F()\n{{\n}}\n}}\n")));
    }

    [Fact]
    public void A_line_of_121_columns_is_flagged()
    {
        Assert.Empty(SizeRules.LineLength(Source($"\n{new string('/', 120)}\n")));
        Finding finding = Assert.Single(SizeRules.LineLength(Source($"\n{new string('/', 121)}\n")));
        Assert.Equal(2, finding.Line);
    }

    [Fact]
    public void A_median_of_200_lines_is_flagged()
    {
        SourceFile[] good = [Source(Lines(10)), Source(Lines(199)), Source(Lines(450))];
        SourceFile[] bad = [Source(Lines(10)), Source(Lines(200)), Source(Lines(450))];
        Assert.Empty(SizeRules.MedianLength(good));
        Assert.Single(SizeRules.MedianLength(bad));
    }

    [Theory]
    [InlineData("class LogManager;")]
    [InlineData("static class StringHelpers;")]
    [InlineData("record struct GroupInfo(int A);")]
    [InlineData("class Outer { enum Util { None } }")]
    [InlineData("interface IDeltaProcessor;")]
    [InlineData("delegate void SendData();")]
    [InlineData("abstract class CoreBase;")]
    public void A_type_name_that_says_nothing_is_flagged(string code) =>
        Assert.Single(WordRules.TypeNames(Source(code)));

    [Theory]
    [InlineData("class Database;")]
    [InlineData("class InfoCommand;")]
    [InlineData("class Metadata { int Data; }")]
    public void A_type_name_that_only_holds_such_letters_passes(string code) =>
        Assert.Empty(WordRules.TypeNames(Source(code)));

    [Theory]
    [InlineData("unsafe class C;")]
    [InlineData("class C { void F() { unsafe { } } }")]
    [InlineData("class C { int F() => Unsafe.SizeOf<int>(); }")]
    [InlineData("class C { int F() => System.Runtime.CompilerServices.Unsafe.SizeOf<int>(); }")]
    [InlineData("class C { object F() => MemoryMarshal.Cast<byte, int>(default); }")]
    public void Unsafe_code_is_flagged_outside_its_files(string code)
    {
        Assert.Single(WordRules.UnsafePlaces(Source(code)));
        Assert.Empty(WordRules.UnsafePlaces(new SourceFile("src/X/Futex.Unsafe.cs", code)));
        Assert.Empty(WordRules.UnsafePlaces(new SourceFile("src/X/NativeMethods.Libc.cs", code)));
    }

    [Fact]
    public void The_word_unsafe_in_a_comment_or_a_text_passes() =>
        Assert.Empty(WordRules.UnsafePlaces(Source(
            "// unsafe Unsafe.As MemoryMarshal\nclass C { string F => \"Unsafe.\"; }")));

    [Theory]
    [InlineData("// TODO: later")]
    [InlineData("/* FIXME */")]
    [InlineData("/// <summary>TODO</summary>")]
    [InlineData("int a; // HACK")]
    public void A_reminder_is_flagged_in_the_product_only(string code)
    {
        Assert.Single(WordRules.NoReminders(Source(code)));
        Assert.Empty(WordRules.NoReminders(new SourceFile("tests/X/A.cs", code)));
    }

    [Theory]
    [InlineData("class A { long B => Stopwatch.GetTimestamp(); }", "src/CoreEngine/Loop/A.cs", true)]
    [InlineData("class A { object B => System.DateTime.UtcNow; }", "src/CoreEngine/Loop/A.cs", true)]
    [InlineData("class A { object B => System.DateTime.UtcNow; }", "src/CoreEngine/EngineShard.cs", false)]
    [InlineData("class A { long B => Stopwatch.GetTimestamp(); }", "src/CoreEngine/EngineShard.cs", true)]
    [InlineData("class A { long B => MonotonicClock.Now(); }", "src/CoreEngine/Loop/A.cs", false)]
    public void Another_clock_is_flagged_in_the_engine(string code, string path, bool isFlagged) =>
        Assert.Equal(isFlagged, ClockRules.OneClock(new SourceFile(path, code)).Any());

    [Theory]
    [InlineData("catch { }")]
    [InlineData("catch (Exception) { }")]
    [InlineData("catch (System.Exception error) { throw; }")]
    [InlineData("catch (Exception error) when (error.Message.Length > 0) { }")]
    [InlineData("catch (Exception error) when (error is not IOException) { }")]
    [InlineData("catch (Exception error) when (error is { Message: \"a\" }) { }")]
    [InlineData("catch (Exception error) when (error is var all) { }")]
    [InlineData("catch (Exception error) when (error is Exception) { }")]
    [InlineData("catch when (Held()) { }")]
    public void Catching_everything_is_flagged(string clause)
    {
        Finding finding = Assert.Single(WordRules.CatchAll(Try(clause)));
        Assert.Equal("F", finding.Member);
    }

    [Theory]
    [InlineData("catch (IOException) { }")]
    [InlineData("catch (Exception error) when (error is IOException) { }")]
    [InlineData("catch (Exception error) when (error is IOException or SocketException) { }")]
    public void Catching_by_type_passes(string clause) => Assert.Empty(WordRules.CatchAll(Try(clause)));

    [Fact]
    public void A_project_that_the_map_does_not_name_is_flagged()
    {
        Finding finding = Assert.Single(MapRules.Mentions(
            "src/README.md", "`CoreEngine.Model/` is the words.", ["CoreEngine.Model", "CoreEngine"]));
        Assert.Contains("mention CoreEngine", finding.What, StringComparison.Ordinal);
        Assert.Empty(MapRules.Mentions(
            "src/README.md", "CoreEngine, then CoreEngine.IO.", ["CoreEngine", "CoreEngine.IO"]));
    }

    private static SourceFile Source(string code) => new("src/X/A.cs", code);

    private static string Lines(int count) => string.Concat(Enumerable.Repeat("\n", count));

    private static SourceFile Class(string form, int filling) =>
        Source($"class C\n{{\n{string.Format(null, form, Lines(filling))}}}\n");

    private static SourceFile Try(string clause) => Source($"class C {{ void F() {{ try {{ }} {clause} }} }}");
}
