using System;
using System.Globalization;
using System.Numerics;
using CoreEngine.Protocol;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What no reachable state may break. Stated over logs, media and certificates; nothing of the core's own
/// reasoning is used.</summary>
internal sealed class SafetyRules(LocalTable locals, LogTable logs)
{
    private const int Majority = 2;

    /// <summary>Notes what a step has proven, and judges it against what was proven before.</summary>
    /// <returns>What is wrong; null when nothing.</returns>
    internal string? Advance(GlobalState state, int place, LocalStep step)
    {
        LocalState local = locals[step.Next];
        if (step.Violation is not null)
        {
            return step.Violation;
        }

        if (local.Role == Role.Leader)
        {
            uint known = state.LeaderOf(local.Term);
            if (known != 0 && known != local.Replica)
            {
                return Text($"election safety: replicas {known} and {local.Replica} both led term {local.Term}");
            }

            if (known == 0)
            {
                state.NoteLeader(local.Term, local.Replica);
            }
        }

        return step.Proof.IsValid ? Commit(state, place, step) : null;
    }

    /// <summary>Judges a state as it stands.</summary>
    /// <returns>What is wrong; null when nothing.</returns>
    internal string? Check(GlobalState state)
    {
        for (int i = 0; i < 3; i++)
        {
            LocalState one = locals[state.Locals[i]];
            LocalState other = locals[state.Locals[(i + 1) % 3]];
            if (one.Memory != other.Memory && !logs.Match(one.Memory, other.Memory))
            {
                return Text($"log matching: replica {one.Replica} holds {logs.Describe(one.Memory)}, ")
                    + Text($"replica {other.Replica} {logs.Describe(other.Memory)}");
            }
        }

        return state.Committed == 0 ? null : CheckLeaders(state) ?? CheckMedia(state);
    }

    private string? Commit(GlobalState state, int place, LocalStep step)
    {
        LocalState local = locals[step.Next];
        bool isShorter = logs.IsPrefix(step.Committed, state.Committed);
        if (!isShorter && !logs.IsPrefix(state.Committed, step.Committed))
        {
            return Text($"state-machine safety: {logs.Describe(state.Committed)} was committed, ")
                + Text($"replica {local.Replica} commits {logs.Describe(step.Committed)}");
        }

        if (local.Role == Role.Leader && CheckProof(state, place, step) is { } violation)
        {
            return violation;
        }

        if (!isShorter)
        {
            for (int i = logs[state.Committed].Length + 1; i <= logs[step.Committed].Length; i++)
            {
                state.NoteCommitTerm(i, step.Proof.Term);
            }

            state.Committed = step.Committed;
        }

        return null;
    }

    /// <summary>A certificate's voters must hold what it proves, on their media, at this very moment.</summary>
    private string? CheckProof(GlobalState state, int place, LocalStep step)
    {
        if (BitOperations.PopCount(step.Proof.Voters) < Majority || (step.Proof.Voters & ~7UL) != 0)
        {
            return Text($"certificate: voters {step.Proof.Voters:b} are no quorum");
        }

        for (int i = 0; i < 3; i++)
        {
            LocalState voter = locals[i == place ? step.Next : state.Locals[i]];
            bool isNamed = ((step.Proof.Voters >> i) & 1) != 0;
            if (isNamed && !logs.IsPrefix(step.Committed, voter.Durable))
            {
                return Text($"certificate: replica {voter.Replica} is named for {logs.Describe(step.Committed)} ")
                    + Text($"and holds {logs.Describe(voter.Durable)} on its medium");
            }
        }

        return null;
    }

    /// <summary>A leader holds every entry that was committed in a term up to its own.</summary>
    private string? CheckLeaders(GlobalState state)
    {
        ReadOnlySpan<LogItem> committed = logs[state.Committed];
        foreach (int number in state.Locals)
        {
            LocalState local = locals[number];
            ReadOnlySpan<LogItem> log = logs[local.Memory];
            for (int i = 0; local.Role == Role.Leader && i < committed.Length; i++)
            {
                bool isDue = state.CommitTermOf(i + 1) <= local.Term;
                if (isDue && (i >= log.Length || log[i] != committed[i]))
                {
                    return Text($"leader completeness: {committed[i]} at {i + 1} is committed, ")
                        + Text($"replica {local.Replica} leads term {local.Term} with {logs.Describe(local.Memory)}");
                }
            }
        }

        return null;
    }

    /// <summary>S0-12: no reachable state loses an entry for which a commit certificate exists.</summary>
    private string? CheckMedia(GlobalState state)
    {
        int holders = 0;
        foreach (int number in state.Locals)
        {
            holders += logs.IsPrefix(state.Committed, locals[number].Durable) ? 1 : 0;
        }

        return holders >= Majority
            ? null
            : Text($"S0-12: {logs.Describe(state.Committed)} is committed and only {holders} media hold it");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
