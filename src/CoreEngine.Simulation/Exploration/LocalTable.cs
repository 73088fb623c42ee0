using System;
using System.Collections.Generic;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Exploration;

/// <summary>A state of one replica, and how it was first reached.</summary>
internal sealed class LocalState
{
    internal required uint Replica { get; init; }

    /// <summary>The state before, and what happened in it; -1 when this one follows from <see cref="Root"/>.</summary>
    internal required int Parent { get; init; }

    internal required Input Input { get; init; }

    /// <summary>The medium of a replica that has just started; null for all other states.</summary>
    internal required Medium? Root { get; init; }

    /// <summary>The log in memory.</summary>
    internal required int Memory { get; init; }

    /// <summary>The log on the medium.</summary>
    internal required int Durable { get; init; }

    internal required ulong Term { get; init; }

    internal required ulong DurableTerm { get; init; }

    internal required Role Role { get; init; }

    internal required bool HasWrites { get; init; }

    /// <summary>Of the canonical form, by renaming.</summary>
    internal required ulong[] Hashes { get; init; }
}

/// <summary>What an input does to a replica in a state.</summary>
/// <param name="Next">The state after it.</param>
/// <param name="Sent">Messages that left.</param>
/// <param name="Proof">The certificate that came up; default when none.</param>
/// <param name="Committed">The log up to the certificate's index.</param>
/// <param name="Violation">What was wrong; null when nothing.</param>
/// <param name="IsIdle">Nothing changed, and nothing left.</param>
/// <param name="Wrote">Something was written in it.</param>
internal sealed record LocalStep(
    int Next, int[] Sent, CommitCertificate Proof, int Committed, string? Violation, bool IsIdle, bool Wrote);

/// <summary>Every distinct state of a replica that was met, and every step between them that was asked for.</summary>
/// <remarks>
/// The core is deterministic: what it does in a state with an input is computed once, by the real code, and looked up
/// ever after. It cannot be copied; a state is rebuilt by repeating what led to it since its last start.
/// </remarks>
internal sealed class LocalTable
{
    private readonly ExplorerBounds _bounds;
    private readonly MessageTable _messages;
    private readonly LogTable _logs;
    private readonly List<LocalState> _states = [];
    private readonly Dictionary<string, int> _numbers = [];
    private readonly Dictionary<ulong, LocalStep> _steps = [];
    private readonly List<(int Parent, uint Code, int Next)> _reunions = [];
    private readonly CanonicalWriter _writer = new();
    private readonly Stack<Input> _path = new();

    internal LocalTable(ExplorerBounds bounds, MessageTable messages, LogTable logs)
    {
        _bounds = bounds;
        _messages = messages;
        _logs = logs;
    }

    internal int Count => _states.Count;

    /// <summary>Steps that the core was run for.</summary>
    internal int StepCount => _steps.Count;

    internal LocalState this[int state] => _states[state];

    /// <summary>A replica with an empty medium.</summary>
    internal int Start(uint replica) =>
        Find(new LocalReplica(_bounds, _messages, replica, new Medium()), -1, default, isStarted: true);

    internal LocalStep Step(int state, Input input)
    {
        ulong key = ((ulong)state << 32) | input.Code;
        if (!_steps.TryGetValue(key, out LocalStep? step))
        {
            step = Compute(Rebuild(state), state, input);
            _steps.Add(key, step);
            if (_states[step.Next].Parent != state || _states[step.Next].Input != input)
            {
                _reunions.Add((state, input.Code, step.Next));
            }
        }

        return step;
    }

    /// <summary>
    /// Refutes the comparison of states, if it can be: a state that was reached in two ways must do the same whichever
    /// way is repeated. Repeats, for a part of the reunions, every step known from the state.
    /// </summary>
    /// <param name="every">One reunion in so many.</param>
    /// <returns>Steps compared, and the first difference found; null when there is none.</returns>
    internal (int Compared, string? Difference) VerifyQuotient(int every)
    {
        var known = new Dictionary<int, List<Input>>();
        foreach (ulong key in _steps.Keys)
        {
            if (!known.TryGetValue((int)(key >> 32), out List<Input>? inputs))
            {
                known[(int)(key >> 32)] = inputs = [];
            }

            inputs.Add(Input.Of((uint)(key & uint.MaxValue)));
        }

        int compared = 0;
        for (int i = 0; i < _reunions.Count; i += every)
        {
            (int parent, uint code, int next) = _reunions[i];
            foreach (Input input in known.GetValueOrDefault(next) ?? [])
            {
                LocalReplica other = Rebuild(parent);
                other.Run(Input.Of(code));
                LocalStep expected = Step(next, input);
                LocalStep found = Compute(other, next, input);
                compared++;
                if (found.Next != expected.Next || !found.Sent.AsSpan().SequenceEqual(expected.Sent)
                    || found.Committed != expected.Committed)
                {
                    return (compared, $"state {next} with {input} depends on how it was reached");
                }
            }
        }

        return (compared, null);
    }

    private LocalReplica Rebuild(int state)
    {
        _path.Clear();
        LocalState at = _states[state];
        while (at.Root is null)
        {
            _path.Push(at.Input);
            at = _states[at.Parent];
        }

        var replica = new LocalReplica(_bounds, _messages, at.Replica, at.Root.AfterCrash());
        while (_path.TryPop(out Input input))
        {
            replica.Run(input);
        }

        return replica;
    }

    private LocalStep Compute(LocalReplica replica, int state, Input input)
    {
        ulong ticket = replica.State.NextTicket;
        replica.Run(input);
        bool isStarted = input.Kind == InputKind.Crash || input.LosesWrites;
        int next = Find(replica, state, input, isStarted);
        int committed = 0;
        if (replica.Proof.IsValid)
        {
            LogItem[] memory = LocalEncoding.Memory(replica.Core.Log);
            committed = isStarted ? 0 : _logs.Find(memory.AsSpan(0, (int)replica.Proof.Index));
        }

        return new LocalStep(
            next,
            [.. replica.Sent],
            isStarted ? default : replica.Proof,
            committed,
            replica.Violation,
            next == state && replica.Sent.Count == 0 && replica.Violation is null,
            !isStarted && replica.State.NextTicket != ticket);
    }

    private int Find(LocalReplica replica, int parent, Input input, bool isStarted)
    {
        _writer.Start(0);
        LocalEncoding.Write(_writer, replica, _bounds.PreVotes);
        string key = _writer.ToKey();
        if (_numbers.TryGetValue(key, out int number))
        {
            return number;
        }

        ulong[] hashes = new ulong[Permutations.Count];
        for (int i = 0; i < hashes.Length; i++)
        {
            _writer.Start(i);
            LocalEncoding.Write(_writer, replica, _bounds.PreVotes);
            hashes[i] = _writer.ToHash();
        }

        number = _states.Count;
        _numbers.Add(key, number);
        _states.Add(new LocalState
        {
            Replica = replica.Number,
            Parent = parent,
            Input = input,
            Root = isStarted ? replica.Medium.AfterCrash() : null,
            Memory = _logs.Find(LocalEncoding.Memory(replica.Core.Log)),
            Durable = _logs.Find(LocalEncoding.Items(replica.Medium.Records)),
            Term = replica.State.Term,
            DurableTerm = replica.Medium.Term,
            Role = replica.State.Role,
            HasWrites = replica.Medium.Pending.Count > 0,
            Hashes = hashes,
        });
        return number;
    }
}
