using System;
using System.CommandLine;
using System.Globalization;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine verify DIR</c>: walks every checksum. Read-only.</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        var directory =
            new Argument<string>("DIR") { Description = "The data directory of a replica; it should not be in use." };
        var command =
            new Command("verify", "Walks every checksum of a data directory; says what is sound, torn or damaged.")
        {
            directory,
        };
        command.SetAction(parsed => DataDirectory.ForEachShard(parsed.GetRequiredValue(directory), Run));
        return command;
    }

    private static int Run(string directory)
    {
        LogVerdict verdict = LogVerifier.Verify(directory);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{directory}: {verdict.Report}"));
        foreach (string note in verdict.Report.Notes)
        {
            Console.WriteLine($"note: {note}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"sound: {verdict.Report.Batches} batches, {verdict.Report.Records} records; "
            + $"torn: {verdict.Torn}; damaged: {verdict.Damages.Count}"));
        foreach (LogDamage damage in verdict.Damages)
        {
            Console.WriteLine($"damaged: {damage}");
        }

        Console.WriteLine(verdict.Message);
        bool isSound = verdict.IsSound;
        foreach (SnapshotVerdict snapshot in SnapshotInspector.Verify(directory))
        {
            Console.WriteLine(SnapshotInspector.Describe(snapshot));
            isSound &= snapshot.IsSound;
        }

        return isSound ? ExitCode.Ok : ExitCode.Fault;
    }
}
