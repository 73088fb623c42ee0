// Goal: the session table applies each sequence once, forgets in the order of the log, and is the same bytes however
// the log is cut. Method: entries by hand; random streams, cut at random, against a table that takes one entry at a
// time.
using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Sessions;

public sealed class SessionTableTests
{
    private const ulong Window = Limits.SessionWindow;
    private readonly SessionTable _table = new();
    private ulong _index;
    private ulong _ms = 1_000_000;

    [Fact]
    public void A_sequence_is_fresh_once_and_its_reply_is_kept()
    {
        ulong session = Open();
        SessionDecision first = Take(EntryIdentity.OfSession(session, 1), 7, "one");
        SessionDecision again = Take(EntryIdentity.OfSession(session, 1), 7);
        Assert.Equal(SessionVerdict.Fresh, first.Verdict);
        Assert.Equal(SessionVerdict.Repeat, again.Verdict);
        Assert.Equal(first.Index, again.Index);
        Assert.Equal("one", ReplyOf(EntryIdentity.OfSession(session, 1)));
    }

    [Fact]
    public void Another_command_under_a_sequence_is_refused()
    {
        ulong session = Open();
        Take(EntryIdentity.OfSession(session, 1), 7);
        Assert.Equal(SessionVerdict.Differs, Take(EntryIdentity.OfSession(session, 1), 8).Verdict);
    }

    [Theory]
    [InlineData(Window, true)]
    [InlineData(Window + 1, false)]
    public void A_sequence_is_forgotten_a_window_below_the_newest(ulong newest, bool isKnown)
    {
        ulong session = Open();
        Take(EntryIdentity.OfSession(session, 1), 1);
        Take(EntryIdentity.OfSession(session, newest), 2);
        SessionVerdict expected = isKnown ? SessionVerdict.Repeat : SessionVerdict.TooOld;
        Assert.Equal(expected, Take(EntryIdentity.OfSession(session, 1), 1).Verdict);
    }

    [Fact]
    public void Sequences_may_come_out_of_order_and_leave_gaps()
    {
        ulong session = Open();
        Assert.Equal(SessionVerdict.Fresh, Take(EntryIdentity.OfSession(session, 5), 5).Verdict);
        Assert.Equal(SessionVerdict.Fresh, Take(EntryIdentity.OfSession(session, 2), 2).Verdict);
        Assert.Equal(SessionVerdict.Repeat, Take(EntryIdentity.OfSession(session, 5), 5).Verdict);
        Assert.Equal(SessionVerdict.TooOld, Take(EntryIdentity.OfSession(session, 0), 0).Verdict);
    }

    [Fact]
    public void A_settled_sequence_never_takes_effect()
    {
        ulong session = Open();
        Take(EntryIdentity.OfSession(session, 1), 1, "one");
        Assert.Equal(SessionVerdict.Repeat, Control(SessionControl.Settle, session, 1).Verdict);
        Assert.Equal(SessionVerdict.Voided, Control(SessionControl.Settle, session, 2).Verdict);
        Assert.Equal(SessionVerdict.Voided, Take(EntryIdentity.OfSession(session, 2), 2).Verdict);
        Assert.Equal(SessionVerdict.Voided, Control(SessionControl.Settle, session, 2).Verdict);
    }

    [Fact]
    public void A_session_expires_by_the_stamps_of_the_log_alone()
    {
        ulong session = Open(timeoutMs: 5000);
        _ms += 4999;
        Assert.Equal(SessionVerdict.Senseless, Control(SessionControl.Expire, session, 0).Verdict);
        Control(SessionControl.KeepAlive, session, 0);
        _ms += 4999;
        Assert.Equal(SessionVerdict.Senseless, Control(SessionControl.Expire, session, 0).Verdict);
        _ms++;
        Assert.Equal(SessionVerdict.Done, Control(SessionControl.Expire, session, 0).Verdict);
        Assert.Equal(SessionVerdict.Expired, Take(EntryIdentity.OfSession(session, 1), 1).Verdict);
        Assert.Equal(new SessionTable().Digest, _table.Digest);
    }

    [Fact]
    public void A_full_table_refuses_and_a_closed_session_makes_room()
    {
        ulong first = Open();
        for (int i = 1; i < Limits.SessionsMax; i++)
        {
            Open();
        }

        Assert.Equal(SessionVerdict.Full, Control(SessionControl.Open, 0, 1000).Verdict);
        Control(SessionControl.Close, first, 0);
        Assert.Equal(SessionVerdict.Done, Control(SessionControl.Open, 0, 1000).Verdict);
    }

