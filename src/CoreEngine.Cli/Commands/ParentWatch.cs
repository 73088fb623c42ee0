using System;
using System.Threading.Tasks;

namespace CoreEngine.Cli.Commands;

/// <summary>
/// Notices that the parent has closed this process's standard input, or is gone: then a child has no more work.
/// </summary>
internal static class ParentWatch
{
    /// <summary>Calls back once, when the input has ended. Reads and drops what comes until then.</summary>
    internal static void Start(Action gone) => _ = Task.Run(async () =>
    {
        using var input = Console.OpenStandardInput();
        byte[] dropped = new byte[256];
        while (await input.ReadAsync(dropped) > 0)
        {
        }

        gone();
    });
}
