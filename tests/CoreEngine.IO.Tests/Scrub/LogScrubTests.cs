// Goal: a look at a running log finds just what an opening would find, names the same records, and takes no sound byte
// for damage. Method: a log of several groups and segments on a disk in memory, random bits flipped in it; the scan of
// an opening over a copy is the oracle. Reads that fail once, and for good.
using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Scrub;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Tests.Log;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Scrub;

public sealed class LogScrubTests : IDisposable
{
    private readonly MemoryIoRing _ring = new();
    private readonly SegmentedLog _log;
    private readonly SnapshotStore _store;
    private readonly ScrubReader _reader;
    private readonly LogScrub _scrub;

    public LogScrubTests()
    {
        LogHarness.Format(_ring);
        _log = LogHarness.MustOpen(_ring, new RecordCollector());
        _store = new SnapshotStore(_ring);
        _reader = new ScrubReader(_store, _log.Options.CursorBytes);
        _scrub = new LogScrub(_log, _reader);
        Fill();
    }

    public void Dispose()
    {
        _store.Dispose();
        _log.Dispose();
        _ring.Dispose();
    }

    [Fact]
    public void A_look_finds_what_an_opening_would_find_and_nothing_in_a_sound_log()
    {
        var random = new Random(1);
        int found = 0;
        Assert.Empty(Look());
        for (int round = 0; round < 60; round++)
        {
            (string Name, int Byte, byte Mask)[] flips = [.. Enumerable.Range(0, random.Next(1, 5)).Select(
                _ => DrawFlip(random))];
            Flip(flips);
            List<LogDamage> damages = Look();
            using MemoryIoRing copy = _ring.Copy();
            IReadOnlyList<LogDamage> expected = LogVerifier.Verify(copy).Damages;
            Assert.Equal(expected.Select(Text), damages.Select(Text));
            found += damages.Count;
            Flip(flips);
        }

        Assert.True(found > 60, $"only {found} were found");
        Assert.Empty(Look());
    }

    [Fact]
    public void What_was_noted_is_passed_over_and_marks_in_it_are_written_again()
    {
        // The hard states stand in the last batch of the first segment's beginning.
        string name = LogFormat.SegmentName(1);
        _ring.Change(name, static file => file[(LogFormat.HeaderPages * LogFormat.PageBytes) + 700] ^= 1);
        LogDamage damage = Assert.Single(Look());
        ulong end = _log.StagedEnd;
        _log.NoteDamage(damage);
        _ = _log.TrySubmit();
        LogHarness.Flush(_log, _ring);
        Assert.True(_log.DurableEnd > end, "nothing was written again");
        Assert.Empty(Look());
        var collector = new RecordCollector();
        using MemoryIoRing copy = _ring.Copy();
        using SegmentedLog reopened = LogHarness.MustOpen(copy, collector);
        byte[] record = Assert.Single(
            collector.Records, static record => RecordHeader.Read(record).Type == RecordType.HardState);
        Assert.Equal(9UL, RecordHeader.Read(record).Term);
    }

    [Fact]
    public void A_read_that_fails_once_is_no_damage_and_one_that_fails_for_good_is()
    {
        int failures = 1;
        _ring.Fault = op => op.Kind == IoKind.Read && failures-- > 0 ? (FaultKind.Fail, 5) : null;
        Assert.Empty(Look());

        const long Bad = 40L * LogFormat.PageBytes;
        _ring.Fault = static op => op.Kind == IoKind.Read && op.Offset <= Bad && op.Offset + op.Length > Bad
            ? (FaultKind.Fail, 5)
            : null;
        List<LogDamage> damages = Look();
        Assert.Equal(_log.Segments.Count, damages.Count);
        Assert.All(damages, static damage => Assert.Equal(PageFinding.Unreadable, damage.Finding));
    }

    private static string Text(LogDamage damage) =>
        $"{damage.Lsn}..{damage.EndLsn} {damage.Finding}: {string.Join(", ", damage.Lost ?? [])}";

    private static void Poll(SegmentedLog log, SnapshotStore store, MemoryIoRing ring)
    {
        Span<IoEvent> events = stackalloc IoEvent[16];
        int count = ring.SubmitAndReap(events, 0);
        foreach (IoEvent ended in events[..count])
        {
            Assert.True(log.OnEvent(in ended) || store.OnEvent(in ended));
        }
    }

    /// <summary>Three groups, batches of one to many records, a hard state first, a third segment well begun.</summary>
    private void Fill()
    {
        byte[] hardState = LogHarness.Entry(0, 16, group: 1, term: 9, RecordType.HardState);
        LogHarness.AppendDurably(_log, _ring, hardState);
        var random = new Random(7);
        ulong[] next = [1, 1, 1];
        while (_log.Segments.Count < 3 || _log.StagedEnd - _log.Segments.Newest.Base < 64 * LogFormat.PageBytes)
        {
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                int group = random.Next(3);
                byte[] record = LogHarness.Entry(next[group]++, random.Next(10, 3000), (uint)group + 1);
                LogHarness.Append(_log, _ring, record);
            }

            LogHarness.Flush(_log, _ring);
        }
    }

    private (string Name, int Byte, byte Mask) DrawFlip(Random random)
    {
        SegmentEntry segment = _log.Segments.Oldest;
        int which = random.Next(_log.Segments.Count);
        ulong lsn = segment.Base;
        for (int i = 0; i <= which; i++)
        {
            bool isFound = _log.Segments.TryFind(lsn, out segment);
            Assert.True(isFound);
            lsn = segment.End;
        }

        long end = LogFormat.FileOffset(segment.Base, ulong.Min(segment.End, _log.DurableEnd));
        int place = random.Next(LogFormat.HeaderPages * LogFormat.PageBytes, (int)end);
        return (LogFormat.SegmentName(segment.Sequence), place, (byte)(1 << random.Next(8)));
    }

    private void Flip((string Name, int Byte, byte Mask)[] flips)
    {
        foreach ((string name, int place, byte mask) in flips)
        {
            _ring.Change(name, file => file[place] ^= mask);
        }
    }

    private List<LogDamage> Look()
    {
        var damages = new List<LogDamage>();
        _scrub.Begin();
        while (_scrub.IsRunning || _reader.IsBusy)
        {
            if (_scrub.IsRunning && _scrub.Step() is { } damage)
            {
                damages.Add(damage);
            }

            Poll(_log, _store, _ring);
        }

        return damages;
    }
}