    [Fact]
    public void Replies_beyond_the_bytes_kept_are_gone_and_the_outcome_stays()
    {
        ulong session = Open();
        string large = new('x', (Limits.SessionReplyBytesMax / 2) + 1);
        Take(EntryIdentity.OfSession(session, 1), 1, large);
        Take(EntryIdentity.OfSession(session, 2), 2, large);
        Take(EntryIdentity.OfSession(session, 3), 3, new string('y', Limits.SessionReplyBytesMax + 1));
        Assert.Equal(SessionVerdict.Repeat, Take(EntryIdentity.OfSession(session, 1), 1).Verdict);
        Assert.Null(ReplyOf(EntryIdentity.OfSession(session, 1)));
        Assert.Equal(large, ReplyOf(EntryIdentity.OfSession(session, 2)));
        Assert.Null(ReplyOf(EntryIdentity.OfSession(session, 3)));
    }

    [Fact]
    public void A_key_is_recognised_for_its_seconds_and_its_entries_whichever_is_longer()
    {
        var key = EntryIdentity.OfKey(1, 2, seconds: 10, entries: 3);
        Assert.Equal(SessionVerdict.Fresh, Take(key, 1, "one").Verdict);
        _ms += 9_999;
        Assert.Equal(SessionVerdict.Repeat, Take(key, 1).Verdict);
        Assert.Equal("one", ReplyOf(key));
        _ms += 1;
        Assert.Equal(SessionVerdict.Repeat, Take(key, 1).Verdict);
        Assert.Equal(SessionVerdict.Fresh, Take(key, 1).Verdict);
    }

    [Fact]
    public void Keys_within_their_retention_are_never_evicted()
    {
        for (ulong i = 0; i < Limits.IdempotencyKeysMax; i++)
        {
            Take(EntryIdentity.OfKey(i, i, 60, 0), 1);
        }

        Assert.Equal(SessionVerdict.Full, Take(EntryIdentity.OfKey(0, 1, 60, 0), 1).Verdict);
        Assert.Equal(SessionVerdict.Repeat, Take(EntryIdentity.OfKey(0, 0, 60, 0), 1).Verdict);
        _ms += 60_000;
        Assert.Equal(SessionVerdict.Fresh, Take(EntryIdentity.OfKey(0, 1, 60, 0), 1).Verdict);
        Assert.Equal(1, _table.Keys.Count);
    }

    [Fact]
    public void However_the_log_is_cut_and_wherever_it_is_restored_the_table_is_the_same()
    {
        for (ulong seed = 1; seed <= 60; seed++)
        {
            var chance = new Prng(seed);
            List<SessionEntry> log = RandomLog(chance, 1500);
            var whole = new SessionTable();
            Play(whole, log, int.MaxValue, chance);
            var single = new SessionTable();
            Play(single, log, 1, chance);
            var restored = new SessionTable();
            int half = (int)chance.Between(0, log.Count);
            Play(restored, log[..half], 7, chance);
            Assert.True(SessionTableCodec.TryRead(BytesOf(restored), out restored, out string reason), reason);
            Play(restored, log[half..], 13, chance);

            Assert.True(BytesOf(whole).AsSpan().SequenceEqual(BytesOf(single)), $"seed {seed}: cut");
            Assert.True(BytesOf(whole).AsSpan().SequenceEqual(BytesOf(restored)), $"seed {seed}: restored");
            Assert.Equal(whole.Digest, single.Digest);
            Assert.Equal(whole.Digest, restored.Digest);
        }
    }

    [Fact]
    public void Bytes_that_are_no_table_are_refused()
    {
        var chance = new Prng(5);
        var table = new SessionTable();
        Play(table, RandomLog(chance, 400), 9, chance);
        byte[] bytes = BytesOf(table);
        for (int length = 0; length < bytes.Length; length += 1 + (length / 50))
        {
            Assert.False(SessionTableCodec.TryRead(bytes.AsSpan(0, length), out _, out string reason));
            Assert.NotEmpty(reason);
        }

        for (int i = 0; i < 2000; i++)
        {
            byte[] harmed = (byte[])bytes.Clone();
            harmed[chance.Between(0, harmed.Length)] ^= (byte)chance.Between(1, 256);

            // Some bits are only values; none may throw.
            _ = SessionTableCodec.TryRead(harmed, out _, out _);
        }
    }

