// Goal: thousands of groups may be opened at once: the loop waits for room in the log, and nothing is staged twice.
// Method: one replica on a real disk, 2,000 openings under way together; then a restart, which finds every descriptor.
using System;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class ManyOpeningsTests
{
    private const int Groups = 2_000;

    [Fact]
    public async Task Two_thousand_groups_open_at_once_and_are_known_after_a_restart()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        Task<Group>[] openings = [.. Enumerable.Range(2, Groups)
            .Select(number => OpenAsync(cluster, number, NameOf(number)))];
        Group[] groups = await Task.WhenAll(openings).WaitAsync(Cluster.Patience);
        Assert.Equal(Enumerable.Range(2, Groups).Select(NameOf), groups.Select(static group => group.Name));
        foreach (Group group in new[] { groups[0], groups[Groups / 2], groups[^1] })
        {
            await CommitAsync(group);
        }

        await cluster.StopAsync(1);
        await cluster.StartAsync(1);
        EngineOpenException[] refusals = await Task.WhenAll(Enumerable.Range(2, Groups)
            .Select(number => Assert.ThrowsAsync<EngineOpenException>(() => OpenAsync(cluster, number, "another"))))
            .WaitAsync(Cluster.Patience);
        Assert.All(
            refusals.Zip(groups),
            static pair => Assert.Contains(
                $"is '{pair.Second.Name}', not 'another'", pair.First.Message, StringComparison.Ordinal));
        await CommitAsync(await OpenAsync(cluster, Groups, NameOf(Groups)));
    }

    [Fact]
    public async Task An_opening_that_is_given_up_before_its_turn_leaves_nothing_behind()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cluster.Engine(1).OpenGroupAsync(
            "first", new RecordingMachine(), GroupOptions.Raft() with { Group = 2 }, given.Token).AsTask());
        await CommitAsync(await OpenAsync(cluster, 2, "second"));
    }

    private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"group-{number}");

    private static Task<Group> OpenAsync(Cluster cluster, int number, string name) => cluster.Engine(1)
        .OpenGroupAsync(name, new RecordingMachine(), GroupOptions.Raft() with { Group = (uint)number })
        .AsTask();

    private static async Task CommitAsync(Group group)
    {
        using var patience = new CancellationTokenSource(Cluster.Patience);
        Receipt receipt;
        do
        {
            receipt = await group.ProposeAsync(RecordingMachine.Command(7), patience.Token);
        }
        while (receipt.Outcome != Outcome.Committed);
    }
}
