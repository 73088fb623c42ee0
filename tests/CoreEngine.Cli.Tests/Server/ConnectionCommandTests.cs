// Goal: a connection chooses how fresh its reads are and is told what it was given, and writes exactly once in a
// session that outlives the connection. Method: a cluster of one in this process, and raw sockets, one of which breaks.
using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Cli.Tests.Server;

public sealed class ConnectionCommandTests
{
    /// <summary>With this byte the text of a guarantee begins, in UTF-8.</summary>
    private const string Open = "\u00e2";

    [Fact]
    public async Task A_connection_reads_at_its_level_and_is_told_what_it_was_given()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        Assert.Equal("[Linearizable nil]", wire.Call("READLEVEL"));
        Assert.Equal("+OK", wire.Call("SET", "a", "1"));
        Assert.Equal("1", wire.Call("GET", "a"));
        string first = wire.Call("READLEVEL");
        Assert.StartsWith("[Linearizable " + Open, first, StringComparison.Ordinal);
        string[] seen = [.. new[]
        {
            new[] { "local" }, ["OWN"], ["STALE", "60000"], ["entries", "3"],
        }.Select(level =>
        {
            Assert.Equal("+OK", wire.Call(["READLEVEL", .. level]));
            Assert.Equal("1", wire.Call("GET", "a"));
            return wire.Call("READLEVEL");
        })];
        Assert.StartsWith("[Local " + Open, seen[0], StringComparison.Ordinal);
        Assert.StartsWith("[Own " + Open, seen[1], StringComparison.Ordinal);
        Assert.StartsWith("[Stale(00:01:00) " + Open, seen[2], StringComparison.Ordinal);
        Assert.StartsWith("[Stale(3 entries) " + Open, seen[3], StringComparison.Ordinal);

        // Each level's own guarantee, never the label of another one.
        Assert.Equal(5, seen.Append(first).Select(GuaranteeOf).Distinct(StringComparer.Ordinal).Count());

        // No lease in this group: refused, and said so, not read otherwise.
        Assert.Equal("+OK", wire.Call("READLEVEL", "LEASE"));
        Assert.StartsWith("-ERR refused", wire.Call("GET", "a"), StringComparison.Ordinal);
        Assert.StartsWith("[Lease refused: ", wire.Call("READLEVEL"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_changes_nothing()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        foreach (string command in new[]
        {
            "READLEVEL x", "READLEVEL STALE", "READLEVEL STALE 0", "READLEVEL STALE -1", "READLEVEL LOCAL 1",
            "READLEVEL ENTRIES x", "SESSION x", "SESSION OPEN x", "SESSION OPEN 1", "SESSION OPEN 2000 3",
            "SESSION RESUME 1", "SESSION RESUME 0 1", "SESSION RESUME 1 0", "SESSION CLOSE", "SESSION REPEAT 1",
            "SESSION CLOSE 1",
        })
        {
            Assert.StartsWith("-ERR ", wire.Call(command.Split(' ')), StringComparison.Ordinal);
        }

        Assert.Equal("[Linearizable nil]", wire.Call("READLEVEL"));
        Assert.Equal("nil", wire.Call("SESSION"));
        Assert.StartsWith("-ERR no session", wire.Call("SESSION", "RESUME", "99999", "1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_outlives_its_connection_and_a_repeated_write_takes_effect_once()
    {
        await using ServedReplica replica = await ServedReplica.StartAsync();
        string number;
        using (RespWire first = replica.Connect())
        {
            string opened = first.Call("SESSION", "OPEN", "30000");
            number = opened.Trim('[', ']').Split(' ')[0].TrimStart(':');
            Assert.Equal($"[:{number} :1]", opened);
            Assert.StartsWith("-ERR this connection has", first.Call("SESSION", "OPEN"), StringComparison.Ordinal);
            Assert.Equal(":1", first.Call("INCR", "n"));
            Assert.Equal($"[:{number} :2]", first.Call("SESSION"));

            // The connection breaks before the client hears of this one: it was sequence 2.
            first.Send("INCR", "n");
            Assert.Equal(":2", first.Read());
        }

        using RespWire again = replica.Connect();
        Assert.Equal($"[:{number} :3]", again.Call("SESSION", "RESUME", number, "3"));
        Assert.Equal("+OK", again.Call("SESSION", "REPEAT", "2"));
        Assert.Equal(":2", again.Call("INCR", "n"));
        Assert.Equal("2", again.Call("GET", "n"));

        // Only that one was a repeat; the next is new.
        Assert.Equal(":3", again.Call("INCR", "n"));
        Assert.StartsWith("-ERR sequence 9", again.Call("SESSION", "REPEAT", "9"), StringComparison.Ordinal);
        Assert.Equal("+OK", again.Call("SESSION", "CLOSE"));
        Assert.Equal("nil", again.Call("SESSION"));
        Assert.Equal(":4", again.Call("INCR", "n"));
        Assert.StartsWith("-ERR no session", again.Call("SESSION", "RESUME", number, "4"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipeline_longer_than_the_window_of_a_session_is_answered_in_order()
    {
        const int Count = 600;
        await using ServedReplica replica = await ServedReplica.StartAsync();
        using RespWire wire = replica.Connect();
        Assert.StartsWith("[:", wire.Call("SESSION", "OPEN"), StringComparison.Ordinal);
        for (int i = 0; i < Count; i++)
        {
            wire.Send("INCR", "n");
        }

        for (int i = 1; i <= Count; i++)
        {
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $":{i}"), wire.Read());
        }
    }

    private static string GuaranteeOf(string text) =>
        text[text.IndexOf(Open, StringComparison.Ordinal)..text.IndexOf(" at t", StringComparison.Ordinal)];
}
