using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Time;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Sessions;

/// <summary>An entry as the table sees it.</summary>
/// <param name="Index">Where it stands.</param>
/// <param name="Term">Of which term.</param>
/// <param name="Stamp">The leader's clock.</param>
/// <param name="Identity">Its session, key or control.</param>
/// <param name="Checksum">CRC-32C of its command.</param>
internal readonly record struct SessionEntry(
    ulong Index, ulong Term, ulong Stamp, EntryIdentity Identity, uint Checksum);

/// <summary>
/// The client sessions of a group: replicated state beside the host's machine, moved by committed entries alone (Raft
/// thesis, 6.3). Whatever arrives twice under one sequence or key takes effect once.
/// </summary>
/// <remarks>
/// <para>The same entries in the same order give the same table, byte for byte, on every replica. No clock: a session
/// expires by an entry, and the stamps of the log decide.</para>
/// <para>Entries of a batch are first all judged (<see cref="Take"/>) and, after the machine took in the fresh ones,
/// all answered (<see cref="Answer"/>), each time in the order of the log. What is judged does not depend on the
/// answers, and a control ends the batch, so it does not matter how the log is cut into batches.</para>
/// <para>One thread at a time.</para>
/// </remarks>
internal sealed class SessionTable
{
    private readonly Dictionary<ulong, ClientSession> _sessions = [];
    private readonly List<ClientSession> _ordered = [];
    private ulong _digest;

    /// <summary>Sessions that are open.</summary>
    internal int Count => _ordered.Count;

    internal IdempotencyKeys Keys { get; } = new();

    /// <summary>A digest of the whole table; equal tables have equal digests.</summary>
    internal ulong Digest => unchecked(_digest + Keys.Digest + StateHash.Of(Keys.Replies.Tail, 0, 0, 0, 0));

    /// <summary>By number, rising.</summary>
    internal ClientSession this[int place] => _ordered[place];

    /// <summary>Judges the next entry that carries an identity, in the order of the log.</summary>
    internal SessionDecision Take(in SessionEntry entry) => entry.Identity.Kind switch
    {
        EntryFlags.Session => TakeSequence(entry),
        EntryFlags.SessionControl => TakeControl(entry),
        _ => TakeKey(entry),
    };

    /// <summary>The machine has taken in an entry that was fresh.</summary>
    internal void Answer(in SessionEntry entry, ReadOnlySpan<byte> reply)
    {
        EntryIdentity identity = entry.Identity;
        if (identity.Kind == EntryFlags.Key)
        {
            Keys.Answer(identity.First, identity.Second, entry.Index, reply);
            return;
        }

        if (!_sessions.TryGetValue(identity.Session, out ClientSession? session))
        {
            return;
        }

        Subtract(session);
        ulong position = session.Replies.Add(reply);
        Add(session);
        ref TakenSequence taken = ref session.At(identity.Sequence);
        if (taken.Index == entry.Index)
        {
            _digest = unchecked(_digest - taken.Hash(session.Number));
            taken = taken with
            {
                ReplyLength = reply.Length,
                ReplyPosition = position,
                ReplyChecksum = Crc32C.Compute(reply),
            };
            _digest = unchecked(_digest + taken.Hash(session.Number));
        }
    }

    /// <summary>The reply that is kept for a repeated entry, if it still is.</summary>
    internal bool TryFindReply(in EntryIdentity identity, out ReplyRing ring, out ulong position, out int length)
    {
        TakenSequence taken = default;
        ring = Keys.Replies;
        if (identity.Kind == EntryFlags.Key)
        {
            taken = Keys.TryFind(identity.First, identity.Second, out TakenKey key) ? key.Taken : default;
        }
        else if (_sessions.TryGetValue(identity.Session, out ClientSession? session))
        {
            ring = session.Replies;
            taken = session.At(identity.Sequence);
            taken = taken.Sequence == identity.Sequence ? taken : default;
        }

        position = taken.ReplyPosition;
        length = taken.ReplyLength;
        return taken.Sequence != 0 && !taken.IsVoid && ring.Holds(position);
    }

