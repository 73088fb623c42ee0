// Goal: a history file keeps what clients saw, survives a killed writer, and refuses nonsense by line number.
// Method: round trips through memory, a golden text, files cut at every byte, several writers' files merged.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Simulation.Histories;
using Xunit;

namespace CoreEngine.Simulation.Tests.Histories;

public sealed class HistoryFileTests
{
    private const string Golden =
        """
        {"index":0,"time":100,"process":1,"type":"invoke","f":"write","key":"x","value":"a"}
        {"index":1,"time":101,"process":2,"type":"invoke","f":"read","key":"x","value":null}
        {"index":2,"time":102,"process":1,"type":"ok","f":"write","key":"x","value":"a"}
        {"index":3,"time":103,"process":2,"type":"ok","f":"read","key":"x","value":"a"}
        {"index":4,"time":104,"process":2,"type":"invoke","f":"cas","key":"x","value":["a","é\"\n"]}
        {"index":5,"time":105,"process":2,"type":"fail","f":"cas","key":"x","value":["a","é\"\n"]}
        {"index":6,"time":106,"process":1,"type":"invoke","f":"append","key":"y","value":""}
        {"index":7,"time":107,"process":1,"type":"info","f":"append","key":"y","value":""}
        {"index":8,"time":108,"process":2,"type":"invoke","f":"delete","key":"x","value":null}
        {"index":9,"time":109,"process":2,"type":"ok","f":"delete","key":"x","value":null}

        """;

    [Fact]
    public void Writer_WritesTheGoldenText()
    {
        Assert.Equal(Golden, Encoding.UTF8.GetString(WriteGolden()));
    }

    [Fact]
    public void Reader_ReadsTheGoldenTextBack()
    {
        Assert.True(HistoryReader.TryRead(Stream(Golden), out RecordedHistory? history, out _));
        Assert.False(history.IsLastLineTorn);
        Assert.Equal(10, history.Events.Count);
        Assert.Equal(
            new HistoryEvent(4, 104, 2, HistoryEventType.Invoke, HistoryFunction.Cas, "x", "é\"\n", "a"),
            history.Events[4]);
        Assert.Equal(
            new HistoryEvent(3, 103, 2, HistoryEventType.Ok, HistoryFunction.Read, "x", "a"), history.Events[3]);
        Assert.Null(history.Events[9].Value);
    }

    [Fact]
    public void Reader_TakesFieldsInAnyOrderAndPassesOverForeignOnes()
    {
        const string Line = "{\"value\":\"a\"," +
            "\"error\":{\"x\":[1]},\"key\":\"k\",\"f\":\"write\",\"type\":\"invoke\",\"process\":3,\"time\":9}\n";
        Assert.True(HistoryReader.TryRead(Stream(Line), out RecordedHistory? history, out _));
        Assert.Equal(
            new HistoryEvent(0, 9, 3, HistoryEventType.Invoke, HistoryFunction.Write, "k", "a"), history.Events[0]);
    }

