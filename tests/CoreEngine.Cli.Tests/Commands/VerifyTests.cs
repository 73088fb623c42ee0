using System;
using System.IO;
using System.IO.Pipelines;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Cli.Tests.Commands;

/// <summary>
/// Goal: <c>verify</c> and <c>inspect</c> list the snapshots of a directory and tell damaged ones by exit code and
/// words. Method: the tool's own entry over a directory that an engine has written; each part of the file is damaged.
/// </summary>
[Collection(nameof(ConsoleOwners))]
public sealed class VerifyTests
{
    [Fact]
    public async Task SnapshotsAreListed_AndDamagedOnesEndWithOne()
    {
        using var home = new TemporaryDirectory();
        string directory = home.File("data");
        await WriteAsync(directory);
        foreach (string command in new[] { "verify", "inspect" })
        {
            (int code, string output, string complaint) = await ShowTests.Run(command, directory);
            Assert.True(code == ExitCode.Ok, $"{output}{complaint}");
            Assert.Matches(@"snap-\S+: group 1 index \d+ term \d+, configuration \d+, \d+ bytes for \d+", output);
            Assert.Matches(@"\d+ chunks, \d+ by LZ4: sound", output);
        }

        string file = Assert.Single(Directory.GetFiles(directory, "snap-*"));
        byte[] sound = await File.ReadAllBytesAsync(file);

        // In the manifest, in the configuration's chunk, in the machine's chunk.
        foreach ((int place, string word) in new[]
        {
            (20, "manifest"), (4096 + 40, "configuration"), (sound.Length - 20, "chunk "),
        })
        {
            byte[] damaged = [.. sound];
            damaged[place] ^= 1;
            await File.WriteAllBytesAsync(file, damaged);
            foreach (string command in new[] { "verify", "inspect" })
            {
                (int code, string output, _) = await ShowTests.Run(command, directory);
                Assert.Equal(ExitCode.Fault, code);
                Assert.Contains("DAMAGED", output, StringComparison.Ordinal);
                Assert.Contains(word, output, StringComparison.Ordinal);
                Assert.Contains("repairable from peers", output, StringComparison.Ordinal);
            }
        }
    }

    private static async Task WriteAsync(string directory)
    {
        var cluster = new ClusterId(1, 2);
        Engine.Format(directory, cluster, replica: 1, segmentBytes: 1024 * 1024);
        var options = new EngineOptions
        {
            Replica = 1,
            Directory = directory,
            SegmentBytes = 1024 * 1024,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        };
        await using Engine engine = await Engine.OpenAsync(options);
        Group group = await engine.OpenGroupAsync("test", new Counter(), GroupOptions.Raft());
        Receipt receipt;
        do
        {
            receipt = await group.ProposeAsync(new byte[8]);
        }
        while (receipt.Outcome != Outcome.Committed);

        SnapshotResult taken = await group.SnapshotAsync();
        Assert.True(taken.IsTaken, $"{taken.Refusal}");
    }

    /// <summary>Counts; its snapshot is long enough to have bytes everywhere.</summary>
    private sealed class Counter : IStateMachine, ISnapshot
    {
        public bool InlineSafe => true;

        public ulong StateDigest { get; private set; }

        public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
        {
            foreach (CommittedEntry entry in batch)
            {
                StateDigest += entry.Index;
            }
        }

        public ISnapshot Capture() => this;

        public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
        {
            byte[] noise = new byte[1000];
            new Random(1).NextBytes(noise);
            _ = await writer.WriteAsync(noise, cancellationToken);
        }
    }
}
