using System;
using System.CommandLine;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine inspect DIR</c>: what a data directory holds, for people. Read-only.</summary>
internal static class InspectCommand
{
    internal static Command Create()
    {
        var directory =
            new Argument<string>("DIR") { Description = "The data directory of a replica; it may be in use." };
        var command = new Command(
            "inspect", "Prints superblock, segments, batches, records and snapshots of a data directory.")
        {
            directory,
        };
        command.SetAction(parsed => DataDirectory.ForEachShard(parsed.GetRequiredValue(directory), Run));
        return command;
    }

    private static int Run(string directory)
    {
        bool isSound = LogInspector.Dump(directory, Console.Out).IsSound;
        foreach (SnapshotVerdict verdict in SnapshotInspector.Verify(directory))
        {
            Console.WriteLine(SnapshotInspector.Describe(verdict));
            isSound &= verdict.IsSound;
        }

        return isSound ? ExitCode.Ok : ExitCode.Fault;
    }
}
