using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Resp;

namespace CoreEngine.Cli.Server;

/// <summary>
/// CONFIG GET: the few settings that stock clients ask for. Settings are changed in the file, not here.
/// </summary>
internal static class ConfigCommand
{
    internal static void Answer(RespReader reader, RespWriter output, ServerState server)
    {
        bool isGet = Ascii.EqualsIgnoreCase(reader.Argument(1), "GET"u8);
        if (!isGet || reader.Count < 3)
        {
            output.Error(isGet
                ? "ERR wrong number of arguments for 'config|get' command"u8
                : "ERR only CONFIG GET is supported: settings stand in the replica's configuration file"u8);
            return;
        }

        List<(string Name, string Value)> found = Settings(server);
        found.RemoveAll(setting => !MatchesAny(reader, setting.Name));
        output.Array(found.Count * 2);
        foreach ((string name, string value) in found)
        {
            output.Bulk(Encoding.UTF8.GetBytes(name));
            output.Bulk(Encoding.UTF8.GetBytes(value));
        }
    }

    /// <summary>Whether a name fits a pattern in which * stands for any letters and ? for one.</summary>
    internal static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<char> name)
    {
        // Greedy with one point of return: linear in practice, bounded by pattern x name.
        int at = 0;
        int place = 0;
        int star = -1;
        int resume = 0;
        while (place < name.Length)
        {
            if (at < pattern.Length && pattern[at] == (byte)'*')
            {
                star = at++;
                resume = place;
            }
            else if (at < pattern.Length
                && (pattern[at] == (byte)'?' || char.ToLowerInvariant((char)pattern[at]) == name[place]))
            {
                at++;
                place++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                place = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[at..].IndexOfAnyExcept((byte)'*') < 0;
    }

    private static bool MatchesAny(RespReader reader, string name)
    {
        for (int i = 2; i < reader.Count; i++)
        {
            if (Matches(reader.Argument(i), name))
            {
                return true;
            }
        }

        return false;
    }

    private static List<(string Name, string Value)> Settings(ServerState server) =>
    [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("databases", "1"),
        ("dir", server.Engine.Options.Directory),
        ("maxclients", server.ConnectionsMax.ToString(CultureInfo.InvariantCulture)),
        ("maxmemory", server.StoreOptions.MemoryBytesMax.ToString(CultureInfo.InvariantCulture)),
        ("proto-max-bulk-len", KeyValueCommand.ValueBytesMax.ToString(CultureInfo.InvariantCulture)),
        ("save", string.Empty),
    ];
}
