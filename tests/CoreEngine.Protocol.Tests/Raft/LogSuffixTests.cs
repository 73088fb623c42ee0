using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>The log's end against a list that does the same in the obvious way.</summary>
public sealed class LogSuffixTests
{
    // Goal: terms of all entries, bytes of the cached ones, ranges in one chunk, bounded memory. Method: random
    // operations beside a model.
    [Fact]
    public void LogSuffix_BehavesLikeAListOfRecords()
    {
        for (ulong seed = 1; seed <= 200; seed++)
        {
            Explore(seed);
        }
    }

    [Fact]
    public void LogSuffix_ReportsFullUntilEntriesAreReleased()
    {
        var log = new LogSuffix(Cluster.Group, 8192, 4096);
        int count = 0;
        while (log.Append(1, 1, EntryFlags.None, default, new byte[100]))
        {
            count++;
        }

        Assert.InRange(count, 40, 58);
        Assert.Equal((ulong)count, log.LastIndex);
        log.ReleaseThrough(log.LastIndex);
        Assert.True(log.Append(1, 1, EntryFlags.None, default, new byte[100]));
        Assert.True(log.FirstCached > 1);
    }

    [Fact]
    public void LogSuffix_KeepsWhatAMessageOfThisTurnNames()
    {
        var log = new LogSuffix(Cluster.Group, 8192, 4096);
        while (log.Append(1, 1, EntryFlags.None, default, new byte[100]))
        {
        }

        log.ReleaseThrough(log.LastIndex);
        log.Pin(3);
        Assert.False(log.Append(1, 1, EntryFlags.None, default, new byte[100]));
        log.BeginTurn();
        Assert.True(log.Append(1, 1, EntryFlags.None, default, new byte[100]));
    }

    [Fact]
    public void LogSuffix_TakesTheLargestEntry()
    {
        var log = new LogSuffix(Cluster.Group);
        byte[] payload = new byte[Limits.EntryBytesMax];
        for (int i = 0; i < 100; i++)
        {
            Assert.True(log.Append(1, 1, EntryFlags.None, default, payload));
            log.ReleaseThrough(log.LastIndex);
        }

        Assert.True(log.TryRange(100, 100, 1, 1, out SuffixRange range));
        Assert.Equal(EntryCodec.RecordSize(EntryFlags.None, payload.Length), range.Length);
    }

    [Fact]
    public void LogSuffix_KnowsTermsOfEntriesThatAreOnlyOnDisk()
    {
        var log = new LogSuffix(Cluster.Group);
        for (ulong i = 1; i <= 1000; i++)
        {
            log.AppendUncached(i, 1 + (i / 100));
        }

        Assert.Equal(1001ul, log.FirstCached);
        Assert.False(log.TryRange(1000, 1000, 1, 1, out _));
        Assert.True(log.Append(11, 5, EntryFlags.Anchor, default, default));
        Assert.Equal(1001ul, log.FirstCached);
        for (ulong i = 1; i <= 1000; i++)
        {
            Assert.Equal(1 + (i / 100), log.TermAt(i));
        }

        Assert.Equal(0ul, log.TermAt(0));
        Assert.Equal(199ul, log.LastAtMost(1001, 2));
        Assert.Equal(150ul, log.LastAtMost(150, 2));
        Assert.Equal(0ul, log.LastAtMost(1001, 0));
        log.TruncateTo(500);
        Assert.Equal(501ul, log.FirstCached);
        Assert.True(log.Append(12, 5, EntryFlags.None, default, default));
        Assert.Equal(12ul, log.TermAt(501));
    }

