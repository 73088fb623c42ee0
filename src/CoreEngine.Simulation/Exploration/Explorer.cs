using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Exploration;

/// <summary>Breadth first through every reachable state of a few real cores within bounds.</summary>
/// <remarks>
/// The frontier holds states as they were reached; only their hashes forget the replicas' names. That is sound because
/// no rule of the core prefers a replica for its number; the seed moves timeouts only, and those are inputs here.
/// </remarks>
internal sealed class Explorer
{
    private const int ProgressStates = 1 << 16;

    private readonly ExplorerBounds _bounds;
    private readonly LogTable _logs = new();
    private readonly MessageTable _messages;
    private readonly LocalTable _locals;
    private readonly SafetyRules _rules;
    private readonly VisitedSet _visited = new();

    /// <summary>Without symmetry: the states up to renaming, only to be counted.</summary>
    private readonly VisitedSet _classes = new();
    private readonly List<Origin> _origins = [];
    private readonly GlobalState _from;
    private readonly GlobalState _to;
    private readonly Action<string>? _progress;
    private List<uint> _next = [];
    private int _nextCount;
    private int _at;
    private int _depth;
    private long _transitions;
    private long _crowded;
    private int _committed;
    private int _changed;
    private int _joint;
    private int _restoring;
    private string? _violation;
    private Origin _last;

    private Explorer(ExplorerBounds bounds, Action<string>? progress)
    {
        Invariant.Holds(bounds.TermMax is >= 1 and <= GlobalState.TermMax);
        Invariant.Holds(bounds.TermMax + bounds.Entries <= GlobalState.IndexMax);
        Invariant.Holds(bounds.InFlightMax is >= 2 and <= 48);
        _bounds = bounds;
        _progress = progress;
        _from = new GlobalState(bounds.Members.Replicas);
        _to = new GlobalState(bounds.Members.Replicas);
        _messages = new MessageTable(bounds.Members.Permutations);
        _locals = new LocalTable(bounds, _messages, _logs);
        _rules = new SafetyRules(_locals, _logs, bounds.Members.Start);
    }

    /// <summary>The states of one replica that the last run met.</summary>
    internal LocalTable Locals => _locals;

    /// <summary>Explores to the end, to a bound, or to the first thing that is wrong.</summary>
    /// <param name="bounds">What to be complete to.</param>
    /// <param name="progress">Is told how far it is, once per depth; null for none.</param>
    internal static ExplorerReport Run(ExplorerBounds bounds, Action<string>? progress = null) =>
        Run(bounds, out _, progress);

    /// <summary>The same, and hands out the tables.</summary>
    internal static ExplorerReport Run(
        ExplorerBounds bounds, out Explorer explorer, Action<string>? progress = null)
    {
        explorer = new Explorer(bounds, progress);
        return explorer.Run();
    }

    private ExplorerReport Run()
    {
        long start = Stopwatch.GetTimestamp();
        for (uint replica = 1; replica <= _bounds.Members.Replicas; replica++)
        {
            _to.Locals[replica - 1] = _locals.Start(replica);
        }

        IsNew();
        Keep(default);
        int left = 0;
        while (_nextCount > 0 && _violation is null && left == 0 && _depth < _bounds.DepthMax)
        {
            left = ExploreLevel(start);
        }

        return new ExplorerReport
        {
            Bounds = _bounds,
            States = _visited.Count,
            Classes = _bounds.Symmetry ? _visited.Count : _classes.Count,
            Transitions = _transitions,
            Depth = _depth,
            Frontier = left + _nextCount,
            Crowded = _crowded,
            LocalStates = _locals.Count,
            LocalSteps = _locals.StepCount,
            Messages = _messages.Count,
            StatesCommitted = _committed,
            StatesChanged = _changed,
            StatesJoint = _joint,
            StatesRestoring = _restoring,
            Elapsed = Stopwatch.GetElapsedTime(start),
            Violation = _violation,
            Schedule = _violation is null
                ? []
                : ScheduleWriter.Write(Path(), _bounds.Members, _locals, _messages, _logs),
        };
    }

