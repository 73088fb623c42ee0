// Goal: the log and the portable ring work together on the real disk. Method: write, close, open, compare byte by byte.
using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Tests.Ring;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogOnDiskTests
{
    [Fact]
    public void Io_RecordsOfEverySizeComeBackAfterSealAndReopen()
    {
        using var directory = new ScratchDirectory();
        var expected = new List<byte[]>();
        using (PortableIoRing ring = PortableIoRing.Open(directory.Path))
        {
            LogHarness.Format(ring);
            SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
            for (ulong index = 1; index <= 600; index++)
            {
                byte[] record = LogHarness.Entry(index, (int)(index * 37 % 9000));
                expected.Add(record);
                LogHarness.Append(log, ring, record);
                if (index % 7 == 0)
                {
                    _ = log.TrySubmit();
                }
            }

            LogHarness.Flush(log, ring);
            Assert.Equal(log.StagedEnd, log.DurableEnd);
            LogCursor cursor = log.TryOpenCursor()!;
            Assert.True(cursor.Seek(LogHarness.Group, 1));
            LogHarness.AssertSame(expected, LogHarness.ReadAll(log, ring, cursor));
            Assert.True(log.Seal());
            ring.Dispose();
            log.Dispose();
        }

        using (PortableIoRing ring = PortableIoRing.Open(directory.Path))
        {
            var collector = new RecordCollector();
            LogOpenResult opened = LogHarness.Open(ring, collector);
            Assert.Equal(LogOpenStatus.Opened, opened.Status);
            Assert.True(opened.Report.IsSealed);
            Assert.False(opened.Report.IsTailCut);
            LogHarness.AssertSame(expected, collector.Records);
            Assert.Equal(LogHarness.Identity, opened.Identity);
            ring.Dispose();
            opened.Log!.Dispose();
        }
    }
}
