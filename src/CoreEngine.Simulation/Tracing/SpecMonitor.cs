using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CoreEngine.Simulation.Tracing;

/// <summary>
/// Raft's allowed steps, told again from the paper and the thesis, over traces alone: reads a protocol trace and
/// refuses the first step that is not allowed. Uses nothing of the core.
/// </summary>
/// <remarks>
/// Not judged, because the trace does not hold it: timeouts, pre-votes, reads, the bytes of commands. A term that is
/// adopted needs no message as its cause, for an answer to a pre-vote may bring it.
/// </remarks>
internal sealed class SpecMonitor
{
    private readonly Dictionary<uint, SpecReplica> _replicas = [];
    private readonly SpecGroup _group = new();

    /// <summary>Lines read.</summary>
    internal long Lines { get; private set; }

    /// <summary>The first step that is not allowed; null while there is none.</summary>
    internal SpecViolation? Violation { get; private set; }

    /// <summary>Terms that were led, and entries that were committed.</summary>
    internal int TermsLed => _group.Leaders.Count;

    internal int Committed => _group.Committed.Count;

    /// <summary>Reads a line.</summary>
    /// <returns>False once something was not allowed.</returns>
    internal bool Read(string line)
    {
        if (Violation is not null)
        {
            return false;
        }

        if (!ProtocolTraceReader.TryRead(line, out ProtocolEvent traced, out string reason))
        {
            Lines++;
            Violation = new SpecViolation(Lines, "format", reason);
            return false;
        }

        return Read(traced);
    }

    /// <summary>Takes an event.</summary>
    /// <returns>False once something was not allowed.</returns>
    internal bool Read(ProtocolEvent traced)
    {
        if (Violation is null)
        {
            Lines++;
            (string Rule, string Text)? found = Judge(traced);
            Violation = found is { } wrong
                ? new SpecViolation(Lines, wrong.Rule, $"{traced.Name} at replica {traced.Replica}: {wrong.Text}")
                : null;
        }

        return Violation is null;
    }

    private (string Rule, string Text)? Judge(ProtocolEvent e)
    {
        if (!e.Conf.Contains(e.Replica))
        {
            return ("format", "the replica is no voter");
        }

        if (e.Name == EventNames.InitState)
        {
            return Start(e);
        }

        if (!_replicas.TryGetValue(e.Replica, out SpecReplica? replica))
        {
            return ("format", "before its InitState");
        }

        return JudgeShape(replica, e)
            ?? JudgeRole(replica, e)
            ?? SpecDurability.Judge(replica, e)
            ?? JudgeStep(replica, e)
            ?? Settle(replica, e);
    }

    /// <summary>What an event may not have changed is as it was.</summary>
    private static (string, string)? JudgeShape(SpecReplica replica, ProtocolEvent e)
    {
        if (e.Term < replica.Term)
        {
            return ("term-rises", Text($"term {e.Term} after {replica.Term}"));
        }

        bool mayEnterTerm = e.Name is EventNames.BecomeFollower or EventNames.BecomeCandidate;
        if (!mayEnterTerm && e.Term != replica.Term)
        {
            return ("term-rises", Text($"a new term {e.Term} without a step that enters it"));
        }

        bool mayVote = mayEnterTerm || e.Name == EventNames.Ready;
        if (!mayVote && e.Vote != replica.Vote)
        {
            return ("vote-once", Text($"vote {e.Vote} after {replica.Vote} in term {e.Term}"));
        }

        if (e.Name != EventNames.Commit && e.Commit != replica.Commit)
        {
            return ("commit-rises", Text($"commit {e.Commit} after {replica.Commit}"));
        }

        bool mayWrite = e.Name is EventNames.Ready or EventNames.Replicate;
        if (!mayWrite && e.Log != (ulong)replica.Log.Count)
        {
            return ("log", Text($"{e.Log} entries after {replica.Log.Count}"));
        }

        return null;
    }

    private static (string, string)? JudgeRole(SpecReplica replica, ProtocolEvent e)
    {
        bool mayBecome = e.Name
            is EventNames.BecomeFollower or EventNames.BecomeCandidate or EventNames.BecomeLeader;
        bool isQuiet = e.Role == replica.Role
            || (replica.Role != EventNames.Leader && e.Role == EventNames.PreCandidate);
        return mayBecome || isQuiet ? null : ("role", Text($"{e.Role} after {replica.Role}"));
    }

