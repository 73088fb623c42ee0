using CoreEngine.Loop;
using CoreEngine.Protocol;
using Xunit;

namespace CoreEngine.Tests;

/// <summary>
/// Goal: what is staged from a backlog is a log that recovery accepts. Method: items as cores ask for them, taken out
/// one by one (tests/FOUND.md, 3).
/// </summary>
public sealed class PersistBacklogTests
{
    [Fact]
    public void ATruncation_LowersTheOneBeforeIt_WhenItsEntriesAreNeverWritten()
    {
        var backlog = new PersistBacklog();
        backlog.Add(Entries(1, 2, 5));
        backlog.Add(Truncation(2, 3));
        backlog.Add(Entries(3, 4, 6));
        backlog.Add(Truncation(4, 1));
        backlog.Add(Entries(5, 2, 2));
        ulong end = 1;
        while (!backlog.IsEmpty)
        {
            PersistItem item = backlog.Next;
            Assert.True(item.Kind == PersistKind.Entries || item.Last <= end, $"{item} stands behind {end}");
            end = item.Kind == PersistKind.Truncate || item.First <= item.Last ? item.Last : end;
            backlog.Pop();
        }

        Assert.Equal(2UL, end);
    }

    [Fact]
    public void ATruncation_LeavesALowerOneAsItIs()
    {
        var backlog = new PersistBacklog();
        backlog.Add(Truncation(1, 3));
        backlog.Add(Entries(2, 4, 9));
        backlog.Add(Truncation(3, 6));
        Assert.Equal(3UL, backlog.Next.Last);
        backlog.Pop();
        Assert.Equal(6UL, backlog.Next.Last);
    }

    private static PersistItem Entries(ulong ticket, ulong first, ulong last) =>
        new(PersistKind.Entries, ticket, 1, 0, 0, first, last);

    private static PersistItem Truncation(ulong ticket, ulong last) =>
        new(PersistKind.Truncate, ticket, 1, 0, 0, 0, last);
}
