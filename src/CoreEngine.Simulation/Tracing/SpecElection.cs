using System;
using System.Globalization;

namespace CoreEngine.Simulation.Tracing;

/// <summary>Terms, votes and leaders (Raft paper, 5.2 and 5.4.1).</summary>
internal static class SpecElection
{
    internal static (string, string)? Follow(SpecReplica replica, ProtocolEvent e)
    {
        if (e.Role != EventNames.Follower)
        {
            return ("role", e.Role);
        }

        return e.Term == replica.Term
            ? Vote(replica, e)
            : e.Vote == 0 ? null : JudgeVote(replica, e);
    }

    internal static (string, string)? Stand(SpecReplica replica, ProtocolEvent e)
    {
        if (replica.Role == EventNames.Leader || e.Role != EventNames.Candidate)
        {
            return ("role", Text($"{e.Role} after {replica.Role}"));
        }

        replica.Candidacies[e.Term] = ((ulong)replica.Log.Count, replica.LastTerm);
        return e.Term == replica.Term + 1 && e.Vote == e.Replica
            ? null
            : ("candidate", Text($"term {e.Term} after {replica.Term}, vote {e.Vote}"));
    }

    internal static (string, string)? Lead(SpecGroup group, SpecReplica replica, ProtocolEvent e)
    {
        if (replica.Role != EventNames.Candidate || e.Role != EventNames.Leader)
        {
            return ("role", Text($"{e.Role} after {replica.Role}"));
        }

        bool votedForItself = replica.Durable.Contains((e.Term, e.Replica));
        int grants = replica.Grants.Count + (votedForItself && !replica.Grants.Contains(e.Replica) ? 1 : 0);
        if (grants <= e.Conf.Count / 2)
        {
            return ("quorum-of-votes", Text($"{grants} of {e.Conf.Count} votes in term {e.Term}"));
        }

        if (!group.Leaders.TryAdd(e.Term, e.Replica) && group.Leaders[e.Term] != e.Replica)
        {
            return ("election-safety", Text($"replica {group.Leaders[e.Term]} led term {e.Term}"));
        }

        for (int i = 0; i < group.Committed.Count; i++)
        {
            (ulong term, ulong commitTerm) = group.Committed[i];
            if (commitTerm < e.Term && (i >= replica.Log.Count || replica.Log[i] != term))
            {
                return ("leader-completeness", Text($"entry {i + 1} of term {term} is committed and not in its log"));
            }
        }

        group.LeaderLogs[e.Term] = [.. replica.Log];
        return null;
    }

    /// <summary>In one term the vote goes from nobody to somebody, once.</summary>
    internal static (string, string)? Vote(SpecReplica replica, ProtocolEvent e)
    {
        if (e.Vote == replica.Vote)
        {
            return null;
        }

        return replica.Vote == 0
            ? JudgeVote(replica, e)
            : ("vote-once", Text($"vote {e.Vote} after {replica.Vote} in term {e.Term}"));
    }

    internal static (string, string)? SendRequest(SpecReplica replica, TracedMessage message)
    {
        if (!replica.Durable.Contains((message.Term, message.From)))
        {
            return ("persisted-first", Text($"asks for votes in term {message.Term}, its own is not durable"));
        }

        // After a restart nothing of an earlier candidacy is sent.
        bool isAsStood = replica.Candidacies.TryGetValue(message.Term, out (ulong Index, ulong Term) end)
            && end == (message.Index, message.LogTerm);
        return isAsStood ? null : ("candidate", Text($"asks with a log to {message.Index} of term {message.LogTerm}"));
    }

    internal static (string, string)? SendReply(SpecReplica replica, TracedMessage message)
    {
        if (message.Reject)
        {
            return null;
        }

        if (!replica.Durable.Contains((message.Term, message.To)))
        {
            return ("persisted-first", Text($"grants {message.To} term {message.Term}, which is not durable"));
        }

        replica.Granted.TryAdd(message.Term, message.To);
        return replica.Granted[message.Term] == message.To
            ? null
            : ("vote-once", Text($"grants {message.To} term {message.Term} after {replica.Granted[message.Term]}"));
    }

    private static (string, string)? JudgeVote(SpecReplica replica, ProtocolEvent e)
    {
        bool isAsked = replica.Receiving is { Name: EventNames.ReceiveVote, Message: { } request }
            && request.From == e.Vote && request.Term == e.Term;
        if (!isAsked)
        {
            return ("vote-asked", Text($"votes for {e.Vote} in term {e.Term}, who did not ask"));
        }

        TracedMessage asked = replica.Receiving!.Message!;
        bool isBehind = asked.LogTerm != replica.LastTerm
            ? asked.LogTerm < replica.LastTerm
            : asked.Index < (ulong)replica.Log.Count;
        return isBehind
            ? ("up-to-date", Text($"votes for {e.Vote}, whose log ends at {asked.Index} of term {asked.LogTerm}"))
            : null;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