    /// <summary>From when on, in milliseconds by stamps, the session may expire.</summary>
    internal static ulong IdleAt(ClientSession session) =>
        HybridClock.MillisecondsOf(session.LastStamp) + session.TimeoutMs;

    /// <summary>A session as it was written elsewhere.</summary>
    /// <returns>False when it does not follow the last one.</returns>
    internal bool Restore(ClientSession session)
    {
        if (_ordered.Count > 0 && _ordered[^1].Number >= session.Number)
        {
            return false;
        }

        _sessions.Add(session.Number, session);
        _ordered.Add(session);
        Add(session);
        foreach (ref readonly TakenSequence taken in session.Window)
        {
            _digest = taken.Sequence == 0 ? _digest : unchecked(_digest + taken.Hash(session.Number));
        }

        return true;
    }

    private SessionDecision TakeSequence(in SessionEntry entry)
    {
        EntryIdentity identity = entry.Identity;
        if (!_sessions.TryGetValue(identity.Session, out ClientSession? session))
        {
            return Verdict(SessionVerdict.Expired, entry);
        }

        Subtract(session);
        SessionDecision decision = TakeSequence(session, entry);
        session.LastStamp = ulong.Max(session.LastStamp, entry.Stamp);
        Add(session);
        return decision;
    }

    private SessionDecision TakeSequence(ClientSession session, in SessionEntry entry)
    {
        ulong sequence = entry.Identity.Sequence;
        if (session.IsForgotten(sequence))
        {
            return Verdict(SessionVerdict.TooOld, entry, session);
        }

        TakenSequence taken = session.At(sequence);
        if (taken.Sequence == sequence)
        {
            SessionVerdict known = taken.IsVoid ? SessionVerdict.Voided
                : taken.Checksum != entry.Checksum ? SessionVerdict.Differs
                : SessionVerdict.Repeat;
            return Verdict(known, entry, session) with { Index = taken.Index, Term = taken.Term };
        }

        Replace(session, new TakenSequence(
            sequence, entry.Index, entry.Term, entry.Checksum, 0, ReplyRing.NotKept, 0));
        return Verdict(SessionVerdict.Fresh, entry, session);
    }

    private SessionDecision TakeKey(in SessionEntry entry)
    {
        EntryIdentity identity = entry.Identity;
        ulong nowMs = HybridClock.MillisecondsOf(entry.Stamp);
        Keys.Forget(entry.Index, nowMs);
        SessionDecision fresh = Verdict(SessionVerdict.Fresh, entry) with
        {
            RetentionSeconds = identity.RetentionSeconds,
        };
        if (Keys.TryFind(identity.First, identity.Second, out TakenKey key))
        {
            bool isSame = key.Taken.Checksum == entry.Checksum;
            return fresh with
            {
                Verdict = isSame ? SessionVerdict.Repeat : SessionVerdict.Differs,
                Index = key.Taken.Index,
                Term = key.Taken.Term,
            };
        }

        bool added = Keys.TryAdd(new TakenKey(
            identity.First,
            identity.Second,
            entry.Index + identity.RetentionEntries,
            nowMs + (identity.RetentionSeconds * 1000UL),
            new TakenSequence(1, entry.Index, entry.Term, entry.Checksum, 0, ReplyRing.NotKept, 0)));
        return added ? fresh : fresh with { Verdict = SessionVerdict.Full };
    }

    private SessionDecision TakeControl(in SessionEntry entry)
    {
        EntryIdentity identity = entry.Identity;
        if (identity.Control == SessionControl.Open)
        {
            return Open(entry);
        }

        if (!_sessions.TryGetValue(identity.Session, out ClientSession? session))
        {
            return Verdict(SessionVerdict.Expired, entry);
        }

        switch (identity.Control)
        {
            case SessionControl.KeepAlive:
                Subtract(session);
                session.LastStamp = ulong.Max(session.LastStamp, entry.Stamp);
                Add(session);
                return Verdict(SessionVerdict.Done, entry, session);
            case SessionControl.Close:
                Remove(session);
                return Verdict(SessionVerdict.Done, entry, session);
            case SessionControl.Expire:
                return Expire(session, entry);
            case SessionControl.Settle:
                return Settle(session, entry);
            default:
                return Verdict(SessionVerdict.Senseless, entry, session);
        }
    }

