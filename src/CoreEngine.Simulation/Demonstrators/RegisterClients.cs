using System;
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

    /// <summary>Calls without an answer yet: each ends itself when there is one.</summary>
    private readonly List<Func<bool>> _open = [];
    private int _nextProcess;

    /// <summary>What the clients saw, in order.</summary>
    internal List<HistoryEvent> Events { get; } = [];

    /// <summary>The same, one row for each call, in the order of the calls.</summary>
    internal List<ClientOperation> Operations { get; } = [];

    /// <summary>Writes a new value at a replica.</summary>
    /// <returns>The call: a place in <see cref="Operations"/>.</returns>
    internal int Write(uint replica)
    {
        ulong value = world.NextValue();
        string text = value.ToString(CultureInfo.InvariantCulture);
        int process = Begin(replica, HistoryFunction.Write, text);
        Task<Receipt> proposal = world[replica].ProposeAsync(value);
        _open.Add(() => TryEndWrite(process, text, proposal));
        return process;
    }

    /// <summary>Reads linearizably at a replica.</summary>
    /// <returns>The call: a place in <see cref="Operations"/>.</returns>
    internal int Read(uint replica)
    {
        int process = Begin(replica, HistoryFunction.Read, null);
        Task<QueryResult<int>> count = world[replica].CountAsync();
        _open.Add(() => TryEndRead(process, replica, count));
        return process;
    }

    /// <summary>Time passes, and every answer is noted at the instant at which it comes.</summary>
    internal void RunFor(long nanoseconds)
    {
        long end = world.Now + nanoseconds;
        while (world.Now < end)
        {
            world.Step(end);
            Listen();
        }
    }

    /// <summary>Runs until the condition holds.</summary>
    internal void RunUntil(Func<bool> condition, string what) => world.RunUntil(
        () =>
        {
            Listen();
            return condition();
        },
        what);

    /// <summary>Runs until a call is answered.</summary>
    internal void Await(int process) => RunUntil(() => Operations[process].Ended >= 0, "a client's answer");

    /// <summary>Runs until nobody waits any more.</summary>
    internal void AwaitAll() => RunUntil(() => _open.Count == 0, "every client's answer");

    private void Listen() => _open.RemoveAll(static hasEnded => hasEnded());

    private bool TryEndWrite(int process, string text, Task<Receipt> proposal)
    {
        if (!proposal.IsCompleted)
        {
            return false;
        }

        Receipt receipt = proposal.Result;
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
        return true;
    }

    private bool TryEndRead(int process, uint replica, Task<QueryResult<int>> count)
    {
        if (!count.IsCompleted)
        {
            return false;
        }

        QueryResult<int> result = count.Result;
        if (!result.Point.IsGranted)
        {
            End(process, HistoryEventType.Fail, HistoryFunction.Read, null, $"Refused: {result.Point.Refusal.Code}");
            return true;
        }

        // The journal only grows: what was the last of so many entries is still at its place.
        ulong? value = result.Value == 0 ? null : world[replica].Machine.Entries[result.Value - 1].Value;
        string? text = value?.ToString(CultureInfo.InvariantCulture);
        End(process, HistoryEventType.Ok, HistoryFunction.Read, text, $"x = {text ?? "nothing"}");
        return true;
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
