using System;
using System.Collections.Generic;
using System.Globalization;

namespace CoreEngine.Simulation.Tracing;

/// <summary>Entries and commits (Raft paper, 5.3 and 5.4.2).</summary>
internal static class SpecReplication
{
    /// <summary>A leader only appends, and only in its own term.</summary>
    internal static (string, string)? Append(SpecGroup group, SpecReplica replica, ProtocolEvent e)
    {
        bool isNext = e.Log == (ulong)replica.Log.Count + 1 && e.Terms.Count == 1 && e.Terms[0] == e.Term;
        if (replica.Role != EventNames.Leader || !isNext)
        {
            return ("leader-appends", Text($"{replica.Role} appends entry {e.Log} after {replica.Log.Count}"));
        }

        replica.Log.Add(e.Term);
        group.LeaderLogs[e.Term].Add(e.Term);
        return null;
    }

    /// <summary>A follower's log after a leader's message: the first entries of the message, the conflict
    /// gone.</summary>
    internal static (string, string)? Take(SpecReplica replica, ProtocolEvent e)
    {
        ulong before = (ulong)replica.Log.Count;
        if (replica.Receiving is not { Name: EventNames.ReceiveAppend, Message: { } message } cause)
        {
            return e.Log == before ? null : ("log", "changed without a leader's message");
        }

        bool fits = replica.TryTermAt(message.Index, out ulong term) && term == message.LogTerm;
        if (message.Term != e.Term || !fits)
        {
            return e.Log == before ? null : ("log-matching", Text($"takes entries after {message.Index}, no match"));
        }

        ulong kept = Conflict(replica, message.Index, cause.Terms);
        if (kept < before && kept < replica.Commit)
        {
            return ("committed-stays", Text($"takes back entry {kept + 1} of {replica.Commit} committed"));
        }

        if (kept < before)
        {
            replica.Log.RemoveRange((int)kept, (int)(before - kept));
        }

        // Memory may be full: then the rest is left, never the middle.
        while ((ulong)replica.Log.Count < e.Log
            && (ulong)replica.Log.Count < message.Index + (ulong)cause.Terms.Count)
        {
            replica.Log.Add(cause.Terms[replica.Log.Count - (int)message.Index]);
        }

        return (ulong)replica.Log.Count == e.Log
            ? null
            : ("log", Text($"{e.Log} entries, the message makes {replica.Log.Count}"));
    }

    internal static (string, string)? Commit(SpecGroup group, SpecReplica replica, ProtocolEvent e)
    {
        if (e.Commit <= replica.Commit || e.Commit > e.Log)
        {
            return ("commit-rises", Text($"commit {e.Commit} after {replica.Commit}, of {e.Log} entries"));
        }

        bool leads = replica.Role == EventNames.Leader;
        (string, string)? violation = leads ? JudgeQuorum(replica, e) : JudgeFollower(replica, e);
        for (int i = (int)replica.Commit; violation is null && i < (int)e.Commit; i++)
        {
            violation = Agree(group, replica, i, leads);
        }

        return violation;
    }

    internal static (string, string)? Send(SpecGroup group, SpecReplica replica, ProtocolEvent e)
    {
        TracedMessage message = e.Message!;
        if (group.Leaders.GetValueOrDefault(message.Term) != message.From)
        {
            return ("leader-sends", Text($"term {message.Term} is not its own"));
        }

        List<ulong> log = group.LeaderLogs[message.Term];
        bool isOurs = message.Entries == e.Terms.Count && message.Index + (ulong)e.Terms.Count <= (ulong)log.Count
            && message.LogTerm == (message.Index == 0 ? 0 : log[(int)message.Index - 1]);
        for (int i = 0; isOurs && i < e.Terms.Count; i++)
        {
            isOurs = log[(int)message.Index + i] == e.Terms[i];
        }

        if (!isOurs)
        {
            return ("leader-sends", Text($"{message.Entries} entries after {message.Index} are not of its log"));
        }

        return message.Commit <= replica.Commit
            ? null
            : ("leader-sends", Text($"says {message.Commit} is committed, knows {replica.Commit}"));
    }

    internal static (string, string)? SendReply(SpecGroup group, SpecReplica replica, TracedMessage message)
    {
        // An answer that waited for the disk may leave in a later term: then nobody counts it.
        if (message.Durable == 0 || message.Term != replica.Term)
        {
            return null;
        }

        if (message.Durable > replica.DurableIndex)
        {
            return ("persisted-first", Text($"acknowledges {message.Durable}, durable to {replica.DurableIndex}"));
        }

        bool isLeaders = group.LeaderLogs.TryGetValue(message.Term, out List<ulong>? log)
            && message.Durable <= (ulong)log.Count
            && log[(int)message.Durable - 1] == replica.Log[(int)message.Durable - 1];
        return isLeaders ? null : ("log-matching", Text($"acknowledges {message.Durable}, which is not the leader's"));
    }

    private static ulong Conflict(SpecReplica replica, ulong index, IReadOnlyList<ulong> terms)
    {
        foreach (ulong term in terms)
        {
            if (!replica.TryTermAt(index + 1, out ulong held) || held != term)
            {
                return index < (ulong)replica.Log.Count ? index : (ulong)replica.Log.Count;
            }

            index++;
        }

        return (ulong)replica.Log.Count;
    }

    private static (string, string)? JudgeQuorum(SpecReplica replica, ProtocolEvent e)
    {
        // Figure 8: an entry of an older term is committed by one of the own term, never by being counted.
        if (replica.Log[(int)e.Commit - 1] != e.Term)
        {
            return ("commit-own-term", Text($"entry {e.Commit} is of term {replica.Log[(int)e.Commit - 1]}"));
        }

        int holders = replica.DurableIndex >= e.Commit ? 1 : 0;
        foreach ((uint follower, ulong index) in replica.Acknowledged)
        {
            holders += follower != e.Replica && index >= e.Commit ? 1 : 0;
        }

        return holders > e.Conf.Count / 2
            ? null
            : ("quorum-of-acknowledgements", Text($"{holders} of {e.Conf.Count} hold entry {e.Commit}"));
    }

    private static (string, string)? JudgeFollower(SpecReplica replica, ProtocolEvent e)
    {
        bool isTold = replica.Receiving is { Name: EventNames.ReceiveAppend, Message: { } message }
            && message.Term == e.Term && message.Commit >= e.Commit;
        return isTold ? null : ("commit-told", Text($"commit {e.Commit} that no leader's message said"));
    }

    private static (string, string)? Agree(SpecGroup group, SpecReplica replica, int i, bool leads)
    {
        if (i < group.Committed.Count)
        {
            return group.Committed[i].Term == replica.Log[i]
                ? null
                : ("state-machine-safety", Text(
                    $"entry {i + 1} is of term {replica.Log[i]}, {group.Committed[i].Term} was committed"));
        }

        if (!leads)
        {
            return ("commit-told", Text($"entry {i + 1} is committed before a leader committed it"));
        }

        group.Committed.Add((replica.Log[i], replica.Term));
        return null;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
