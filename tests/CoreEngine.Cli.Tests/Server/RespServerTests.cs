// Goal: every command answers as a Redis client expects, in order, and whatever a client sends is answered, never met
// with a closed socket.
// Method: a cluster of one in this process on a real directory, and raw sockets.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Server;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Cli.Tests.Server;

public sealed class RespServerTests
{
    [Fact]
    public async Task Every_command_answers_as_redis_does()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        (string Command, string Reply)[] script =
        [
            ("PING", "+PONG"), ("ping hello", "hello"), ("ECHO abc", "abc"),
            ("GET a", "nil"), ("SET a 1", "+OK"), ("GET a", "1"),
            ("SET a 2 NX", "nil"), ("SET b 2 nx", "+OK"), ("SET c 3 XX", "nil"), ("SET a 3 xx", "+OK"), ("GET a", "3"),
            ("INCR a", ":4"), ("INCR fresh", ":1"), ("APPEND a x", ":2"), ("GET a", "4x"),
            ("INCR a", "-ERR value is not an integer or out of range"),
            ("CAS a 4x new", ":1"), ("CAS a 4x newer", ":0"), ("CAS none a b", ":0"), ("GET a", "new"),
            ("EXISTS a b none a", ":3"), ("DBSIZE", ":3"), ("DEL a none b", ":2"), ("DBSIZE", ":1"), ("EXISTS a", ":0"),
            ("SELECT 0", "+OK"), ("SELECT 1", "-ERR DB index is out of range: there is one database, 0"),
            ("CLIENT SETNAME me", "+OK"), ("CLIENT SETINFO LIB-NAME x", "+OK"), ("CLIENT GETNAME", "nil"),
            ("CONFIG GET save", "[save ]"), ("CONFIG GET append*", "[appendonly yes appendfsync always]"),
            ("CONFIG GET nothing", "[]"),
            ("COMMAND COUNT", ":22"), ("COMMAND DOCS", "[]"),
            ("HELLO 3", "-NOPROTO unsupported protocol version: this server speaks RESP2"),
        ];
        foreach ((string command, string reply) in script)
        {
            Assert.Equal((command, reply), (command, wire.Call(command.Split(' '))));
        }

