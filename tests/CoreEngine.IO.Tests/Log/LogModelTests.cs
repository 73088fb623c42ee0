// Goal: over many crashes the log is always a prefix of what was appended that holds all that was acknowledged. Method:
// seeded random
// appends of three groups, with truncations, rolls, writes that end in any order, and power cuts that lose, tear and
// reorder; the oracle is a list.
using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.IO.Log;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogModelTests
{
    private const int Rounds = 8;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Io_ManyCrashesAndRecoveries_AgreeWithTheModel(int seed)
    {
        var random = new Random(seed);
        var model = new Model();
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        for (int round = 0; round < Rounds; round++)
        {
            LogOptions options = LogHarness.Options with { SubmitBytesMin = random.Next(2) == 0 ? 1 : 32 * 1024 };
            var collector = new RecordCollector();
            LogOpenResult opened = LogHarness.Open(ring, collector, options);
            Assert.True(opened.Status == LogOpenStatus.Opened, $"seed {seed} round {round}: {opened.Message}");
            model.Recovered(collector.Records);
            using SegmentedLog log = opened.Log!;
            model.CheckCursor(log, ring);
            int steps = random.Next(20, 400);
            ring.Manual = true;
            for (int step = 0; step < steps; step++)
            {
                Step(random, model, log, ring);
            }

            bool isKilled = random.Next(4) == 0;
            int keep = random.Next(0, 9);
            ring = ring.Crash((_, _) => random.Next(8) < keep, keepCache: isKilled);
        }
    }

    private static void Step(Random random, Model model, SegmentedLog log, MemoryIoRing ring)
    {
        byte[] record = model.Next(random);
        if (log.TryAppend(record))
        {
            model.Appended(record, log.StagedEnd);
        }

        if (random.Next(3) == 0)
        {
            _ = log.TrySubmit();
        }

        LogHarness.Poll(log, ring);
        if (random.Next(2) == 0 && ring.InFlight.Count > 0)
        {
            ring.Complete(ring.InFlight[random.Next(ring.InFlight.Count)]);
            LogHarness.Poll(log, ring);
        }

        Assert.Null(log.Fault);
        model.Durable(log.DurableEnd);
    }

    /// <summary>What was appended since format, how much of it was acknowledged, and what is in force.</summary>
    private sealed class Model
    {
        private readonly List<(byte[] Record, ulong End)> _appended = [];

        /// <summary>Each group's entries in force.</summary>
        private readonly List<byte[]>[] _lines = [[], [], [], []];
        private int _acknowledged;

        internal void Appended(byte[] record, ulong end)
        {
            _appended.Add((record, end));
            Follow(record);
        }

        internal void Durable(ulong end)
        {
            while (_acknowledged < _appended.Count && _appended[_acknowledged].End <= end)
            {
                _acknowledged++;
            }
        }

        internal void Recovered(List<byte[]> records)
        {
            Assert.True(records.Count >= _acknowledged, $"{records.Count} of {_acknowledged} acknowledged came back");
            Assert.True(records.Count <= _appended.Count);
            LogHarness.AssertSame(_appended.Take(records.Count).Select(entry => entry.Record), records);
            _appended.RemoveRange(records.Count, _appended.Count - records.Count);
            Array.ForEach(_lines, line => line.Clear());
            _appended.ForEach(entry => Follow(entry.Record));
            for (int i = 0; i < _appended.Count; i++)
            {
                _appended[i] = _appended[i] with { End = 0 };
            }

            _acknowledged = _appended.Count;
        }

        /// <summary>
        /// A next record that a core could write: mostly the next entry of a group, at times a vote or a truncation.
        /// </summary>
        internal byte[] Next(Random random)
        {
            uint group = (uint)random.Next(1, 4);
            ulong last = (ulong)_lines[group].Count;
            int choice = random.Next(20);
            if (choice == 0)
            {
                return LogHarness.Entry(last, 24, group, (ulong)random.Next(1, 9), RecordType.HardState);
            }

            int bytes = random.Next(6) == 0 ? random.Next(30_000) : random.Next(300);
            return choice == 1 && last > 2
                ? LogHarness.Entry(last - (ulong)random.Next(1, 3), 0, group, 1, RecordType.Truncate)
                : LogHarness.Entry(last + 1, bytes, group, (ulong)random.Next(1, 4));
        }

        /// <summary>Each group's entries in force, read back by a cursor from a random place on.</summary>
        internal void CheckCursor(SegmentedLog log, MemoryIoRing ring)
        {
            LogCursor cursor = log.TryOpenCursor()!;
            for (uint group = 1; group < 4; group++)
            {
                List<byte[]> line = _lines[group];
                Assert.Equal((ulong)line.Count, log.Index.LastOf(group));
                for (int from = 0; from < line.Count; from += 1 + (line.Count / 3))
                {
                    Assert.True(cursor.Seek(group, (ulong)from + 1));
                    LogHarness.AssertSame(line.Skip(from), LogHarness.ReadAll(log, ring, cursor));
                    Assert.Equal(CursorState.AtEnd, cursor.State);
                }

                Assert.False(cursor.Seek(group, (ulong)line.Count + 1));
            }
        }

        private void Follow(byte[] record)
        {
            RecordHeader header = RecordHeader.Read(record);
            List<byte[]> line = _lines[header.Group];
            if (header.Type == RecordType.Truncate)
            {
                line.RemoveRange((int)header.Index, line.Count - (int)header.Index);
            }
            else if (header.Type == RecordType.Entry)
            {
                line.Add(record);
            }
        }
    }
}
