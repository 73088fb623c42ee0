using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Tracing;

namespace CoreEngine.Simulation.Tests.Tracing;

/// <summary>Edits of a good trace, each of which makes one step that Raft forbids.</summary>
internal static class SpecEdits
{
    /// <summary>Applies an edit.</summary>
    /// <returns>The place of the line that must be refused, from 0.</returns>
    internal static int Apply(string edit, List<ProtocolEvent> events) => edit switch
    {
        "term-rises" => Change(events, IsSecondTermStep, static e => e with { Term = e.Term - 1 }),
        "vote-once" => VoteTwice(events),
        "vote-asked" => Change(events, IsVote, static e => e with { Vote = (e.Vote % 3) + 1 }),
        "persisted-first: vote" => Unwrite(events, IsGrant),
        "persisted-first: acknowledgement" => Change(
            events, IsAcknowledgement, static e => WithMessage(e, m => m with { Durable = m.Durable + 1 })),
        "persisted: term" => Change(
            events, static e => e.Name == EventNames.Persisted && e.Term > 0, static e => e with { DurableVote = 9 }),
        "persisted: index" => Change(
            events, static e => e.Name == EventNames.Commit, static e => e with { DurableIndex = e.DurableIndex + 1 }),
        "quorum-of-votes" => Remove(events, static e => e.Name == EventNames.ReceiveVoteReply && !e.Message!.Reject,
            EventNames.BecomeLeader),
        "election-safety" => LeadTwice(events),
        "leader-appends" => Change(events, IsSecondReplicate, static e => e with { Terms = [e.Term - 1] }),
        "leader-sends" => Change(events, IsAppendWithEntries,
            static e => WithMessage(e, static m => m with { LogTerm = m.LogTerm + 7 })),
        "sent-first" => Remove(events, static e => e.Name == EventNames.SendVote, EventNames.ReceiveVote),
        "log" => Change(events, static e => e.Name == EventNames.Ready && e.Log > 1,
            static e => e with { Log = e.Log + 1 }),
        "commit-rises" => Change(
            events, static e => e.Name == EventNames.Commit, static e => e with { Commit = e.Log + 1 }),
        "quorum-of-acknowledgements" => CommitAlone(events),
        "commit-told" => Change(events, IsToldLess, static e => e with { Commit = e.Commit + 1 }),
        "recovery" => Change(events, IsRecovery, static e => e with { Log = 0, Terms = [] }),
        "role" => Change(events, static e => e.Name == EventNames.BecomeCandidate,
            static e => e with { Role = EventNames.Leader }),
        _ => throw new ArgumentException($"no such edit: {edit}", nameof(edit)),
    };

    /// <summary>True when the rarer steps that edits need are there, among three replicas.</summary>
    internal static bool HasAllSteps(ProtocolEvent[] events) =>
        events[0].Conf.Count == 3
        && Array.Exists(events, IsSecondTermStep)
        && Array.Exists(events, IsRecovery)
        && Array.Exists(events, IsVote)
        && Array.Exists(events, IsAcknowledgement)
        && Array.Exists(events, IsAppendWithEntries)
        && Array.Exists(events, IsToldLess)
        && Array.Exists(events, static e => e.Name == EventNames.Ready && e.Log > 1);

    private static bool IsToldLess(ProtocolEvent e) =>
        e.Name == EventNames.Commit && e.Role != EventNames.Leader && e.Commit < e.Log;

    private static bool IsSecondTermStep(ProtocolEvent e) => e.Name == EventNames.Persisted && e.Term > 1;

    private static bool IsVote(ProtocolEvent e) =>
        e.Name is EventNames.BecomeFollower or EventNames.Ready && e.Vote != 0 && e.Vote != e.Replica && e.Log == 0;

    private static bool IsGrant(ProtocolEvent e) => e.Name == EventNames.SendVoteReply && !e.Message!.Reject;

    private static bool IsAcknowledgement(ProtocolEvent e) =>
        e.Name == EventNames.SendAppendReply && e.Message!.Durable > 0 && e.Message.Durable == e.DurableIndex
        && e.Message.Term == e.Term;

    private static bool IsSecondReplicate(ProtocolEvent e) => e.Name == EventNames.Replicate && e.Log > 1;

    private static bool IsAppendWithEntries(ProtocolEvent e) =>
        e.Name == EventNames.SendAppend && e.Message!.Entries > 0 && e.Message.Index > 0;

    private static bool IsRecovery(ProtocolEvent e) => e.Name == EventNames.InitState && e.DurableIndex > 1;

    private static ProtocolEvent WithMessage(ProtocolEvent e, Func<TracedMessage, TracedMessage> change) =>
        e with { Message = change(e.Message!) };

