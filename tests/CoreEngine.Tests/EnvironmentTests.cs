// Goal: a bad environment gives one clear error that names cause and remedy, and costs nothing. Method: real
// directories, ports and locks; after each refusal the good way is tried and must work.
using System;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class EnvironmentTests : IAsyncLifetime
{
    private Cluster _cluster = null!;

    private EngineOptions Good => _cluster.OptionsOf(1);

    public async Task InitializeAsync()
    {
        _cluster = await Cluster.OpenAsync(1);
        await _cluster.LeaderAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_missing_or_unformatted_directory_is_told_to_format()
    {
        EngineOptions missing = Good with { Directory = _cluster.Directory(7) };
        await Refused(missing, "does not exist", "format");
        System.IO.Directory.CreateDirectory(missing.Directory);
        await Refused(missing, "format");
    }

    [Fact]
    public async Task A_foreign_cluster_and_another_replicas_directory_are_named()
    {
        await _cluster.StopAsync(1);
        await Refused(Good with { Cluster = new ClusterId(9, 9) }, "belongs to cluster", "Name the right directory");
        await Refused(Good with { Replica = 2 }, "belongs to replica 1, not to 2", "Name the right directory");
        await Reopens();
    }

    [Fact]
    public async Task A_wiped_directory_does_not_open_and_formatted_again_it_is_another_life()
    {
        ulong before = _cluster.Engine(1).Incarnation;
        await _cluster.StopAsync(1);
        System.IO.Directory.Delete(Good.Directory, recursive: true);
        System.IO.Directory.CreateDirectory(Good.Directory);
        await Refused(Good, "format");
        Engine.Format(Good.Directory, Good.Cluster!.Value, 1, 1024 * 1024);
        await _cluster.StartAsync(1);
        Assert.NotEqual(before, _cluster.Engine(1).Incarnation);
    }

    [Fact]
    public async Task A_second_engine_on_a_directory_is_locked_out_and_the_first_goes_on()
    {
        await Refused(Good with { Listen = Cluster.FreeAddress() }, "in use", "Stop that process first");
        await _cluster.CommitAsync(1);
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        string other = _cluster.Directory(2);
        Engine.Format(other, Good.Cluster!.Value, 2, 1024 * 1024);
        EngineOptions options = Good with { Replica = 2, Directory = other };
        await Refused(options, Good.Listen.ToString());
        await using Engine engine = await Engine.OpenAsync(options with { Listen = Cluster.FreeAddress() });
    }

    [Fact]
    public async Task Plaintext_off_loopback_is_refused()
    {
        await _cluster.StopAsync(1);
        ArgumentException error = await Assert.ThrowsAnyAsync<ArgumentException>(
            () => Engine.OpenAsync(Good with { Listen = new IPEndPoint(IPAddress.Any, 7001) }).AsTask());
        Assert.Contains("loopback", error.Message, StringComparison.Ordinal);
        await Reopens();
    }

    [Fact]
    public void A_formatted_directory_is_not_formatted_again()
    {
        string path = _cluster.Directory(3);
        Engine.Format(path, new ClusterId(1, 1), 3, 1024 * 1024);
        EngineOpenException error = Assert.Throws<EngineOpenException>(
            () => Engine.Format(path, new ClusterId(1, 1), 3, 1024 * 1024));
        Assert.Contains("holds a log already", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Engine.Format(_cluster.Directory(4), new ClusterId(1, 1), 4, 1000));
    }

    [Fact]
    public async Task A_group_under_another_name_is_refused_and_keeps_its_log_and_its_members()
    {
        await _cluster.CommitAsync(42);
        ulong digest = _cluster.Machine(1).StateDigest;
        ulong applied = _cluster.Group(1).Frontiers.Applied;
        ArgumentException twice = await Assert.ThrowsAsync<ArgumentException>(
            () => _cluster.Engine(1).OpenGroupAsync("test", new RecordingMachine(), GroupOptions.Raft()).AsTask());
        Assert.Contains("open already", twice.Message, StringComparison.Ordinal);
        await _cluster.StopAsync(1);

        EngineOptions more = Good with { Peers = [new Peer(2, Cluster.FreeAddress())] };
        await using (Engine engine = await Engine.OpenAsync(more))
        {
            // Whom the options name says who is dialled; who decides, the group's own record says.
            Group founded = await engine.OpenGroupAsync("test", new RecordingMachine(), GroupOptions.Raft());
            await founded.WaitAsync(Frontier.Applied, applied).WaitAsync(Cluster.Patience);
            Assert.Equal(1u, Assert.Single(founded.Members.Members).Replica);
        }

        await using Engine again = await Engine.OpenAsync(Good);
        EngineOpenException name = await Assert.ThrowsAsync<EngineOpenException>(
            () => again.OpenGroupAsync("other", new RecordingMachine(), GroupOptions.Raft()).AsTask());
        Assert.Contains("is 'test', not 'other'", name.Message, StringComparison.Ordinal);

        // The refused opening has not eaten what was recovered.
        var machine = new RecordingMachine();
        Group group = await again.OpenGroupAsync("test", machine, GroupOptions.Raft());
        await group.WaitAsync(Frontier.Applied, applied).WaitAsync(Cluster.Patience);
        QueryResult<ulong> found = await group.QueryAsync<RecordingMachine, int, ulong>(
            static (m, _) => m.StateDigest, 0);
        Assert.Equal(digest, found.Value);
    }

    [Theory]
    [MemberData(nameof(Senseless))]
    public async Task A_setting_that_makes_no_sense_is_named(string setting, Func<EngineOptions, EngineOptions> change)
    {
        ArgumentException error = await Assert.ThrowsAnyAsync<ArgumentException>(
            () => Engine.OpenAsync(change(Good)).AsTask());
        Assert.Equal(setting, error.ParamName);
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, Func<EngineOptions, EngineOptions>> Senseless() => new()
    {
        { "Replica", static o => o with { Replica = 0 } },
        { "Directory", static o => o with { Directory = " " } },
        { "Listen", static o => o with { Listen = null! } },
        { "Heartbeat", static o => o with { Heartbeat = TimeSpan.Zero } },
        { "ElectionMin", static o => o with { ElectionMin = TimeSpan.FromMilliseconds(149) } },
        { "ElectionMax", static o => o with { ElectionMax = o.ElectionMin } },
        { "DiskStall", static o => o with { DiskStall = o.ElectionMax - TimeSpan.FromMilliseconds(1) } },
        { "ProposalTimeout", static o => o with { ProposalTimeout = TimeSpan.Zero } },
        { "CloseTimeout", static o => o with { CloseTimeout = TimeSpan.FromSeconds(-1) } },
        { "SegmentBytes", static o => o with { SegmentBytes = 0 } },
        { "SegmentBytes", static o => o with { SegmentBytes = (1024 * 1024) + 4096 } },
        { "SegmentBytes", static o => o with { SegmentBytes = 4L * 1024 * 1024 * 1024 } },
        { "Peers", static o => o with { Peers = null! } },
        { "Peers", static o => o with { Peers = [new Peer(1, Loopback(1))] } },
        { "Peers", static o => o with { Peers = [new Peer(0, Loopback(1))] } },
        { "Peers", static o => o with { Peers = [new Peer(2, Loopback(1)), new Peer(2, Loopback(2))] } },
        { "Peers", static o => o with { Peers = [new Peer(2, Loopback(1)), new Peer(3, Loopback(1))] } },
        { "Peers", static o => o with { Peers = [new Peer(2, o.Listen)] } },
        { "Peers", static o => o with { Peers = TooMany() } },
    };

    [Theory]
    [InlineData("", 1, 65536, 8, "name")]
    [InlineData("x", 0, 65536, 8, "Group")]
    [InlineData("x", 5, 65535, 8, "QueueBytes")]
    [InlineData("x", 5, 4096, 8, "QueueBytes")]
    [InlineData("x", 5, 65536, 7, "ProposalsMax")]
    [InlineData("x", 5, 65536, 65536, "ProposalsMax")]
    public async Task A_groups_setting_that_makes_no_sense_is_named(
        string name, uint number, int queue, int places, string setting)
    {
        var options = new GroupOptions { Group = number, QueueBytes = queue, ProposalsMax = places };
        ArgumentException error = await Assert.ThrowsAnyAsync<ArgumentException>(
            () => _cluster.Engine(1).OpenGroupAsync(name, new RecordingMachine(), options).AsTask());
        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
    }

    private static Peer[] TooMany() =>
        [.. Enumerable.Range(2, Limits.ReplicasMax).Select(static i => new Peer((uint)i, Loopback(i)))];

    private static IPEndPoint Loopback(int port) => new(IPAddress.Loopback, port);

    private static async Task Refused(EngineOptions options, params string[] words)
    {
        EngineOpenException error = await Assert.ThrowsAsync<EngineOpenException>(
            () => Engine.OpenAsync(options).AsTask());
        foreach (string word in words)
        {
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
        }
    }

    private async Task Reopens()
    {
        await _cluster.StartAsync(1);
        await _cluster.LeaderAsync();
    }
}
