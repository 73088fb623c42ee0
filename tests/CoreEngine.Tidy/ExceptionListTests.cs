// Goal: an exception excuses exactly what it names, needs a reason, and fails once nothing needs it.
// Method: lists written here, findings made here.
using Xunit;

namespace CoreEngine.Tidy;

public class ExceptionListTests
{
    private static readonly Finding Long = new("function-lines", "src/A.cs", "Step", 10, "80 lines");

    [Fact]
    public void A_line_excuses_what_it_names()
    {
        var list = ExceptionList.Parse("# comment\nfunction-lines | src/A.cs | Step | one switch\n");
        Assert.Empty(list.Malformed);
        Assert.Empty(list.Unexcused([Long]));
        Assert.Single(list.Unexcused([Long with { Member = "Tick" }]));
        Assert.Single(list.Unexcused([Long with { Path = "src/B.cs" }]));
        Assert.Single(list.Unexcused([Long with { Rule = "catch-all" }]));
    }

    [Fact]
    public void A_dash_excuses_the_whole_file() =>
        Assert.Empty(ExceptionList.Parse("function-lines | src/A.cs | - | table").Unexcused([Long]));

    [Fact]
    public void A_line_that_excuses_nothing_is_found()
    {
        var list = ExceptionList.Parse("function-lines | src/A.cs | Step | why\nfile-lines | src/A.cs | - | why");
        ExceptionLine unneeded = Assert.Single(list.Unneeded([Long]));
        Assert.Equal("file-lines", unneeded.Rule);
    }

    [Theory]
    [InlineData("function-lines | src/A.cs | Step")]
    [InlineData("function-lines | src/A.cs | Step | ")]
    [InlineData("function-lines src/A.cs Step why")]
    public void A_line_without_a_reason_is_malformed(string line)
    {
        var list = ExceptionList.Parse(line);
        Assert.Equal(line.Trim(), Assert.Single(list.Malformed));
        Assert.Single(list.Unexcused([Long]));
    }
}
