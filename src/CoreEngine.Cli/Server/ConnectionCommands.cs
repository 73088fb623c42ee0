using System;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Cli.Resp;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>READLEVEL and SESSION: how the later commands of a connection are run.</summary>
internal static class ConnectionCommands
{
    private const string LevelsText =
        "ERR READLEVEL takes LINEARIZABLE, LEASE, STALE milliseconds, ENTRIES count, OWN or LOCAL";

    private const string SessionText =
        "ERR SESSION takes OPEN [timeout-ms], RESUME number next-sequence, REPEAT sequence, CLOSE, or nothing";

    internal static async ValueTask AnswerAsync(
        CommandCode code, string[] words, Group group, ConnectionState connection, RespWriter output)
    {
        string? problem = code == CommandCode.ReadLevel
            ? AnswerLevel(words, connection, output)
            : await AnswerSessionAsync(words, group, connection, output);
        if (problem is not null)
        {
            output.Error(Encoding.UTF8.GetBytes(problem));
        }
    }

    /// <summary>Without a word: what is asked for, and what the last read was given. With one: asks for it.</summary>
    /// <returns>The text of the error; null when it was answered.</returns>
    private static string? AnswerLevel(string[] words, ConnectionState connection, RespWriter output)
    {
        if (words.Length == 0)
        {
            output.Array(2);
            output.Bulk(Encoding.ASCII.GetBytes(NameOf(connection)));
            Write(connection.Last, output);
            return null;
        }

        bool isNumber = words.Length == 2
            && uint.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint _);
        int amount = isNumber && int.TryParse(words[1], CultureInfo.InvariantCulture, out int number) ? number : -1;
        Read? level = (words[0].ToUpperInvariant(), words.Length) switch
        {
            ("LINEARIZABLE" or "OWN", 1) => Read.Linearizable,
            ("LEASE", 1) => Read.Lease,
            ("LOCAL", 1) => Read.Local,
            ("STALE", 2) when amount > 0 => Read.Stale(TimeSpan.FromMilliseconds(amount)),
            ("ENTRIES", 2) when amount >= 0 => Read.StaleEntries(amount),
            _ => null,
        };
        if (level is not { } wanted)
        {
            return LevelsText;
        }

        connection.Use(wanted, words[0].Equals("OWN", StringComparison.OrdinalIgnoreCase));
        output.SimpleString("OK"u8);
        return null;
    }

    private static string NameOf(ConnectionState connection) =>
        connection.IsOwn ? "Own" : connection.Level.ToString();

    private static void Write(ReadResult? last, RespWriter output)
    {
        if (last is not { } result)
        {
            output.Null();
            return;
        }

        string text = result.IsGranted
            ? string.Create(CultureInfo.InvariantCulture, $"{result.Guarantee} at t{result.Term}/i{result.Index}")
            : $"refused: {result.Refusal}";
        output.Bulk(Encoding.UTF8.GetBytes(text));
    }

    /// <returns>The text of the error; null when it was answered.</returns>
    private static async ValueTask<string?> AnswerSessionAsync(
        string[] words, Group group, ConnectionState connection, RespWriter output)
    {
        string action = words.Length == 0 ? string.Empty : words[0].ToUpperInvariant();
        var numbers = new ulong[int.Max(0, words.Length - 1)];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (!ulong.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return SessionText;
            }
        }

        switch (action, numbers)
        {
            case ("", _):
                Show(connection, output);
                return null;
            case ("OPEN", { Length: <= 1 }) or ("RESUME", [> 0, > 0]) when connection.HasSession:
                return "ERR this connection has a session already: SESSION CLOSE ends it";
            case ("OPEN", { Length: <= 1 }):
                return await OpenAsync(numbers, group, connection, output);
            case ("RESUME", [> 0, > 0]):
                return Entered(await group.ResumeSessionAsync(numbers[0], numbers[1]), connection, output);
            case ("REPEAT", [> 0]) when connection.Session is { } session:
                return Repeat(numbers[0], session, connection, output);
            case ("CLOSE", []) when connection.HasSession:
                await connection.Leave()!.DisposeAsync();
                output.SimpleString("OK"u8);
                return null;
            case ("REPEAT", [> 0]) or ("CLOSE", []):
                return "ERR this connection has no session: SESSION OPEN begins one";
            default:
                return SessionText;
        }
    }

    private static async ValueTask<string?> OpenAsync(
        ulong[] numbers, Group group, ConnectionState connection, RespWriter output)
    {
        ulong timeoutMs = numbers.Length == 1 ? numbers[0] : (ulong)new SessionOptions().Timeout.TotalMilliseconds;
        if (timeoutMs is < Limits.SessionTimeoutMsMin or > Limits.SessionTimeoutMsMax)
        {
            return $"ERR a session's timeout is from {Limits.SessionTimeoutMsMin} to {Limits.SessionTimeoutMsMax} ms";
        }

        var options = new SessionOptions { Timeout = TimeSpan.FromMilliseconds(timeoutMs) };
        return Entered(await group.OpenSessionAsync(options), connection, output);
    }

    private static string? Entered(Session session, ConnectionState connection, RespWriter output)
    {
        if (!session.IsOpen)
        {
            _ = session.Detach();
            return session.Opening.Outcome == Outcome.Unknown
                ? "UNKNOWN the session was not opened in time; if it was, it expires"
                : $"ERR no session: {session.Opening.Refusal}";
        }

        connection.Enter(session);
        Show(connection, output);
        return null;
    }

    private static string? Repeat(ulong sequence, Session session, ConnectionState connection, RespWriter output)
    {
        if (sequence >= session.NextSequence)
        {
            return $"ERR sequence {sequence} was not used: the next one is {session.NextSequence}";
        }

        connection.Repeat(sequence);
        output.SimpleString("OK"u8);
        return null;
    }

    /// <summary>Number and next sequence: by them a client goes on after its connection broke.</summary>
    private static void Show(ConnectionState connection, RespWriter output)
    {
        if (connection.Session is not { } session)
        {
            output.Null();
            return;
        }

        output.Array(2);
        output.Integer((long)session.Number);
        output.Integer((long)session.NextSequence);
    }
}
