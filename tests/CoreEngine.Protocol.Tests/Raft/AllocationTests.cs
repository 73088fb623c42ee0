using System;
using System.Diagnostics;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Three cores in memory, in steady state.</summary>
public sealed class AllocationTests(ITestOutputHelper output)
{
    // Goal: no byte is allocated per proposal, message, completion, tick or read. Method: a loop whose own buffers
    // are made beforehand; the
    // thread's allocation counter before and after 100,000 proposals, long after memory was recycled for the first
    // time.
    [Fact]
    public void Core_AllocatesNothingInSteadyState()
    {
        var cluster = new LeanCluster();
        cluster.Run(6_000);
        ulong before = cluster.Committed;
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        cluster.Run(1_600);
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        Assert.True(cluster.Committed - before >= 100_000);
        Assert.True(cluster.ReadsAnswered > 1_000);
        Assert.True(cluster.FirstCached > 1);
        Assert.Equal(0, bytes);
    }

    [Fact]
    public void Follower_TakesALargeAppendWhole()
    {
        const int Rounds = 100;
        const int Entries = 12_000;
        byte[] payload = new byte[16];
        int size = EntryCodec.RecordSize(EntryFlags.None, payload.Length);
        byte[] body = new byte[AppendEntriesBody.Bytes + (Entries * size)];
        RaftCore core = LeanCluster.MakeCore(2, 32 * 1024 * 1024, LogSuffix.DefaultChunkBytes);
        var outputs = new Outputs();
        long best = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            ulong prev = (ulong)round * Entries;
            new AppendEntriesBody(prev, prev == 0 ? 0ul : 1, Entries, default).Write(body);
            for (int i = 0; i < Entries; i++)
            {
                EntryCodec.Write(
                    body.AsSpan(AppendEntriesBody.Bytes + (i * size), size),
                    Cluster.Group,
                    prev + (ulong)i + 1,
                    1,
                    1,
                    EntryFlags.None,
                    default,
                    payload);
            }

            core.Tick(round, 0, outputs);
            long start = Stopwatch.GetTimestamp();
            var header = new MessageHeader(MessageType.AppendEntries, Cluster.Group, 1, 2, 1, 0, 0);
            Assert.Equal(ReceiveResult.Accepted, core.Receive(new Message(header, body), outputs));
            best = long.Min(best, Stopwatch.GetTimestamp() - start);
            core.Log.ReleaseThrough(core.Log.LastIndex);
            core.Persisted(outputs.Persist[^1].Ticket, outputs);
            outputs.Clear();
        }

        Assert.Equal((ulong)Rounds * Entries, core.Frontiers.Durable);
        output.WriteLine($"best round: {Entries / ((double)best / Stopwatch.Frequency) / 1e6:F1} M entries/s");
    }
}
