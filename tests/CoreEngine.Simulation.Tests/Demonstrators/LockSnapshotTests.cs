using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using CoreEngine.Simulation.Demonstrators;
using Xunit;

namespace CoreEngine.Simulation.Tests.Demonstrators;

/// <summary>
/// Goal: a lock service that starts from a snapshot is the one that replays everything, whatever was applied while the
/// snapshot was written. Method: seeded requests; a pipe that holds the writer back; every answer and the digest are
/// compared.
/// </summary>
public sealed class LockSnapshotTests
{
    private const ulong Requests = 1500;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(700)]
    [InlineData(1500)]
    public async Task ARestartFromASnapshot_EqualsReplay(ulong captured)
    {
        LogSuffix log = Fill(seed: captured);
        var replayed = new LockService();
        Apply(replayed, log, 1, Requests);

        var serving = new LockService();
        Apply(serving, log, 1, captured);
        ISnapshot view = serving.Capture();

        // The writer stands after its first flush until somebody reads; meanwhile the machine goes on.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 0));
        Task writing = WriteAsync(view, pipe.Writer);
        Apply(serving, log, captured + 1, Requests);
        var restored = new LockService();
        Apply(restored, log, 1, 2);
        await restored.RestoreAsync(pipe.Reader, CancellationToken.None);
        await writing;

        Apply(restored, log, captured + 1, Requests);
        Assert.Equal(replayed.StateDigest, restored.StateDigest);
        Assert.Equal(replayed.StateDigest, serving.StateDigest);
        int granted = 0;
        for (ulong index = 1; index <= Requests; index++)
        {
            Assert.Equal(replayed.IsGranted(index), restored.IsGranted(index));
            granted += replayed.IsGranted(index) ? 1 : 0;
        }

        Assert.InRange(granted, 100, (int)Requests - 100);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(40)]
    public async Task ASnapshotThatEndsEarly_IsRefused(int length)
    {
        LogSuffix log = Fill(seed: 9);
        var machine = new LockService();
        Apply(machine, log, 1, 10);
        var whole = new Pipe();
        await WriteAsync(machine.Capture(), whole.Writer);
        System.IO.Pipelines.ReadResult read = await whole.Reader.ReadAtLeastAsync(int.MaxValue);
        var cut = new Pipe();
        _ = await cut.Writer.WriteAsync(System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, length)));
        await cut.Writer.CompleteAsync();
        await Assert.ThrowsAsync<InvalidDataException>(
            async () => await new LockService().RestoreAsync(cut.Reader, CancellationToken.None));
    }

    private static async Task WriteAsync(ISnapshot view, PipeWriter writer)
    {
        await view.WriteAsync(writer, CancellationToken.None);
        await writer.CompleteAsync();
    }

    private static LogSuffix Fill(ulong seed)
    {
        var chance = new Model.Prng(seed);
        var log = new LogSuffix(1);
        for (ulong index = 1; index <= Requests; index++)
        {
            byte[] command = LockService.Acquire((uint)chance.Between(1, 4), (uint)chance.Between(0, 30));
            bool isAppended = log.Append(1, (index * 10) << 16, EntryFlags.None, default, command);
            Assert.True(isAppended);
        }

        return log;
    }

    private static void Apply(LockService machine, LogSuffix log, ulong first, ulong last)
    {
        for (ulong index = first; index <= last; index++)
        {
            var batch = new CommittedBatch(log.Record(index), index, 1, new BatchProgress());
            var replies = default(ReplyWriter);
            machine.Apply(batch, ref replies);
        }
    }
}
