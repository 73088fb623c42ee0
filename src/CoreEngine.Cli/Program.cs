using System;
using System.CommandLine;
using System.IO;
using System.Threading.Tasks;
using CoreEngine.Cli.Admin;
using CoreEngine.Cli.Commands;

namespace CoreEngine.Cli;

/// <summary>The command-line tool: each command stands in its own file.</summary>
internal static class Program
{
    internal static async Task<int> Main(string[] arguments)
    {
        var root =
            new RootCommand("CoreEngine: replicated histories that survive failure, as a key-value store over RESP2.")
        {
            FormatCommand.Create(),
            RunCommand.Create(),
            DemoCommand.Create(),
            ClientCommand.Create(),
            AdminTool.Create(),
            CheckCommand.Create(),
            InspectCommand.Create(),
            VerifyCommand.Create(),
            SimulateCommand.Create(),
            ExploreCommand.Create(),
            ShowCommand.Create(),
        };
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync(
                "'coreengine --help' and 'coreengine COMMAND --help' show what there is");
            return ExitCode.BadInput;
        }

        try
        {
            // Commands stop on signals in their own way, each to its end: no default handler that kills them after a
            // while.
            var invocation =
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(invocation);
        }
        catch (BadInputException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.BadInput;
        }
        catch (Exception error) when (error is EngineOpenException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.BadInput;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Fault;
        }
    }
}
