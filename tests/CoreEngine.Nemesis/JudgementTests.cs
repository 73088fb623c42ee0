// Goal: the judge is seen to judge. Method: a run without any fault, and a lie in the book of writes or in the history:
// each lie must be named.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;
using CoreEngine.Cli.Workload;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;
using Judgement = CoreEngine.Nemesis.Cluster.Judgement;

namespace CoreEngine.Nemesis;

public sealed class JudgementTests
{
    [Fact]
    public async Task Judgement_names_a_lost_write_a_refused_one_that_is_there_and_a_stale_read()
    {
        using var stage = new Stage();
        await stage.StartAsync(new ClusterShape { Replicas = 1 });
        await stage.Load.GoesOnAsync(100);
        Assert.Contains("linearizable", await stage.JudgeAsync(), StringComparison.Ordinal);

        (string key, string value) = stage.Load.Book.Acknowledged.First();
        await AssertNamedAsync(stage, book => book.Note("never:1", "1", Reply(RespReplyType.Simple)), "never:1");
        await AssertNamedAsync(stage, book => book.Note(key, "other", Reply(RespReplyType.Simple)), "was acknowledged");
        await AssertNamedAsync(stage, book => book.Note(key, value, Reply(RespReplyType.Error)), "was refused");

        IReadOnlyList<HistoryEvent> events = HistoryFiles.Load([stage.Load.History]);
        bool planted = StaleReadPlanter.TryPlant(events, seed: 1, out PlantedHistory? lie, out string? reason);
        Assert.True(planted, reason);
        File.Delete(stage.Load.History);
        HistoryFiles.Save(stage.Load.History, lie!.Events);
        NemesisException error = await Assert.ThrowsAsync<NemesisException>(() => stage.JudgeAsync());
        Assert.Contains("Violation", error.Message, StringComparison.Ordinal);
        Assert.Contains(lie.Key, error.Message, StringComparison.Ordinal);
        File.Delete(error.Message[(error.Message.LastIndexOf(' ') + 1)..]);
    }

    private static async Task AssertNamedAsync(Stage stage, Action<WriteBook> lie, string word)
    {
        var book = new WriteBook();
        lie(book);
        NemesisException error = await Assert.ThrowsAsync<NemesisException>(
            () => Judgement.VerifyUniqueAsync(stage.Cluster, stage.Cluster.Replicas[0], book));
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }

    private static RespReply Reply(RespReplyType type) => new(type, 0, default);
}
