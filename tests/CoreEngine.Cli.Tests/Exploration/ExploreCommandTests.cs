using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Cli.Tests.Exploration;

/// <summary>Goal: the word explores, and says when it cannot. Method: the program's own entrance, by exit
/// code.</summary>
public static class ExploreCommandTests
{
    [Fact]
    public static async Task Explore_SmallBounds_EndsWell()
    {
        string[] arguments = ["explore", "--terms", "1", "--timeouts", "1", "--entries", "1", "--crashes", "0"];
        Assert.Equal(ExitCode.Ok, await Program.Main(arguments));
    }

    [Theory]
    [InlineData("--terms", "8")]
    [InlineData("--terms", "0")]
    [InlineData("--entries", "6")]
    [InlineData("--in-flight", "100")]
    [InlineData("--crashes", "many")]
    public static async Task Explore_BadBounds_AreRefused(string option, string value)
    {
        Assert.Equal(ExitCode.BadInput, await Program.Main(["explore", option, value]));
    }
}