    private SessionDecision Open(in SessionEntry entry)
    {
        ulong timeoutMs = entry.Identity.Second;
        if (timeoutMs is < Limits.SessionTimeoutMsMin or > Limits.SessionTimeoutMsMax)
        {
            return Verdict(SessionVerdict.Senseless, entry);
        }

        if (_ordered.Count >= Limits.SessionsMax)
        {
            return Verdict(SessionVerdict.Full, entry);
        }

        var session = new ClientSession(entry.Index, (uint)timeoutMs) { LastStamp = entry.Stamp };
        Invariant.Holds(_ordered.Count == 0 || _ordered[^1].Number < entry.Index);
        _sessions.Add(session.Number, session);
        _ordered.Add(session);
        Add(session);
        return Verdict(SessionVerdict.Done, entry, session);
    }

    /// <summary>The leader proposes it, the stamps decide: an entry of the session in between keeps it
    /// open.</summary>
    private SessionDecision Expire(ClientSession session, in SessionEntry entry)
    {
        if (HybridClock.MillisecondsOf(entry.Stamp) < IdleAt(session))
        {
            return Verdict(SessionVerdict.Senseless, entry, session);
        }

        Remove(session);
        return Verdict(SessionVerdict.Done, entry, session);
    }

    /// <summary>What was taken is told; what was not is voided, so that a late copy of it finds its place
    /// taken.</summary>
    private SessionDecision Settle(ClientSession session, in SessionEntry entry)
    {
        ulong sequence = entry.Identity.Second;
        Subtract(session);
        session.LastStamp = ulong.Max(session.LastStamp, entry.Stamp);
        SessionDecision decision;
        if (session.IsForgotten(sequence))
        {
            decision = Verdict(SessionVerdict.TooOld, entry, session);
        }
        else if (session.At(sequence) is { } taken && taken.Sequence == sequence)
        {
            SessionVerdict known = taken.IsVoid ? SessionVerdict.Voided : SessionVerdict.Repeat;
            decision = Verdict(known, entry, session) with { Index = taken.Index, Term = taken.Term };
        }
        else
        {
            Replace(session, new TakenSequence(sequence, entry.Index, 0, 0, 0, ReplyRing.NotKept, 0));
            decision = Verdict(SessionVerdict.Voided, entry, session);
        }

        Add(session);
        return decision;
    }

    private void Replace(ClientSession session, in TakenSequence taken)
    {
        // What the window passes over is gone at once: the table holds what its bytes hold, and no more.
        ulong highest = session.Highest;
        for (ulong i = 1; i <= Limits.SessionWindow && highest + i <= taken.Sequence; i++)
        {
            ref TakenSequence passed = ref session.At(highest + i);
            _digest = passed.Sequence == 0 ? _digest : unchecked(_digest - passed.Hash(session.Number));
            passed = default;
        }

        session.Take(taken);
        _digest = unchecked(_digest + taken.Hash(session.Number));
    }

    private void Remove(ClientSession session)
    {
        Subtract(session);
        foreach (ref readonly TakenSequence taken in session.Window)
        {
            _digest = taken.Sequence == 0 ? _digest : unchecked(_digest - taken.Hash(session.Number));
        }

        bool removed = _sessions.Remove(session.Number) && _ordered.Remove(session);
        Invariant.Holds(removed);
    }

    private void Add(ClientSession session) => _digest = unchecked(_digest + session.HeaderHash());

    private void Subtract(ClientSession session) => _digest = unchecked(_digest - session.HeaderHash());

    private static SessionDecision Verdict(
        SessionVerdict verdict, in SessionEntry entry, ClientSession? session = null) => new(
        verdict,
        entry.Index,
        entry.Term,
        session?.Number ?? entry.Identity.Session,
        session?.Highest ?? 0,
        session?.TimeoutMs / 1000 ?? 0);
}
