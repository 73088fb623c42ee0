// Goal: what was trimmed can be read back as long as its segment is there, since a snapshot may turn out to be damaged;
// and it keeps no segment, until somebody says that it is needed after all. Method: an index by itself.
using CoreEngine.IO.Log;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogIndexTrimTests
{
    private const ulong Step = 100_000;

    [Fact]
    public void Io_TrimmedEntriesAreFound_UntilTheirSegmentsGo()
    {
        LogIndex index = Filled();
        index.Add(Mark(RecordType.Trim, 6), 11 * Step, 11 * Step);
        Assert.True(index.TryFind(1, 1, out ulong first));
        Assert.Equal(1 * Step, first);
        Assert.Equal(7 * Step, index.Needed());
        index.DropBelow(7 * Step);
        Assert.False(index.TryFind(1, 6, out ulong _));
        Assert.True(index.TryFind(1, 7, out first));
        Assert.Equal(7 * Step, first);
    }

    [Fact]
    public void Io_WhatIsNeededAfterAllKeepsItsSegments()
    {
        LogIndex index = Filled();
        index.Add(Mark(RecordType.Trim, 10), 11 * Step, 11 * Step);
        Assert.Equal(ulong.MaxValue, index.Needed());
        index.Untrim(1);
        Assert.Equal(1 * Step, index.Needed());

        // The line goes on behind the mark, at a place of its own.
        index.Add(Mark(RecordType.Entry, 11), 12 * Step, 12 * Step);
        Assert.True(index.TryFind(1, 11, out ulong next));
        Assert.Equal(12 * Step, next);
    }

    /// <summary>Ten entries, each far enough behind the one before to have a point.</summary>
    private static LogIndex Filled()
    {
        var index = new LogIndex();
        for (ulong entry = 1; entry <= 10; entry++)
        {
            index.Add(Mark(RecordType.Entry, entry), entry * Step, entry * Step);
        }

        return index;
    }

    private static RecordHeader Mark(RecordType type, ulong index) => new(0, type, 0, 0, 1, 0, index, 1);
}