    [Fact]
    public void Taking_and_answering_allocates_nothing_once_warm()
    {
        ulong session = Open();
        byte[] reply = new byte[100];
        for (ulong sequence = 1; sequence <= 2000; sequence++)
        {
            TakeAndAnswer(session, sequence, reply);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong sequence = 2001; sequence <= 4000; sequence++)
        {
            TakeAndAnswer(session, sequence, reply);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void TakeAndAnswer(ulong session, ulong sequence, byte[] reply)
    {
        SessionEntry entry = EntryOf(EntryIdentity.OfSession(session, sequence), 1);
        if (_table.Take(entry).Verdict == SessionVerdict.Fresh)
        {
            _table.Answer(entry, reply);
        }
    }

    /// <summary>Few sessions and keys, so that they meet; late and repeated sequences; idle times.</summary>
    private static List<SessionEntry> RandomLog(Prng chance, int count)
    {
        var log = new List<SessionEntry>();
        var opened = new List<ulong>();
        ulong ms = 5_000_000;
        ulong sequence = 1;
        for (ulong index = 1; index <= (ulong)count; index++)
        {
            ms += (ulong)chance.Between(0, chance.Chance(1, 50) ? 4000 : 20);
            ulong session = opened.Count == 0 ? 1 : opened[(int)chance.Between(0, opened.Count)];
            long what = chance.Between(0, 100);
            sequence += (ulong)chance.Between(0, chance.Chance(1, 100) ? 300 : 2);
            ulong asked = ulong.Max(1, sequence - ulong.Min(sequence, (ulong)chance.Between(0, 6)));
            EntryIdentity identity = what switch
            {
                < 3 => EntryIdentity.OfControl(SessionControl.Open, 0, (ulong)chance.Between(900, 4000)),
                < 5 => EntryIdentity.OfControl(SessionControl.Expire, session, 0),
                < 6 => EntryIdentity.OfControl(SessionControl.Close, session, 0),
                < 9 => EntryIdentity.OfControl(SessionControl.Settle, session, asked),
                < 10 => EntryIdentity.OfControl((SessionControl)chance.Between(0, 12), session, asked),
                < 30 => EntryIdentity.OfKey((ulong)chance.Between(1, 40), 0, (uint)chance.Between(1, 3), 5),
                _ => EntryIdentity.OfSession(session, asked),
            };
            if (identity.Control == SessionControl.Open && identity.Kind == EntryFlags.SessionControl)
            {
                opened.Add(index);
            }

            log.Add(new SessionEntry(index, 1 + (index / 500), ms << 16, identity, (uint)chance.Between(1, 3)));
        }

        return log;
    }

    /// <summary>As the engine does: judge a run, answer it, and let a control wait for the answers.</summary>
    private static void Play(SessionTable table, List<SessionEntry> log, int runMax, Prng chance)
    {
        int next = 0;
        while (next < log.Count)
        {
            var fresh = new List<SessionEntry>();
            int run = runMax == int.MaxValue ? log.Count : (int)chance.Between(1, runMax + 1);
            int end = int.Min(log.Count, next + run);
            for (; next < end; next++)
            {
                if (log[next].Identity.Kind == EntryFlags.SessionControl && fresh.Count > 0)
                {
                    break;
                }

                if (table.Take(log[next]).Verdict == SessionVerdict.Fresh)
                {
                    fresh.Add(log[next]);
                }
            }

            foreach (SessionEntry entry in fresh)
            {
                // The reply is the machine's: a function of the entry.
                byte[] reply = new byte[(entry.Index * 37) % (entry.Index % 40 == 0 ? 20_000UL : 700UL)];
                BinaryPrimitives.TryWriteUInt64LittleEndian(reply, entry.Index);
                table.Answer(entry, reply);
            }
        }
    }

    private static byte[] BytesOf(SessionTable table)
    {
        var bytes = new ArrayBufferWriter<byte>();
        SessionTableCodec.Write(table, bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private ulong Open(ulong timeoutMs = 60_000)
    {
        SessionDecision decision = Control(SessionControl.Open, 0, timeoutMs);
        Assert.Equal(SessionVerdict.Done, decision.Verdict);
        return decision.Session;
    }

    private SessionDecision Control(SessionControl control, ulong session, ulong argument) =>
        _table.Take(EntryOf(EntryIdentity.OfControl(control, session, argument), 0));

    private SessionDecision Take(EntryIdentity identity, uint command, string reply = "")
    {
        SessionEntry entry = EntryOf(identity, command);
        SessionDecision decision = _table.Take(entry);
        if (decision.Verdict == SessionVerdict.Fresh)
        {
            _table.Answer(entry, System.Text.Encoding.ASCII.GetBytes(reply));
        }

        return decision;
    }

    private SessionEntry EntryOf(EntryIdentity identity, uint command) =>
        new(++_index, 1, (_ms << 16) + _index, identity, command);

    private string? ReplyOf(EntryIdentity identity)
    {
        if (!_table.TryFindReply(identity, out ReplyRing ring, out ulong position, out int length))
        {
            return null;
        }

        byte[] reply = new byte[length];
        ring.CopyTo(position, reply);
        return System.Text.Encoding.ASCII.GetString(reply);
    }
}
