// Goal: a full or read-only disk refuses with its reason, and loses nothing. Method: a small tmpfs of its own, made
// larger afterwards; skipped with that reason where mounting is not permitted.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class FullDiskTests
{
    [NeedsFact(Need.Mount)]
    public async Task Io_a_full_disk_refuses_writes_serves_reads_and_keeps_what_was_acknowledged()
    {
        using var scratch = new ScratchDirectory();
        string directory = scratch.Sub("small");
        Mount(directory, "size=5m");

        try
        {
            HostProcess.Format(directory);
            var acks = new Dictionary<ulong, ulong>();
            await using (Engine engine = await Engine.OpenAsync(HostProcess.Options(directory)))
            {
                // Kernels before 6.6 refuse O_DIRECT on tmpfs; either way the description says what it is.
                Assert.Matches(": (buffered, O_DIRECT refused by the file system|O_DIRECT) [+]", engine.Backends);
                await FillAsync(engine, acks);
            }

            // The tool that fills the rest of the disk must not matter either: nothing acknowledged depends on new
            // space.
            await HostProcess.VerifyAsync(directory, acks);
            Assert.True(Run("mount", "-o", "remount,size=64m", directory));
            await HostProcess.VerifyAsync(directory, acks);
            await using Engine again = await Engine.OpenAsync(HostProcess.Options(directory));
            Group group = await again.OpenGroupAsync("test", new RecordingMachine(), GroupOptions.Raft());
            await group.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
            for (ulong i = 0; i < 200; i++)
            {
                Receipt receipt = await group.ProposeAsync(RecordingMachine.Command(i, 32 * 1024));
                Assert.True(receipt.Outcome == Outcome.Committed, receipt.ToString());
            }
        }
        finally
        {
            Run("umount", directory);
        }
    }

    [NeedsFact(Need.Mount)]
    public async Task Io_a_read_only_directory_is_refused_with_its_reason()
    {
        using var scratch = new ScratchDirectory();
        string directory = scratch.Sub("frozen");
        Mount(directory, "size=16m");

        try
        {
            HostProcess.Format(directory);
            Assert.True(Run("mount", "-o", "remount,ro", directory));
            EngineOpenException error = await Assert.ThrowsAsync<EngineOpenException>(
                () => Engine.OpenAsync(HostProcess.Options(directory)).AsTask());
            Assert.Contains(directory, error.Message, StringComparison.Ordinal);
            Assert.Contains("write", error.Message, StringComparison.Ordinal);
            Assert.True(Run("mount", "-o", "remount,rw", directory));
            await HostProcess.VerifyAsync(directory, []);
        }
        finally
        {
            Run("umount", directory);
        }
    }

    private static async Task FillAsync(Engine engine, Dictionary<ulong, ulong> acks)
    {
        Group group = await engine.OpenGroupAsync("test", new RecordingMachine(), GroupOptions.Raft());
        await group.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
        Receipt receipt;
        ulong number = 0;
        do
        {
            number++;
            receipt = await group.ProposeAsync(RecordingMachine.Command(number, 32 * 1024));
            if (receipt.Outcome == Outcome.Committed)
            {
                acks.Add(receipt.Coordinate.Index, number);
            }

            Assert.True(number < 1000, "the disk never filled up");
        }
        while (receipt.Outcome == Outcome.Committed);

        Assert.True(receipt.Refusal.Code == RefusalCode.LogFull, receipt.ToString());
        Assert.Contains("free space", receipt.Refusal.ToString(), StringComparison.Ordinal);
        Assert.Null(engine.Fault);
        QueryResult<int> count = await group.QueryAsync<RecordingMachine, int, int>(static (m, _) => m.Heads.Count, 0);
        Assert.True(count.Point.IsGranted, count.Point.ToString());
        Assert.Equal(acks.Count, count.Value);
    }

    private static void Mount(string directory, string options)
    {
        Directory.CreateDirectory(directory);
        Assert.True(Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory));
    }

    private static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
