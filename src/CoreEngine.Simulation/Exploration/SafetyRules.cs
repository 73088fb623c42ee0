using System;
using System.Globalization;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What no reachable state may break. Stated over logs, media and certificates; nothing of the core's own
/// reasoning is used.</summary>
/// <param name="locals">The replicas' states.</param>
/// <param name="logs">Their logs.</param>
/// <param name="first">The first configuration.</param>
internal sealed class SafetyRules(LocalTable locals, LogTable logs, int first)
{
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

            string? wrong = CheckElectors(local, step) ?? CheckChanges(state, local);
            if (wrong is not null)
            {
                return wrong;
            }
        }

        return step.Proof.IsValid ? Commit(state, place, step) : null;
    }

    /// <summary>Judges a state as it stands.</summary>
    /// <returns>What is wrong; null when nothing.</returns>
    internal string? Check(GlobalState state)
    {
        for (int i = 0; i < state.Locals.Length; i++)
        {
            LocalState one = locals[state.Locals[i]];
            for (int j = i + 1; j < state.Locals.Length; j++)
            {
                LocalState other = locals[state.Locals[j]];
                if (one.Memory != other.Memory && !logs.Match(one.Memory, other.Memory))
                {
                    return Text($"log matching: replica {one.Replica} holds {logs.Describe(one.Memory)}, ")
                        + Text($"replica {other.Replica} {logs.Describe(other.Memory)}");
                }
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
            state.CommitConfiguration =
                local.Role == Role.Leader ? step.Deciders.Configuration : state.CommitConfiguration;
        }

        return null;
    }

    /// <summary>Whoever leads was granted by a majority of the newest configuration in its log, of both halves while
    /// that is joint.</summary>
    private string? CheckElectors(LocalState leader, LocalStep step)
    {
        Decision electors = step.Electors;
        if (electors == default)
        {
            return null;
        }

        // The leader's own anchor is the last entry.
        (int newest, _) = logs.ConfigurationIn(leader.Memory, logs[leader.Memory].Length - 1);
        newest = newest == 0 ? first : newest;
        return electors.Configuration == newest && ConfigurationCode.Decides(newest, electors.Replicas)
            ? null
            : Text($"election: replica {leader.Replica} leads term {leader.Term} by the votes {electors.Replicas:b} ")
                + Text($"counted in {ConfigurationCode.Describe(electors.Configuration)}, its log is ")
                + logs.Describe(leader.Memory);
    }

    /// <summary>A leader that brings a configuration has seen the one before it committed (Raft thesis, 4.1).</summary>
    private string? CheckChanges(GlobalState state, LocalState leader)
    {
        int committed = logs[state.Committed].Length;
        ReadOnlySpan<LogItem> log = logs[leader.Memory];
        int open = 0;
        for (int i = committed; i < log.Length; i++)
        {
            if (log[i].IsConfiguration && log[i].Term == leader.Term && open > 0)
            {
                return Text($"one change at a time: replica {leader.Replica} leads with {logs.Describe(leader.Memory)}")
                    + Text($", committed is {logs.Describe(state.Committed)}");
            }

            open += log[i].IsConfiguration ? 1 : 0;
        }

        return null;
    }

    /// <summary>A certificate's voters must hold what it proves, on their media, at this very moment.</summary>
    private string? CheckProof(GlobalState state, int place, LocalStep step)
    {
        Decision deciders = step.Deciders;
        (int newest, int epoch) = logs.ConfigurationIn(step.Committed);
        newest = newest == 0 ? first : newest;
        int later = logs.ConfigurationIn(locals[step.Next].Memory).Index;
        bool isInEffect = epoch == (deciders.Epoch == Configuration.FirstEpoch ? 0 : (int)deciders.Epoch)
            ? deciders.Configuration == newest
            : deciders.Epoch == (ulong)later;
        if (!isInEffect || !ConfigurationCode.Decides(deciders.Configuration, deciders.Replicas))
        {
            return Text($"certificate: the voters {deciders.Replicas:b} are no quorum of ")
                + Text($"{ConfigurationCode.Describe(deciders.Configuration)} for {logs.Describe(step.Committed)}");
        }

        for (int i = 0; i < state.Locals.Length; i++)
        {
            LocalState voter = locals[i == place ? step.Next : state.Locals[i]];
            bool isNamed = ((deciders.Replicas >> i) & 1) != 0;
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
        ulong holders = 0;
        for (int i = 0; i < state.Locals.Length; i++)
        {
            holders |= logs.IsPrefix(state.Committed, locals[state.Locals[i]].Durable) ? 1UL << i : 0;
        }

        return ConfigurationCode.Decides(state.CommitConfiguration, holders)
            ? null
            : Text($"S0-12: {logs.Describe(state.Committed)} is committed and only the media {holders:b} hold it");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