        Assert.StartsWith("[server coreengine version ", wire.Call("HELLO"), StringComparison.Ordinal);
        Assert.Contains("[get :2 [+readonly] :1 :1 :1]", wire.Call("COMMAND"), StringComparison.Ordinal);
        Assert.Equal("[[set :-3 [+write] :1 :1 :1] nil]", wire.Call("COMMAND", "INFO", "set", "nothing"));
        Assert.Equal("+OK", wire.Call("QUIT"));
        Assert.Equal("closed", wire.Read());
    }

    [Fact]
    public async Task Info_names_role_term_frontiers_mode_and_durability()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        Assert.Equal("+OK", wire.Call("SET", "a", "1"));

        string all = wire.Call("INFO");
        string[] wanted =
        [
            "# Server", "# Replication", "# Durability", "# Stats", "# Keyspace", "role:leader", "term:1", "leader:1",
            "mode:target",
            "acknowledgement:quorum/", "appended:2", "durable:2", "applied:2", "committed:2", "trimmed:0",
            "db0:keys=1", "fault:none",
            "state_index:2", "writes_committed:1",
        ];
        Assert.All(wanted, line => Assert.Contains(line, all, StringComparison.Ordinal));

        string one = wire.Call("INFO", "durability");
        Assert.Contains("acknowledgement:", one, StringComparison.Ordinal);
        Assert.DoesNotContain("role:", one, StringComparison.Ordinal);
        Assert.Equal(string.Empty, wire.Call("INFO", "nothing"));
    }

    [Fact]
    public async Task Ten_thousand_mixed_commands_in_one_write_are_answered_in_order()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        const int Count = 10_000;
        var prng = new Prng(42);
        var bytes = new List<byte>();
        var expected = new List<string>();
        var model = new Dictionary<string, string>();
        for (int i = 0; i < Count; i++)
        {
            (string[] command, string reply) = NextMixed(prng, model, i);
            bytes.AddRange(RespWire.Encode(command));
            expected.Add(reply);
        }

        Task sending = Task.Run(() => wire.SendBytes([.. bytes]));
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal((i, expected[i]), (i, wire.Read()));
        }

        await sending;
    }

    [Fact]
    public async Task Keys_and_values_may_be_any_bytes()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        string all = string.Concat(Enumerable.Range(0, 256).Select(static value => (char)value));

        Assert.Equal("+OK", wire.Call("SET", all, "\r\n" + all));
        Assert.Equal("\r\n" + all, wire.Call("GET", all));
        Assert.Equal("+OK", wire.Call("SET", string.Empty, string.Empty));
        Assert.Equal(string.Empty, wire.Call("GET", string.Empty));
    }

    [Fact]
    public async Task The_largest_value_is_taken_and_a_larger_one_named()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        string largest = new('v', KeyValueCommand.ValueBytesMax);

        Assert.Equal("+OK", wire.Call("SET", "k", largest));
        Assert.Equal(largest, wire.Call("GET", "k"));
        Assert.StartsWith("-ERR an argument is longer", wire.Call("SET", "k", largest + "v"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR", wire.Call("SET", "k", new string('v', 4 * 1024 * 1024)), StringComparison.Ordinal);
        Assert.StartsWith("-ERR string exceeds", wire.Call("APPEND", "k", "v"), StringComparison.Ordinal);
        Assert.StartsWith(
            "-ERR a key of 16385 bytes", wire.Call("SET", new string('k', 16385), "v"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR", wire.Call("CAS", "k", largest, largest), StringComparison.Ordinal);
        Assert.Equal("+PONG", wire.Call("PING"));
    }

    [Fact]
    public async Task Many_large_replies_are_sent_in_pieces()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        string value = new('v', 100_000);
        const int Count = 200;
        Assert.Equal("+OK", wire.Call("SET", "k", value));
        for (int i = 0; i < Count; i++)
        {
            wire.Send("GET", "k");
        }

        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(value, wire.Read());
        }
    }

    [Theory]
    [InlineData("NOSUCH a b", "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ")]
    [InlineData("GET", "-ERR wrong number of arguments for 'get' command")]
    [InlineData("GET a b", "-ERR wrong number of arguments for 'get' command")]
    [InlineData("SET a", "-ERR wrong number of arguments for 'set' command")]
    [InlineData("CAS a b", "-ERR wrong number of arguments for 'cas' command")]
    [InlineData("DEL", "-ERR wrong number of arguments for 'del' command")]
    [InlineData("INCR a b", "-ERR wrong number of arguments for 'incr' command")]
    [InlineData("SET a b EX 10", "-ERR syntax error")]
    [InlineData("SET a b NX XX", "-ERR syntax error")]
    [InlineData("FLUSHALL", "-ERR FLUSHALL and FLUSHDB are not supported")]
    [InlineData("CONFIG SET save x", "-ERR only CONFIG GET is supported")]
    [InlineData("CLIENT KILL x", "-ERR unknown subcommand")]
    [InlineData("COMMAND NOSUCH", "-ERR unknown subcommand")]
    [InlineData("HELLO 2 AUTH a b", "-ERR HELLO takes SETNAME only")]
    public async Task What_cannot_be_done_is_an_error_and_the_connection_goes_on(string command, string reply)
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();

        Assert.StartsWith(reply, wire.Call(command.Split(' ')), StringComparison.Ordinal);
        Assert.Equal("+PONG", wire.Call("PING"));
    }

    [Fact]
    public async Task A_command_typed_as_a_line_is_taken()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        wire.SendBytes("SET greeting \"hello world\"\r\nGET greeting\r\n"u8);

        Assert.Equal("+OK", wire.Read());
        Assert.Equal("hello world", wire.Read());
    }

    [Theory]
    [InlineData("*1\r\n+PING\r\n")]
    [InlineData("*-x\r\n")]
    [InlineData("*1\r\n$-5\r\n")]
    [InlineData("*1\r\n$4\r\nPINGxx")]
    [InlineData("\"unbalanced\r\n")]
    public async Task Garbage_is_answered_after_what_came_before_it_and_ends_the_connection(string garbage)
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        wire.SendBytes([.. RespWire.Encode("SET", "a", "1"), .. RespWire.Encode("GET", "a"),
            .. Encoding.Latin1.GetBytes(garbage)]);

        Assert.Equal("+OK", wire.Read());
        Assert.Equal("1", wire.Read());
        Assert.StartsWith("-ERR Protocol error", wire.Read(), StringComparison.Ordinal);
        Assert.Equal("closed", wire.Read());
        using RespWire other = replica.Connect();
        Assert.Equal("+PONG", other.Call("PING"));
    }

    [Fact]
    public async Task A_client_that_stops_sending_still_gets_its_replies()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        for (int i = 0; i < 100; i++)
        {
            wire.Send("INCR", "n");
        }

        wire.Shutdown();
        for (int i = 1; i <= 100; i++)
        {
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $":{i}"), wire.Read());
        }

        Assert.Equal("closed", wire.Read());
    }

    [Fact]
    public async Task A_client_that_vanishes_in_mid_command_leaves_the_others_alone()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire other = replica.Connect();
        using (RespWire wire = replica.Connect())
        {
            wire.Send("SET", "a", "1");
            wire.SendBytes("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1000\r\nhalf"u8);
        }

        Assert.Equal("+PONG", other.Call("PING"));
        Assert.Equal("nil", other.Call("GET", "b"));
        Assert.False(replica.Broken.IsCompleted);
    }

    [Fact]
    public async Task A_connection_beyond_the_cap_is_told_so()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync(connectionsMax: 1);
        using RespWire first = replica.Connect();
        Assert.Equal("+PONG", first.Call("PING"));
        using RespWire second = replica.Connect();

        Assert.Equal("-ERR max number of clients reached", second.Read());
        Assert.Equal("closed", second.Read());
        Assert.Equal("+PONG", first.Call("PING"));
    }

    [Fact]
    public async Task A_stopped_engine_refuses_by_name_and_keeps_the_connection()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        Assert.Equal("+OK", wire.Call("SET", "a", "1"));
        await replica.StopEngineAsync();

        Assert.StartsWith("-ERR refused Closing:", wire.Call("SET", "a", "2"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR refused Closing:", wire.Call("GET", "a"), StringComparison.Ordinal);
        Assert.Equal("+PONG", wire.Call("PING"));
        Assert.Contains("role:", wire.Call("INFO"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();

        var error = Assert.Throws<BadInputException>(() => RespServer.Start(replica.Endpoint, replica.State));

        Assert.Contains($"client: cannot listen on {replica.Endpoint}", error.Message, StringComparison.Ordinal);
    }

    private static (string[] Command, string Reply) NextMixed(Prng prng, Dictionary<string, string> model, int i)
    {
        string key = string.Create(CultureInfo.InvariantCulture, $"k{prng.Between(0, 20)}");
        string value = string.Create(CultureInfo.InvariantCulture, $"v{i}");
        bool present = model.TryGetValue(key, out string? held);
        switch (prng.Between(0, 7))
        {
            case 0:
                model[key] = value;
                return (["SET", key, value], "+OK");
            case 1:
                return (["GET", key], held ?? "nil");
            case 2:
                model[key] = held + "+";
                return (["APPEND", key, "+"], string.Create(CultureInfo.InvariantCulture, $":{model[key].Length}"));
            case 3:
                model.Remove(key);
                return (["DEL", key], present ? ":1" : ":0");
            case 4 when present:
                model[key] = value;
                return (["CAS", key, held!, value], ":1");
            case 5:
                return (["PING"], "+PONG");
            default:
                return (["EXISTS", key], present ? ":1" : ":0");
        }
    }
}
