using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>One operation of a client, as a row of a timeline.</summary>
/// <param name="Began">Virtual nanoseconds.</param>
/// <param name="Ended">Virtual nanoseconds; -1 while it is open.</param>
/// <param name="Replica">Whom it asked.</param>
/// <param name="What">The call.</param>
/// <param name="Answer">What came back.</param>
/// <param name="Type">What the answer says.</param>
internal sealed record ClientOperation(
    long Began, long Ended, uint Replica, string What, string Answer, HistoryEventType Type);

/// <summary>
/// Clients that use the journal of a world as one register: its last entry is the value. Every call is a process of its
/// own, and the history that they saw is what the checkers judge.
/// </summary>
internal sealed class RegisterClients(World world)
{
    private const string Key = "x";

    private int _nextProcess;

    /// <summary>What the clients saw, in order.</summary>
    internal List<HistoryEvent> Events { get; } = [];

    /// <summary>The same, one row for each call, in the order of the calls.</summary>
    internal List<ClientOperation> Operations { get; } = [];

    /// <summary>Writes a new value at a replica.</summary>
    internal async Task<Receipt> WriteAsync(uint replica)
    {
        ulong value = world.NextValue();
        string text = value.ToString(CultureInfo.InvariantCulture);
        int process = Begin(replica, HistoryFunction.Write, text);
        Receipt receipt = await world[replica].ProposeAsync(value).ConfigureAwait(false);
        HistoryEventType type = receipt.Outcome switch
        {
            Outcome.Committed => HistoryEventType.Ok,
            Outcome.Refused => HistoryEventType.Fail,
            _ => HistoryEventType.Info,
        };
        string answer = receipt.Outcome switch
        {
            Outcome.Committed => $"Committed at {receipt.Coordinate}",
            Outcome.Refused => $"Refused: {receipt.Refusal.Code}",
            _ => "Unknown: not decided in time",
        };
        End(process, type, HistoryFunction.Write, text, answer);
        return receipt;
    }

    /// <summary>Reads linearizably at a replica; null when it was refused, or nothing was ever written.</summary>
    internal async Task<ulong?> ReadAsync(uint replica)
    {
        int process = Begin(replica, HistoryFunction.Read, null);
        QueryResult<int> count = await world[replica].CountAsync().ConfigureAwait(false);
        if (!count.Point.IsGranted)
        {
            End(process, HistoryEventType.Fail, HistoryFunction.Read, null, $"Refused: {count.Point.Refusal.Code}");
            return null;
        }

        // The journal only grows: what was the last of so many entries is still at its place.
        ulong? value = count.Value == 0 ? null : world[replica].Machine.Entries[count.Value - 1].Value;
        string? text = value?.ToString(CultureInfo.InvariantCulture);
        End(process, HistoryEventType.Ok, HistoryFunction.Read, text, $"x = {text ?? "nothing"}");
        return value;
    }

    private int Begin(uint replica, HistoryFunction function, string? value)
    {
        int process = _nextProcess++;
        Events.Add(new HistoryEvent(
            Events.Count, world.Now, process, HistoryEventType.Invoke, function, Key, value));
        string what = function == HistoryFunction.Read ? "read x" : $"write x = {value}";
        Operations.Add(
            new ClientOperation(world.Now, -1, replica, what, "no answer (yet)", HistoryEventType.Invoke));
        return process;
    }

    private void End(int process, HistoryEventType type, HistoryFunction function, string? value, string answer)
    {
        Events.Add(new HistoryEvent(Events.Count, world.Now, process, type, function, Key, value));
        Operations[process] = Operations[process] with { Ended = world.Now, Answer = answer, Type = type };
    }
}
