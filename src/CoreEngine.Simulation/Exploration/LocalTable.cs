using System;
using System.Collections.Generic;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;

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

    /// <summary>The configuration in effect.</summary>
    internal required int Configuration { get; init; }

    /// <summary>Its machine is taking in a snapshot.</summary>
    internal required bool IsRestoring { get; init; }

    /// <summary>Of the canonical form, by renaming.</summary>
    internal required ulong[] Hashes { get; init; }
}

/// <summary>Who decided something, and by which configuration they were counted; default for nobody.</summary>
/// <param name="Replicas">Bit r-1 stands for replica r.</param>
/// <param name="Configuration">Its number.</param>
/// <param name="Epoch">The index of its entry.</param>
internal readonly record struct Decision(ulong Replicas, int Configuration, ulong Epoch);

/// <summary>What an input does to a replica in a state.</summary>
/// <param name="Next">The state after it.</param>
/// <param name="Sent">Messages that left.</param>
/// <param name="Proof">The certificate that came up; default when none.</param>
/// <param name="Committed">The log up to the certificate's index.</param>
/// <param name="Deciders">Leader: who is named by the certificate.</param>
/// <param name="Electors">Who has elected the replica in this step.</param>
/// <param name="Violation">What was wrong; null when nothing.</param>
/// <param name="IsIdle">Nothing changed, and nothing left.</param>
/// <param name="Wrote">Something was written in it.</param>
internal sealed record LocalStep(
    int Next,
    int[] Sent,
    CommitCertificate Proof,
    int Committed,
    Decision Deciders,
    Decision Electors,
    string? Violation,
    bool IsIdle,
    bool Wrote);

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
    private readonly CanonicalWriter _writer;
    private readonly Stack<Input> _path = new();

    internal LocalTable(ExplorerBounds bounds, MessageTable messages, LogTable logs)
    {
        _bounds = bounds;
        _messages = messages;
        _logs = logs;
        _writer = new CanonicalWriter(messages.Permutations);
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
        bool wasLeader = replica.State.Role == Role.Leader;
        replica.Run(input);
        if (replica.Violation is not null)
        {
            return new LocalStep(state, [], default, 0, default, default, replica.Violation, false, false);
        }

        string? violation = WrongConfiguration(replica);
        bool isStarted = input.Kind == InputKind.Crash || input.LosesWrites;
        int next = Find(replica, state, input, isStarted);
        int committed = 0;
        if (replica.Proof.IsValid)
        {
            LogItem[] memory = LocalEncoding.Memory(replica);
            committed = isStarted ? 0 : _logs.Find(memory.AsSpan(0, (int)replica.Proof.Index));
        }

        bool leads = replica.State.Role == Role.Leader;
        AuthorityCertificate authority = replica.Core.Authority;
        Decision deciders = leads ? DecisionOf(replica, replica.Proof.ConfigEpoch, replica.Proof.Voters) : default;
        Decision electors = leads && !wasLeader
            ? DecisionOf(replica, authority.ConfigEpoch, authority.Voters)
            : default;

        return new LocalStep(
            next,
            [.. replica.Sent],
            isStarted ? default : replica.Proof,
            committed,
            deciders,
            electors,
            violation,
            next == state && replica.Sent.Count == 0 && violation is null,
            !isStarted && replica.State.NextTicket != ticket);
    }

    /// <summary>In effect is the newest configuration in the log, in a snapshot or before it (raft.md S27, S40).
    /// </summary>
    private string? WrongConfiguration(LocalReplica replica)
    {
        int log = _logs.Find(LocalEncoding.Memory(replica));
        int expected = _logs.ConfigurationIn(log).Code;
        bool knowsFirst = _bounds.Members.IsFounder(replica.Number) || replica.Core.Log.BaseIndex > 0;
        expected = expected == 0 && knowsFirst ? _bounds.Members.Start : expected;
        int found = ConfigurationCode.Of(replica.State.Configuration);
        return found == expected
            ? null
            : $"configuration: replica {replica.Number} goes by {ConfigurationCode.Describe(found)} with "
                + _logs.Describe(log);
    }

    private static Decision DecisionOf(LocalReplica replica, ulong epoch, ulong places)
    {
        Configuration? configuration = replica.Core.Log.Configurations.Find(epoch);
        return configuration is null
            ? default
            : new Decision(LocalReplica.Named(configuration, places), ConfigurationCode.Of(configuration), epoch);
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

        ulong[] hashes = new ulong[_messages.Permutations.Count];
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
            Memory = _logs.Find(LocalEncoding.Memory(replica)),
            Durable = _logs.Find(LocalEncoding.Durable(replica.Medium)),
            Term = replica.State.Term,
            DurableTerm = replica.Medium.Term,
            Role = replica.State.Role,
            HasWrites = replica.Medium.Pending.Count > 0,
            Configuration = ConfigurationCode.Of(replica.State.Configuration),
            IsRestoring = replica.Restoring is not null,
            Hashes = hashes,
        });
        return number;
    }
}