    [Fact]
    public void Reader_LosesAtMostTheTornLastLine_WhereverTheFileIsCut()
    {
        byte[] whole = WriteGolden();
        for (int length = 0; length <= whole.Length; length++)
        {
            ReadOnlySpan<byte> cut = whole.AsSpan(0, length);
            int fullLines = cut.Count((byte)'\n');
            int rest = length - (cut.LastIndexOf((byte)'\n') + 1);
            var stream = new MemoryStream(cut.ToArray());
            Assert.True(HistoryReader.TryRead(stream, out RecordedHistory? history, out string? reason), reason);
            bool isRestWhole = rest > 0 && whole[length] == (byte)'\n';
            Assert.Equal(fullLines + (isRestWhole ? 1 : 0), history.Events.Count);
            Assert.Equal(rest > 0 && !isRestWhole, history.IsLastLineTorn);
        }
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"ok\",\"f\":\"read\"}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"maybe\",\"f\":\"read\",\"key\":\"x\"}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"ok\",\"f\":\"txn\",\"key\":\"x\"}")]
    [InlineData("{\"time\":1,\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"read\",\"key\":\"x\"}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"key\":\"x\",\"value\":7}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"invoke\",\"f\":\"write\",\"key\":\"x\",\"value\":null}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"invoke\",\"f\":\"cas\",\"key\":\"x\",\"value\":\"a\"}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"invoke\",\"f\":\"cas\",\"key\":\"x\",\"value\":[null,\"\",7]}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"key\":\"x\",\"value\":[\"a\",\"b\"]}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"key\":\"x\"} {}")]
    [InlineData("{\"time\":99999999999999999999,\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"key\":\"x\"}")]
    [InlineData("{\"time\":1,\"process\":1,\"type\":7,\"f\":\"read\",\"key\":\"x\"}")]
    public void Reader_RefusesNonsenseAndNamesTheLine(string line)
    {
        string good = "{\"time\":1,\"process\":1,\"type\":\"invoke\",\"f\":\"read\",\"key\":\"x\",\"value\":null}\n";
        Assert.False(HistoryReader.TryRead(Stream(good + line + "\n" + good), out _, out string? reason));
        Assert.StartsWith("line 2: ", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writer_KeepsConcurrentTasksApart()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using (var writer = new HistoryWriter(path))
            {
                var tasks = new List<Task>();
                for (int process = 0; process < 8; process++)
                {
                    int own = process;
                    tasks.Add(Task.Run(() => WriteMany(writer, own)));
                }

                await Task.WhenAll(tasks);
            }

            Assert.True(HistoryReader.TryRead(path, out RecordedHistory? history, out string? reason), reason);
            Assert.Equal(8 * 2 * 200, history.Events.Count);
            for (int i = 1; i < history.Events.Count; i++)
            {
                Assert.Equal(i, history.Events[i].Index);
                Assert.True(history.Events[i - 1].Time <= history.Events[i].Time);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Writer_TakesNothingAfterAFailedWrite()
    {
        using var stream = new FailingStream();
        using var writer = new HistoryWriter(stream, static () => 1);
        writer.Invoke(1, HistoryFunction.Read, "x", null);
        stream.Fails = true;
        Assert.Throws<IOException>(() => writer.Complete(1, HistoryEventType.Ok, HistoryFunction.Read, "x", null));
        stream.Fails = false;
        Assert.Throws<IOException>(() => writer.Complete(1, HistoryEventType.Ok, HistoryFunction.Read, "x", null));
    }

    [Fact]
    public void Merge_OrdersByTimeAndPutsInvocationsFirstAtEqualTimes()
    {
        HistoryEvent[] left = [Event(10, 1, HistoryEventType.Invoke), Event(20, 1, HistoryEventType.Ok)];
        HistoryEvent[] right =
        [
            Event(5, 2, HistoryEventType.Invoke),
            Event(20, 3, HistoryEventType.Invoke),
            Event(30, 2, HistoryEventType.Ok),
        ];
        Assert.True(HistoryMerge.TryMerge([left, right], out IReadOnlyList<HistoryEvent>? merged, out _));
        Assert.Equal([2, 1, 3, 1, 2], Processes(merged));
        Assert.Equal(4, merged[4].Index);
    }

    [Fact]
    public void Merge_RefusesASharedProcessAndTimeGoingBack()
    {
        HistoryEvent[] one = [Event(10, 1, HistoryEventType.Invoke)];
        Assert.False(HistoryMerge.TryMerge([one, one], out _, out string? reason));
        Assert.Contains("process 1", reason, StringComparison.Ordinal);
        HistoryEvent[] back = [Event(10, 1, HistoryEventType.Invoke), Event(9, 1, HistoryEventType.Ok)];
        Assert.False(HistoryMerge.TryMerge([back], out _, out reason));
        Assert.Contains("back in time", reason, StringComparison.Ordinal);
    }

    private static HistoryEvent Event(long time, int process, HistoryEventType type) =>
        new(0, time, process, type, HistoryFunction.Read, "x", null);

    private static List<int> Processes(IReadOnlyList<HistoryEvent> events)
    {
        var processes = new List<int>();
        foreach (HistoryEvent e in events)
        {
            processes.Add(e.Process);
        }

        return processes;
    }

    private static void WriteMany(HistoryWriter writer, int process)
    {
        for (int i = 0; i < 200; i++)
        {
            writer.Invoke(process, HistoryFunction.Write, "x", $"{process}-{i}");
            writer.Complete(process, HistoryEventType.Ok, HistoryFunction.Write, "x", $"{process}-{i}");
        }
    }

    private static byte[] WriteGolden()
    {
        var bytes = new MemoryStream();
        long time = 99;
        using (var writer = new HistoryWriter(bytes, () => ++time))
        {
            writer.Invoke(1, HistoryFunction.Write, "x", "a");
            writer.Invoke(2, HistoryFunction.Read, "x", null);
            writer.Complete(1, HistoryEventType.Ok, HistoryFunction.Write, "x", "a");
            writer.Complete(2, HistoryEventType.Ok, HistoryFunction.Read, "x", "a");
            writer.Invoke(2, HistoryFunction.Cas, "x", "é\"\n", "a");
            writer.Complete(2, HistoryEventType.Fail, HistoryFunction.Cas, "x", "é\"\n", "a");
            writer.Invoke(1, HistoryFunction.Append, "y", "");
            writer.Complete(1, HistoryEventType.Info, HistoryFunction.Append, "y", "");
            writer.Invoke(2, HistoryFunction.Delete, "x", null);
            writer.Complete(2, HistoryEventType.Ok, HistoryFunction.Delete, "x", null);
        }

        return bytes.ToArray();
    }

    private static MemoryStream Stream(string text) => new(Encoding.UTF8.GetBytes(text));

    private sealed class FailingStream : MemoryStream
    {
        internal bool Fails { get; set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Fails)
            {
                throw new IOException("disk full");
            }

            base.Write(buffer);
        }
    }
}