    /// <summary>Tries every step from every state of the frontier.</summary>
    /// <returns>States left untried, because a bound was reached.</returns>
    private int ExploreLevel(long start)
    {
        List<uint> level = _next;
        int count = _nextCount;
        _next = [];
        _nextCount = 0;
        int place = 0;
        for (int i = 0; i < count; i++)
        {
            bool isOver = _visited.Count >= _bounds.StatesMax
                || (i % 256 == 0 && Stopwatch.GetElapsedTime(start) > _bounds.TimeMax);
            if (isOver)
            {
                return count - i;
            }

            ReadOnlySpan<uint> words = CollectionsMarshal.AsSpan(level)[place..];
            _at = (int)words[0];
            place += 1 + _from.Read(words[1..]);
            Expand();
            if (_violation is not null)
            {
                return count - i;
            }
        }

        _depth++;
        if (_progress is not null && _visited.Count > ProgressStates)
        {
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            _progress(string.Create(
                CultureInfo.InvariantCulture,
                $"depth {_depth}: {_visited.Count:N0} states, {_nextCount:N0} in the frontier, {seconds:F0} s"));
        }

        return 0;
    }

    private void Expand()
    {
        for (int place = 0; place < _from.Locals.Length && _violation is null; place++)
        {
            LocalState local = _locals[_from.Locals[place]];
            bool leads = local.Role == Role.Leader;
            bool mayTimeOut = leads || local.Term < (ulong)_bounds.TermMax;
            Try(place, new Input(leads ? InputKind.StepDown : InputKind.TimeOut), Budget.Timeouts,
                mayTimeOut ? _bounds.Timeouts : 0);
            Try(place, new Input(InputKind.Crash), Budget.Crashes, _bounds.Crashes);
            if (local.HasWrites)
            {
                Take(place, new Input(InputKind.Persist), -1, null);
            }

            if (leads)
            {
                int command = _from.UsedOf(Budget.Entries) + 1;
                Try(place, new Input(InputKind.Propose, false, command), Budget.Entries, _bounds.Entries);
                Try(place, new Input(InputKind.Heartbeat), Budget.Heartbeats, _bounds.Heartbeats);
                Try(place, new Input(InputKind.Resend), Budget.Resends, _bounds.Resends);
                Lead(place);
            }

            Try(place, new Input(InputKind.TakeSnapshot), Budget.Snapshots, _bounds.Snapshots);
            if (local.IsRestoring)
            {
                Take(place, new Input(InputKind.Restored), -1, null);
            }
        }

        for (int i = 0; i < _from.MessageCount && _violation is null; i++)
        {
            // Equal messages are one choice.
            if (i == 0 || _from.Messages[i] != _from.Messages[i - 1])
            {
                DeliverOrDrop(i);
            }
        }
    }

    /// <summary>What only a leader does: it changes members and sends snapshots.</summary>
    private void Lead(int place)
    {
        for (int i = 0; i < _bounds.Members.Changes.Length; i++)
        {
            Try(place, new Input(InputKind.Change, false, i), Budget.Changes, _bounds.Changes);
        }

        if (_from.UsedOf(Budget.Changes) > 0)
        {
            Take(place, new Input(InputKind.Settle), -1, null);
        }

        for (int peer = 1; peer <= _from.Locals.Length && _bounds.Transfers > 0; peer++)
        {
            Try(place, new Input(InputKind.SendSnapshot, false, peer), Budget.Transfers, _bounds.Transfers);
        }
    }

    private void DeliverOrDrop(int i)
    {
        int message = _from.Messages[i];
        int place = (int)_messages[message].Header.To - 1;
        var input = new Input(InputKind.Deliver, false, message);
        if (_locals.Step(_from.Locals[place], input).IsIdle)
        {
            // Only the message would be gone: whatever follows from that follows from here as well.
            return;
        }

        Take(place, input, i, null);
        if (_from.UsedOf(Budget.Duplicates) < _bounds.Duplicates)
        {
            Take(place, input, -1, Budget.Duplicates);
        }

        if (_from.UsedOf(Budget.Drops) < _bounds.Drops)
        {
            Begin(i, Budget.Drops);
            End(new Origin(_at, (byte)place, true, input));
        }
    }

    private void Try(int place, Input input, Budget budget, int limit)
    {
        if (_from.UsedOf(budget) < limit)
        {
            Take(place, input, -1, budget);
        }
    }