    [Fact]
    public void IdleGroup_FitsIntoEightKibibytes()
    {
        MakeIdle(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RaftCore core = MakeIdle(2);
        long used = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(1ul, core.Log.LastIndex);
        Assert.InRange(used, 1, 8 * 1024);
    }

    private static RaftCore MakeIdle(uint group)
    {
        var log = new LogSuffix(group);
        log.Append(1, 1, EntryFlags.Anchor, default, default);
        var options = new RaftOptions
        {
            Group = group,
            Replica = 1,
            First = Configuration.OfVoters([1, 2, 3]),
            Seed = 1,
            Contract = 1,
            Incarnation = 1,
        };
        return new RaftCore(options, new RaftRecovery(1, 1, 0, log));
    }

    [Fact]
    public void LogSuffix_LimitedBelowWhatItHolds_GivesUpWhatWasReleased()
    {
        var log = new LogSuffix(Cluster.Group, 64 * 1024, 4096);
        var origin = default(EntryOrigin);
        byte[] payload = new byte[1000];
        while (log.HeldBytes < 60 * 1024)
        {
            Assert.True(log.Append(1, 1, EntryFlags.None, origin, payload));
        }

        log.Limit(16 * 1024);
        for (int i = 0; i < 4; i++)
        {
            _ = log.Append(1, 1, EntryFlags.None, origin, payload);
        }

        // Nothing was released: it keeps what cannot be read from the log yet, and takes nothing more.
        Assert.False(log.Append(1, 1, EntryFlags.None, origin, payload));
        Assert.Equal(1ul, log.FirstCached);
        log.ReleaseThrough(log.LastIndex);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(log.Append(1, 1, EntryFlags.None, origin, payload));
            log.ReleaseThrough(log.LastIndex);
        }

        Assert.InRange(log.HeldBytes, 4096, 16 * 1024);

        // Never below one chunk, and back to all of it.
        log.Limit(0);
        Assert.True(log.Append(1, 1, EntryFlags.None, origin, payload));
        log.Limit(long.MaxValue);
        Assert.True(log.Append(1, 1, EntryFlags.None, origin, payload));
    }

    private static void Explore(ulong seed)
    {
        var chance = new Prng(seed);
        const int Capacity = 16 * 1024;
        var log = new LogSuffix(Cluster.Group, Capacity, 2048);
        List<byte[]> model = [];
        ulong released = 0;
        ulong term = 1;
        for (int i = 0; i < 600; i++)
        {
            switch (chance.Between(0, 10))
            {
                case < 6:
                    term += chance.Chance(1, 20) ? 1u : 0u;
                    Append(log, model, chance, term);
                    break;
                case < 7:
                    ulong keep = (ulong)chance.Between((long)(model.Count * 3 / 4), model.Count + 1);
                    log.TruncateTo(keep);
                    model.RemoveRange((int)keep, model.Count - (int)keep);
                    released = ulong.Min(released, keep);
                    break;
                default:
                    released = ulong.Max(released, (ulong)chance.Between(model.Count / 2, model.Count + 1));
                    log.ReleaseThrough(released);
                    break;
            }

            Compare(log, model, chance, released);
        }
    }

    private static void Append(LogSuffix log, List<byte[]> model, Prng chance, ulong term)
    {
        byte[] payload = new byte[chance.Chance(1, 30) ? 3000 : chance.Between(0, 200)];
        payload.AsSpan().Fill((byte)chance.Between(0, 256));
        byte[] record = new byte[EntryCodec.RecordSize(EntryFlags.Origin, payload.Length)];
        var origin = new EntryOrigin(3, 4, chance.Next());
        ulong index = (ulong)model.Count + 1;
        EntryCodec.Write(record, Cluster.Group, index, term, 17, EntryFlags.Origin, origin, payload);
        bool taken = chance.Chance(1, 2)
            ? log.Append(term, 17, EntryFlags.Origin, origin, payload)
            : log.AppendRecord(RecordHeader.Read(record), record);
        if (taken)
        {
            model.Add(record);
        }
    }

    private static void Compare(LogSuffix log, List<byte[]> model, Prng chance, ulong released)
    {
        Assert.Equal((ulong)model.Count, log.LastIndex);
        Assert.True(log.FirstCached <= released + 1);
        Assert.Equal(model.Count == 0 ? 0 : RecordHeader.Read(model[^1]).Term, log.LastTerm);
        if (model.Count == 0)
        {
            return;
        }

        ulong any = (ulong)chance.Between(1, model.Count + 1);
        Assert.Equal(RecordHeader.Read(model[(int)any - 1]).Term, log.TermAt(any));
        Assert.Equal(
            model.Skip((int)ulong.Max(any, log.FirstCached - 1)).Sum(r => (long)r.Length), log.BytesAfter(any));
        int bytesMax = (int)chance.Between(1, 1500);
        if (!log.TryRange(any, log.LastIndex, 7, bytesMax, out SuffixRange range))
        {
            Assert.True(any < log.FirstCached);
            return;
        }

        Assert.Equal(model[(int)any - 1], log.Record(any).ToArray());
        Assert.InRange(range.Count, 1, 7);
        Assert.True(range.Count == 1 || range.Length <= bytesMax);
        byte[] expected = [.. model.Skip((int)any - 1).Take(range.Count).SelectMany(r => r)];
        Assert.Equal(expected, log.Bytes(range).ToArray());
        Assert.Equal(expected, log.Bytes(range.First, range.Count).ToArray());
    }
}
