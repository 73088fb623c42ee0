// Goal: what other checkers read is exactly what they expect, byte for byte.
// Method: one small history of every function and outcome, exported and compared with golden files.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;
using CoreEngine.Simulation.Histories;
using CoreEngine.Simulation.Tests.Checkers;
using Xunit;

namespace CoreEngine.Simulation.Tests.Histories;

public sealed class ExportTests
{
    [Fact]
    public void Edn_IsTheGoldenFile()
    {
        using var writer = new StringWriter();
        EdnExport.Write(writer, Load("registers.jsonl"));
        Assert.Equal(Golden("registers.edn"), writer.ToString());
    }

    [Fact]
    public void EdnOfTransactions_IsTheGoldenFile()
    {
        using var writer = new StringWriter();
        EdnExport.Write(writer, LoadTransactions("transactions.jsonl"));
        Assert.Equal(Golden("transactions.edn"), writer.ToString());
    }

    [Fact]
    public void Porcupine_IsTheGoldenFile()
    {
        using var stream = new MemoryStream();
        Assert.True(PorcupineExport.TryWrite(stream, Load("registers.jsonl"), out string? reason), reason);
        Assert.Equal(Golden("registers.porcupine.jsonl"), Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void PorcupineTimes_KeepTheOrderOfTheEvents()
    {
        List<HistoryEvent> events = [.. Load("registers.jsonl")];
        for (int i = 0; i < events.Count; i++)
        {
            events[i] = events[i] with { Time = 7 };
        }

        using var stream = new MemoryStream();
        Assert.True(PorcupineExport.TryWrite(stream, events, out _));
        var times = new HashSet<long>();
        string text = Encoding.UTF8.GetString(stream.ToArray());
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            long call = json.RootElement.GetProperty("call").GetInt64();
            long ret = json.RootElement.GetProperty("ret").GetInt64();
            bool isUnknown = json.RootElement.GetProperty("output").GetProperty("unknown").GetBoolean();
            Assert.True(call < ret);
            Assert.True(times.Add(call));
            Assert.Equal(isUnknown, ret == 7 + events.Count);
            Assert.True(isUnknown || times.Add(ret));
        }
    }

    [Fact]
    public void Porcupine_RefusesWhatIsNoHistory()
    {
        HistoryEvent end = new(0, 0, 0, HistoryEventType.Ok, HistoryFunction.Read, "x", null);
        using var stream = new MemoryStream();
        Assert.False(PorcupineExport.TryWrite(stream, [end], out string? reason));
        Assert.Contains("completes nothing", reason, StringComparison.Ordinal);
        Assert.Equal(0, stream.Length);
    }

    [Fact]
    public void Transactions_AreReadBackAsTheyWereWritten()
    {
        List<TransactionEvent> events = TransactionText.Parse("ok append x 1, r x [1]\nfail append y -2\ninfo r y []");
        using var stream = new MemoryStream();
        TransactionFile.Write(stream, events);
        byte[] first = stream.ToArray();
        stream.Position = 0;
        Assert.True(
            TransactionFile.TryRead(stream, out IReadOnlyList<TransactionEvent>? read, out string? reason), reason);
        using var again = new MemoryStream();
        TransactionFile.Write(again, read);
        Assert.Equal(events.Count, read.Count);
        Assert.Equal(first, again.ToArray());
    }

    [Theory]
    [InlineData("[]", "not a JSON object")]
    [InlineData("""{"type":"ok","f":"read","process":1,"value":[]}""", "f must be txn")]
    [InlineData("""{"type":"done","f":"txn","process":1,"value":[]}""", "type must be")]
    [InlineData("""{"type":"ok","f":"txn","process":"1","value":[]}""", "process must be")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"time":"x","value":[]}""", "index and time")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":7}""", "value must be")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":[["w",1,2]]}""", "append or r")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":[["r",1]]}""", "a step is [")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":[["r",true,null]]}""", "a key must be")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":[["append",1,"2"]]}""", "an append takes")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":[["r",1,[1,"2"]]]}""", "a read returns")]
    [InlineData("""{"type":"ok","f":"txn","process":1,"value":[]} {}""", "not a JSON object")]
    public void SenselessTransactionLines_AreNamed(string line, string why)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes($"{line}\n"));
        Assert.False(TransactionFile.TryRead(stream, out _, out string? reason));
        Assert.StartsWith("line 1: ", reason, StringComparison.Ordinal);
        Assert.Contains(why, reason, StringComparison.Ordinal);
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Histories", "Golden", name);

    private static string Golden(string name) => File.ReadAllText(PathOf(name));

    private static IReadOnlyList<HistoryEvent> Load(string name)
    {
        Assert.True(HistoryReader.TryRead(PathOf(name), out RecordedHistory? history, out string? reason), reason);
        Assert.False(history.IsLastLineTorn);
        return history.Events;
    }

    private static IReadOnlyList<TransactionEvent> LoadTransactions(string name)
    {
        using var stream = new MemoryStream(File.ReadAllBytes(PathOf(name)));
        Assert.True(
            TransactionFile.TryRead(stream, out IReadOnlyList<TransactionEvent>? events, out string? reason), reason);
        return events;
    }
}