    /// <summary>Takes a step, and the same step cut short by a crash.</summary>
    private void Take(int place, Input input, int message, Budget? budget)
    {
        LocalStep step = _locals.Step(_from.Locals[place], input);
        TakeOne(place, input, step, message, budget, null);
        if (step.Wrote && !_bounds.WritesApart && _from.UsedOf(Budget.Crashes) < _bounds.Crashes)
        {
            Input cut = input with { LosesWrites = true };
            TakeOne(place, cut, _locals.Step(_from.Locals[place], cut), message, budget, Budget.Crashes);
        }
    }

    private void TakeOne(int place, Input input, LocalStep step, int message, Budget? first, Budget? second)
    {
        if (step.IsIdle || _violation is not null)
        {
            return;
        }

        Begin(message, first);
        if (second is { } more)
        {
            _to.Use(more);
        }

        _violation = _rules.Advance(_to, place, step);
        _to.Locals[place] = step.Next;
        foreach (int sent in step.Sent)
        {
            _to.Add(sent);
        }

        End(new Origin(_at, (byte)place, false, input));
    }

    private void Begin(int message, Budget? budget)
    {
        _to.CopyFrom(_from);
        if (message >= 0)
        {
            _to.RemoveAt(message);
        }

        if (budget is { } used)
        {
            _to.Use(used);
        }
    }

    private void End(Origin origin)
    {
        _transitions++;
        _last = origin;
        if (_violation is not null)
        {
            return;
        }

        for (int i = _to.MessageCount - 1; i >= 0; i--)
        {
            if (IsSpent(_messages[_to.Messages[i]]))
            {
                _to.RemoveAt(i);
            }
        }

        if (_to.MessageCount > _bounds.InFlightMax)
        {
            _crowded++;
            return;
        }

        if (IsNew())
        {
            _violation = _rules.Check(_to);
            Count();
            Keep(origin);
        }
    }

    private void Count()
    {
        bool isJoint = false;
        bool isRestoring = false;
        foreach (int number in _to.Locals)
        {
            LocalState local = _locals[number];
            isJoint |= local.Role == Role.Leader && ConfigurationCode.IsJoint(local.Configuration);
            isRestoring |= local.IsRestoring;
        }

        _committed += _to.Committed != 0 ? 1 : 0;
        _changed += _logs.ConfigurationIn(_to.Committed).Index > 0 ? 1 : 0;
        _joint += isJoint ? 1 : 0;
        _restoring += isRestoring ? 1 : 0;
    }

    /// <summary>A reply that can change nothing any more, whatever happens: its term is over on the medium of its
    /// receiver, or its receiver has the part in this term that never asks for such a reply again.</summary>
    private bool IsSpent(Letter letter)
    {
        MessageType type = letter.Header.Type;
        if (type is not (MessageType.VoteReply or MessageType.AppendReply))
        {
            return false;
        }

        LocalState receiver = _locals[_to.Locals[letter.Header.To - 1]];
        if (letter.Header.Term < receiver.DurableTerm)
        {
            return true;
        }

        if (letter.Header.Term != receiver.DurableTerm || receiver.Term != receiver.DurableTerm)
        {
            return false;
        }

        return type == MessageType.VoteReply
            ? receiver.Role != Role.Candidate || !letter.IsGranted
            : receiver.Role != Role.Leader;
    }

    private bool IsNew()
    {
        if (_bounds.Symmetry)
        {
            return _visited.Add(_to.Hash(_locals, _messages));
        }

        _classes.Add(_to.Hash(_locals, _messages));
        return _visited.Add(_to.Hash(_locals, _messages, isRenamed: false));
    }

    private void Keep(Origin origin)
    {
        _next.Add((uint)_origins.Count);
        _to.Write(_next);
        _nextCount++;
        _origins.Add(origin);
    }

    private Stack<Origin> Path()
    {
        var path = new Stack<Origin>();
        path.Push(_last);
        for (int at = _last.From; at != 0; at = _origins[at].From)
        {
            path.Push(_origins[at]);
        }

        return path;
    }
}

/// <summary>How a state was first reached.</summary>
/// <param name="From">The state before.</param>
/// <param name="Place">The replica's place.</param>
/// <param name="IsDrop">The message of the input was lost instead.</param>
/// <param name="Input">What happened.</param>
internal readonly record struct Origin(int From, byte Place, bool IsDrop, Input Input);
