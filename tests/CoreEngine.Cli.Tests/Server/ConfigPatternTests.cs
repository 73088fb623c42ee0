// Goal: CONFIG GET finds names by pattern as Redis does.
// Method: a table.
using System.Text;
using CoreEngine.Cli.Server;
using Xunit;

namespace CoreEngine.Cli.Tests.Server;

public sealed class ConfigPatternTests
{
    [Theory]
    [InlineData("save", "save", true)]
    [InlineData("SAVE", "save", true)]
    [InlineData("*", "save", true)]
    [InlineData("*", "", true)]
    [InlineData("s*e", "save", true)]
    [InlineData("*a*e*", "save", true)]
    [InlineData("s??e", "save", true)]
    [InlineData("s?e", "save", false)]
    [InlineData("sav", "save", false)]
    [InlineData("saves", "save", false)]
    [InlineData("", "save", false)]
    [InlineData("*ab*ab", "abaab", true)]
    public void A_pattern_fits_as_in_redis(string pattern, string name, bool fits) =>
        Assert.Equal(fits, ConfigCommand.Matches(Encoding.ASCII.GetBytes(pattern), name));
}
