using System;
using System.IO;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Cli.Tests.Commands;

/// <summary>
/// Goal: every word of <c>coreengine show</c> runs and ends well; a wrong one is told so. Method: the tool's own entry.
/// </summary>
[Collection(nameof(ConsoleOwners))]
public sealed class ShowTests
{
    [Fact]
    public async Task EveryWord_IsListed_AndEndsWithZero()
    {
        (int code, string list, _) = await Run("show");
        Assert.Equal(ExitCode.Ok, code);
        string[] lines = list.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 9, list);
        foreach (string line in lines)
        {
            string word = line.Split(' ')[0];
            (int ended, string page, string complaint) = await Run("show", word, "--seed", "2");
            Assert.True(ended == ExitCode.Ok, $"{word}: {page}{complaint}");
            Assert.StartsWith($"{word} (", page, StringComparison.Ordinal);
            Assert.Contains("seed 2", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AWrongWord_IsRefused_AndTheRemedyNamed()
    {
        (int code, _, string complaint) = await Run("show", "no-such-word");
        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("no-such-word", complaint, StringComparison.Ordinal);
        Assert.Contains("coreengine show", complaint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASeedThatIsNoNumber_IsRefused()
    {
        (int code, _, string complaint) = await Run("show", "cap", "--seed", "x");
        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("x", complaint, StringComparison.Ordinal);
    }

    internal static async Task<(int Code, string Output, string Complaint)> Run(params string[] arguments)
    {
        (TextWriter output, TextWriter error) = (Console.Out, Console.Error);
        using var said = new StringWriter();
        using var complained = new StringWriter();
        Console.SetOut(said);
        Console.SetError(complained);
        try
        {
            int code = await Program.Main(arguments);
            return (code, said.ToString(), complained.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}

/// <summary>Tests that take the process's console for themselves: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(ConsoleOwners), DisableParallelization = true)]
public sealed class ConsoleOwners;