    private (string, string)? JudgeStep(SpecReplica replica, ProtocolEvent e) => e.Name switch
    {
        EventNames.BecomeFollower => SpecElection.Follow(replica, e),
        EventNames.BecomeCandidate => SpecElection.Stand(replica, e),
        EventNames.BecomeLeader => SpecElection.Lead(_group, replica, e),
        EventNames.Ready => SpecElection.Vote(replica, e) ?? SpecReplication.Take(replica, e),
        EventNames.Replicate => SpecReplication.Append(_group, replica, e),
        EventNames.Commit => SpecReplication.Commit(_group, replica, e),
        EventNames.Persisted => null,
        _ => JudgeMessage(replica, e),
    };

    private (string, string)? JudgeMessage(SpecReplica replica, ProtocolEvent e)
    {
        if (e.Message is not { } message || !IsKnown(e.Name))
        {
            return ("format", "no such event");
        }

        (TracedMessage, ulong) key = (message, HashOf(e.Terms));
        if (EventNames.IsReceive(e.Name))
        {
            return message.To != e.Replica
                ? ("format", "a message for another replica")
                : _group.Sent.Contains(key)
                    ? Receive(replica, e, message)
                    : ("sent-first", "received what nobody has sent");
        }

        _group.Sent.Add(key);
        if (message.From != e.Replica)
        {
            return ("format", "sent in another's name");
        }

        return SpecDurability.Send(replica, message) ?? (e.Name switch
        {
            EventNames.SendVote => SpecElection.SendRequest(replica, message),
            EventNames.SendVoteReply => SpecElection.SendReply(replica, message),
            EventNames.SendAppend => SpecReplication.Send(_group, replica, e),
            _ => SpecReplication.SendReply(_group, replica, message),
        });
    }

    private static (string, string)? Receive(SpecReplica replica, ProtocolEvent e, TracedMessage message)
    {
        bool isCurrent = message.Term == replica.Term;
        if (isCurrent && !message.Reject && e.Name == EventNames.ReceiveVoteReply)
        {
            replica.Grants.Add(message.From);
        }

        if (isCurrent && e.Name == EventNames.ReceiveAppendReply)
        {
            ulong known = replica.Acknowledged.GetValueOrDefault(message.From);
            replica.Acknowledged[message.From] = ulong.Max(known, message.Durable);
        }

        return null;
    }

    /// <summary>A replica starts: with what its medium holds, or for the first time.</summary>
    private (string, string)? Start(ProtocolEvent e)
    {
        bool isKnown = _replicas.TryGetValue(e.Replica, out SpecReplica? replica);
        if (!isKnown || replica!.Incarnation != e.Incarnation)
        {
            _replicas[e.Replica] = replica = new SpecReplica { Incarnation = e.Incarnation };
        }
        else if (SpecDurability.Recover(replica, e) is { } violation)
        {
            return violation;
        }

        replica.Log.Clear();
        replica.Log.AddRange(e.Terms);
        replica.Grants.Clear();
        replica.Acknowledged.Clear();
        replica.EnterTerm(e.Term, e.Vote);
        replica.Durable.Add((e.Term, e.Vote));
        return e.Log != (ulong)e.Terms.Count || e.Commit != 0 || e.Role != EventNames.Follower
            ? ("recovery", "a replica starts as a follower that knows nothing committed")
            : Settle(replica, e);
    }

    /// <summary>The event is allowed: what it says holds now.</summary>
    private static (string, string)? Settle(SpecReplica replica, ProtocolEvent e)
    {
        replica.EnterTerm(e.Term, e.Vote);
        replica.Commit = e.Commit;
        replica.Role = e.Role;
        replica.DurableTerm = e.DurableTerm;
        replica.DurableVote = e.DurableVote;
        replica.DurableIndex = e.DurableIndex;
        if (EventNames.IsReceive(e.Name))
        {
            replica.Receiving = e;
        }
        else if (EventNames.IsSend(e.Name) || e.Name is EventNames.Persisted or EventNames.InitState)
        {
            replica.Receiving = null;
        }

        return null;
    }

    private static bool IsKnown(string name) => name
        is EventNames.SendVote or EventNames.ReceiveVote or EventNames.SendVoteReply or EventNames.ReceiveVoteReply
        or EventNames.SendAppend or EventNames.ReceiveAppend
        or EventNames.SendAppendReply or EventNames.ReceiveAppendReply;

    private static ulong HashOf(IReadOnlyList<ulong> terms)
    {
        ulong hash = (ulong)terms.Count;
        foreach (ulong term in terms)
        {
            hash = unchecked((hash ^ term) * 0x9E3779B97F4A7C15);
            hash ^= hash >> 29;
        }

        return hash;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
