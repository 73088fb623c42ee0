using System;
using System.CommandLine;
using CoreEngine.Simulation.Demonstrators;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine show [WORD]</c>: known results of the theory, shown by running something.</summary>
internal static class ShowCommand
{
    internal static Command Create()
    {
        var word = new Argument<string?>("WORD")
        {
            Description = "What to show; nothing lists what there is.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var seed = new Option<ulong>("--seed")
        {
            Description = "Decides everything that chance decides; the same seed prints the same page.",
            DefaultValueFactory = _ => Demonstrator.DefaultSeed,
        };
        var command = new Command("show", "Shows what theory says about histories, on the engine in virtual time.")
        {
            word, seed,
        };
        command.SetAction(parsed => Run(parsed.GetValue(word), parsed.GetValue(seed)));
        return command;
    }

    private static int Run(string? word, ulong seed)
    {
        if (word is null)
        {
            List();
            return ExitCode.Ok;
        }

        Demonstrator demonstrator = Demonstrator.Find(word)
            ?? throw new BadInputException($"there is no demonstrator '{word}'; 'coreengine show' lists them");
        Console.Write(demonstrator.Show(seed, out bool holds));
        return holds ? ExitCode.Ok : ExitCode.Fault;
    }

    private static void List()
    {
        int width = 0;
        foreach (Demonstrator demonstrator in Demonstrator.All)
        {
            width = int.Max(width, demonstrator.Word.Length);
        }

        foreach (Demonstrator demonstrator in Demonstrator.All)
        {
            Console.WriteLine($"{demonstrator.Word.PadRight(width)}  {demonstrator.Title}");
        }
    }
}
