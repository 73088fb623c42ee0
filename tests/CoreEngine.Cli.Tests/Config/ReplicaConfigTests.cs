// Goal: every setting that makes no sense is named, with what to do; everything that makes sense is read as written.
// Method: a sound configuration in which one place is replaced at a time, and the message that comes of it.
using System;
using System.IO;
using System.Text;
using CoreEngine.Cli.Config;
using Xunit;

namespace CoreEngine.Cli.Tests.Config;

public sealed class ReplicaConfigTests : IDisposable
{
    private const string Sound = """
        {
          // A comment.
          "replica": 1,
          "directory": "data",
          "listen": "127.0.0.1:7101",
          "client": "127.0.0.1:7201",
          "peers": [ { "replica": 2, "address": "127.0.0.1:7102" }, { "replica": 3, "address": "[::1]:7103" }, ],
          "heartbeatMs": 50, "electionMinMs": 300, "electionMaxMs": 600,
        }
        """;

    private readonly TemporaryDirectory _directory = new();

    public ReplicaConfigTests() => Directory.CreateDirectory(_directory.File("data"));

    [Fact]
    public void A_sound_file_is_read_as_written()
    {
        ReplicaConfig config = Load(Sound);

        Assert.Equal(1u, config.Replica);
        Assert.Equal(_directory.File("data"), config.Directory);
        Assert.Equal("127.0.0.1:7101", config.Listen.ToString());
        Assert.Equal("127.0.0.1:7201", config.Client.ToString());
        Assert.Equal(2, config.Peers.Count);
        Assert.Equal("[::1]:7103", config.Peers[1].Address.ToString());
        Assert.Equal((50, 300, 600), (config.HeartbeatMs, config.ElectionMinMs, config.ElectionMaxMs));
    }

    [Fact]
    public void The_sample_beside_the_readme_is_sound()
    {
        string text = File.ReadAllText(Path.Combine(Repository(), "replica.json"));
        Directory.CreateDirectory(_directory.File("data/replica-1"));

        ReplicaConfig config = Load(text);

        Assert.Equal(1u, config.Replica);
        Assert.Equal(new ReplicaConfig().SegmentBytes, config.SegmentBytes);
        Assert.Equal(new ReplicaConfig().ProposalTimeoutMs, config.ProposalTimeoutMs);
    }

    [Theory]
    [InlineData("\"replica\": 1", "\"replica\": 0", "replica: is 0")]
    [InlineData("\"replica\": 1", "\"replica\": \"one\"", "line 3: replica: must be a whole number")]
    [InlineData("\"replica\": 1", "\"replica\": 2", "peers.replica: 2 is this replica itself")]
    [InlineData("\"replica\": 1,", "", "replica: is missing")]
    [InlineData("\"directory\": \"data\",", "", "directory: is missing")]
    [InlineData("\"directory\": \"data\"", "\"directory\": \"\"", "directory: must be a text")]
    [InlineData("\"directory\": \"data\"", "\"directory\": \"nowhere\"",
        "nowhere does not exist; create it with 'coreengine format")]
    [InlineData("\"listen\": \"127.0.0.1:7101\",", "", "listen: is missing")]
    [InlineData("127.0.0.1:7101", "127.0.0.1", "listen: is no address; write ADDRESS:PORT")]
    [InlineData("127.0.0.1:7101", "host.example:7101", "listen: is no address")]
    [InlineData("127.0.0.1:7101", "127.0.0.1:99999", "listen: is no address")]
    [InlineData("127.0.0.1:7101", "0.0.0.0:7101", "listen: 0.0.0.0:7101 is not a loopback address")]
    [InlineData("127.0.0.1:7201", "10.0.0.1:7201", "client: 10.0.0.1:7201 is not a loopback address")]
    [InlineData("127.0.0.1:7102", "10.0.0.1:7102", "peers.address: 10.0.0.1:7102 is not a loopback address")]
    [InlineData("127.0.0.1:7201", "127.0.0.1:7101", "client: 127.0.0.1:7101 is also 'listen'")]
    [InlineData("\"replica\": 3", "\"replica\": 2", "peers.replica: 2 stands there twice")]
    [InlineData("\"replica\": 3", "\"replica\": 0", "peers.replica: is 0")]
    [InlineData("[::1]:7103", "127.0.0.1:7102", "peers.address: 127.0.0.1:7102 is used twice")]
    [InlineData("\"replica\": 3, ", "", "peers.replica: is missing")]
    [InlineData("\"replica\": 3, ", "\"replica\": 3, \"port\": 1, ", "peers.port: is no setting of a peer")]
    [InlineData("{ \"replica\": 2, \"address\": \"127.0.0.1:7102\" }", "17", "peers: holds something that is no {")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\": 0", "heartbeatMs: is 0; use 1 to")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\": 101",
        "electionMinMs: is 300, must be at least three heartbeats (303)")]
    [InlineData(
        "\"electionMaxMs\": 600", "\"electionMaxMs\": 300", "electionMaxMs: is 300, must be above electionMinMs (300)")]
    [InlineData("\"electionMaxMs\": 600", "\"electionMaxMs\": {}", "electionMaxMs: must be a whole number")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\": 50, \"segmentBytes\": 1000000",
        "segmentBytes: is 1000000, must be a multiple of 1048576")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\": 50, \"connectionsMax\": 0", "connectionsMax: is 0; use 1 to")]
    [InlineData(
        "\"heartbeatMs\": 50", "\"heartbeatMs\": 50, \"proposalTimeoutMs\": -1", "proposalTimeoutMs: is -1; use 1 to")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\": 50, \"cluster\": \"abc\"",
        "cluster: must be the 32 hexadecimal digits")]
    [InlineData("\"heartbeatMs\"", "\"hartbeatMs\"",
        "line 8: hartbeatMs: is no setting; remove it, or use one of: replica, directory")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\": 50, \"heartbeatMs\": 60", "heartbeatMs: stands there twice")]
    [InlineData("\"heartbeatMs\": 50", "\"heartbeatMs\" 50", "line 8: file: is not JSON")]
    public void A_setting_that_makes_no_sense_is_named(string sound, string senseless, string complaint)
    {
        Assert.Contains(sound, Sound, StringComparison.Ordinal);

        var error =
            Assert.Throws<BadInputException>(() => Load(Sound.Replace(sound, senseless, StringComparison.Ordinal)));

        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("{} {}")]
    [InlineData("{")]
    public void A_file_that_is_no_object_is_refused(string text)
    {
        var error = Assert.Throws<BadInputException>(() => Load(text));

        Assert.Contains("replica.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_complaints_are_made_at_once()
    {
        string text = Sound.Replace("\"heartbeatMs\": 50", "\"heartbeatMs\": 0", StringComparison.Ordinal)
            .Replace("127.0.0.1:7201", "10.0.0.1:7201", StringComparison.Ordinal);

        var error = Assert.Throws<BadInputException>(() => Load(text));

        Assert.Contains("heartbeatMs", error.Message, StringComparison.Ordinal);
        Assert.Contains("client", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<BadInputException>(() => ReplicaConfigReader.Load(_directory.File("none.json")));

        Assert.Contains("none.json does not exist", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private static string Repository()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "CoreEngine.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        return at ?? throw new InvalidOperationException("the repository's root was not found");
    }

    private ReplicaConfig Load(string text)
    {
        string path = _directory.File("replica.json");
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes(text));
        return ReplicaConfigReader.Load(path);
    }
}