    private static int Change(
        List<ProtocolEvent> events,
        Predicate<ProtocolEvent> which,
        Func<ProtocolEvent, ProtocolEvent> change)
    {
        int place = Find(events, which);
        events[place] = change(events[place]);
        return place;
    }

    /// <summary>Removes every event of a kind; the first that needed one is refused.</summary>
    private static int Remove(List<ProtocolEvent> events, Predicate<ProtocolEvent> which, string refused)
    {
        events.RemoveAll(which);
        return Find(events, e => e.Name == refused);
    }

    /// <summary>The grant's own write was never told.</summary>
    private static int Unwrite(List<ProtocolEvent> events, Predicate<ProtocolEvent> which)
    {
        int place = Find(events, which);
        ProtocolEvent grant = events[place];
        for (int i = 0; i < place; i++)
        {
            ProtocolEvent e = events[i];
            if (e.Replica == grant.Replica)
            {
                events[i] = e with { DurableTerm = 0, DurableVote = 0 };
            }
        }

        events[place] = grant with { DurableTerm = 0, DurableVote = 0 };
        return place;
    }

    /// <summary>A replica that has granted its vote grants it again, to another one.</summary>
    private static int VoteTwice(List<ProtocolEvent> events)
    {
        int place = Find(events, static e => e.Name == EventNames.Persisted && e.Vote != 0 && e.Vote != e.Replica);
        events[place] = events[place] with { Vote = events[place].Replica };
        return place;
    }

    /// <summary>Told as briefly as can be: three starts, a voter that says yes to two, and both win.</summary>
    private static int LeadTwice(List<ProtocolEvent> events)
    {
        const uint one = 1;
        const uint two = 2;
        const uint voter = 3;
        List<ProtocolEvent> all = events.GetRange(0, 3);
        ProtocolEvent init = all.Find(static e => e.Replica == one)!;
        ProtocolEvent stand = init with
        {
            Name = EventNames.BecomeCandidate,
            Role = EventNames.Candidate,
            Term = 1,
            Vote = one,
            Terms = [],
            Incarnation = 0,
        };
        ProtocolEvent written = stand with { Name = EventNames.Persisted, DurableTerm = 1, DurableVote = one };
        var granted = new TracedMessage("MsgVoteResp", 1, voter, one, 0, 0, 0, 0, false, 0, 0);
        List<ProtocolEvent> wins =
        [
            stand,
            written,
            written with { Name = EventNames.ReceiveVoteReply, Message = granted },
            written with { Name = EventNames.BecomeLeader, Role = EventNames.Leader },
        ];
        all.AddRange(Forged(init with { Replica = voter }, one, two));
        all.AddRange(wins);
        all.AddRange(wins.ConvertAll(static e => Rename(e, one, two)));
        events.Clear();
        events.AddRange(all);
        return events.Count - 1;
    }

    /// <summary>A voter that says yes to two, each time as its medium says.</summary>
    private static IEnumerable<ProtocolEvent> Forged(ProtocolEvent init, uint one, uint two)
    {
        foreach (uint candidate in new[] { one, two })
        {
            // The voter starts anew under another incarnation in between, so that only the leaders contradict.
            ProtocolEvent start = init with
            {
                Incarnation = candidate + 100,
                Term = 1,
                Vote = candidate,
                DurableTerm = 1,
                DurableVote = candidate,
            };
            yield return start;
            yield return start with
            {
                Name = EventNames.SendVoteReply,
                Incarnation = 0,
                Message = new TracedMessage("MsgVoteResp", 1, init.Replica, candidate, 0, 0, 0, 0, false, 0, 0),
            };
        }
    }

    private static ProtocolEvent Rename(ProtocolEvent e, uint from, uint to) => e with
    {
        Replica = to,
        Vote = e.Vote == from ? to : e.Vote,
        DurableVote = e.DurableVote == from ? to : e.DurableVote,
        Message = e.Message is { } message ? message with { To = to } : null,
    };

    /// <summary>A leader commits without the acknowledgements that it had.</summary>
    private static int CommitAlone(List<ProtocolEvent> events)
    {
        int commit = Find(events, static e => e.Name == EventNames.Commit && e.Role == EventNames.Leader);
        uint leader = events[commit].Replica;
        int removed = 0;
        for (int i = commit - 1; i >= 0; i--)
        {
            if (events[i].Replica == leader && events[i].Name == EventNames.ReceiveAppendReply)
            {
                events.RemoveAt(i);
                removed++;
            }
        }

        return commit - removed;
    }

    private static int Find(List<ProtocolEvent> events, Predicate<ProtocolEvent> which)
    {
        int place = events.FindIndex(which);
        return place >= 0 ? place : throw new InvalidOperationException("the recorded trace has no such step");
    }
}
