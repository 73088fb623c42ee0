using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>Changes of members that hosts of this replica wait for. The shard's thread only; cold.</summary>
/// <remarks>
/// A follower hands the change to the leader, once, and hears which entry it became (MemberRequest, MemberReply: <c>u64
/// epoch | u64 term | u64 first | u64 second | u32 code | u32 zero</c>); whether that entry is committed, it sees in
/// its own log. The correlation in the frame names one asking of the waiting call, in its upper half by the asker's
/// life: an answer to another asking, or to a former life, is none; and a leader takes no asking twice.
/// </remarks>
internal sealed class MemberChanges
{
    private const int ReplyBytes = 40;
    private const int WaitingMax = 64;
    private const long PeriodNs = 20_000_000;

    private readonly List<Waiting> _waiting = [];
    private readonly Dictionary<uint, ulong> _taken = [];
    private uint _asked;

    /// <summary>Somebody waits: the group wants turns.</summary>
    internal bool Any => _waiting.Count > 0;

    /// <summary>When they are looked at next; never when nobody waits. Monotonic nanoseconds.</summary>
    internal long DeadlineAfter(long now) => Any ? now + PeriodNs : long.MaxValue;

    /// <summary>A host asks.</summary>
    internal void Add(
        EngineLoop loop, GroupRuntime group, MemberChange change, TaskCompletionSource<MembershipOutcome> done)
    {
        if (_waiting.Count == WaitingMax)
        {
            done.SetResult(Refused(new Refusal(RefusalCode.QueueFull, WaitingMax)));
            return;
        }

        var waiting = new Waiting(change, done, loop.Now + loop.ProposalTimeoutNs);
        _waiting.Add(waiting);
        Start(loop, group, waiting);
        _waiting.RemoveAll(static item => item.Done.Task.IsCompleted);
    }

    /// <summary>An operator forces recovery; the change is decided as any other.</summary>
    internal void Force(EngineLoop loop, GroupRuntime group, TaskCompletionSource<MembershipOutcome> done)
    {
        var waiting = new Waiting(new MemberChange(), done, loop.Now + loop.ProposalTimeoutNs);
        Note(waiting, group.Core.ForceRecovery(group.Outputs));
        if (!done.Task.IsCompleted)
        {
            _waiting.Add(waiting);
        }
    }

    /// <summary>Ends what is decided, or has waited for too long; asks again where nobody led.</summary>
    internal void Advance(EngineLoop loop, GroupRuntime group)
    {
        if (!Any)
        {
            return;
        }

        foreach (Waiting waiting in _waiting)
        {
            if (waiting.Epoch != 0)
            {
                Judge(group, waiting);
            }
            else if (!waiting.IsForwarded && loop.Now >= waiting.NextAsk)
            {
                Start(loop, group, waiting);
            }

            if (loop.Now >= waiting.Deadline)
            {
                waiting.Done.TrySetResult(new MembershipOutcome(Outcome.Unknown, 0, default));
            }
        }

        _waiting.RemoveAll(static item => item.Done.Task.IsCompleted);
    }

    /// <summary>The group stops.</summary>
    internal void EndAll()
    {
        foreach (Waiting waiting in _waiting)
        {
            waiting.Done.TrySetResult(new MembershipOutcome(Outcome.Unknown, 0, default));
        }

        _waiting.Clear();
    }

    /// <summary>A frame of another replica: a change for us as the leader, or what became of one of ours.</summary>
    internal void Receive(EngineLoop loop, GroupRuntime group, in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if ((MessageType)header.Type == MessageType.MemberRequest)
        {
            if (!IsNewRequest(header))
            {
                return;
            }

            MemberChange? change = MemberChangeBody.Read(body);
            ChangeResult result = change is null
                ? new ChangeResult(0, 0, new Refusal(RefusalCode.MemberInvalid))
                : group.Core.ChangeMembers(loop.Complete(group, change), group.Outputs);
            Reply(loop, header, result);
            return;
        }

        if (body.Length != ReplyBytes)
        {
            return;
        }

        ulong correlation = header.Correlation;
        Waiting? waiting = _waiting.Find(item => item.Correlation == correlation && item.IsForwarded);
        if (waiting is null)
        {
            return;
        }

        waiting.IsForwarded = false;
        Note(waiting, new ChangeResult(
            BinaryPrimitives.ReadUInt64LittleEndian(body),
            BinaryPrimitives.ReadUInt64LittleEndian(body[8..]),
            new Refusal(
                (RefusalCode)body[32],
                BinaryPrimitives.ReadUInt64LittleEndian(body[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(body[24..]))));
    }

    /// <summary>False for a frame that came before, or was overtaken: it may have been refused then, and its sender
    /// told so.</summary>
    private bool IsNewRequest(in FrameHeader header)
    {
        ulong last = _taken.GetValueOrDefault(header.From);
        bool isSameLife = last >> 32 == header.Correlation >> 32;
        if (isSameLife && header.Correlation <= last)
        {
            return false;
        }

        if (_taken.Count >= Limits.ReplicasMax && last == 0)
        {
            _taken.Clear();
        }

        _taken[header.From] = header.Correlation;
        return true;
    }

    private void Start(EngineLoop loop, GroupRuntime group, Waiting waiting)
    {
        // Where nobody leads the answer comes at once: without a pause the question would follow it at once.
        waiting.NextAsk = loop.Now + PeriodNs;
        waiting.Correlation = ((ulong)loop.Life << 32) | ++_asked;
        ChangeResult result = group.Core.ChangeMembers(loop.Complete(group, waiting.Change), group.Outputs);
        if (result.Refusal.Code == RefusalCode.NotLeader && result.Refusal.First != loop.Replica)
        {
            var frame = new FrameHeader(
                (byte)MessageType.MemberRequest,
                0,
                group.Number,
                loop.Replica,
                (uint)result.Refusal.First,
                1,
                0,
                waiting.Correlation);
            byte[] body = MemberChangeBody.ToBytes(loop.NameLives(group, waiting.Change));
            waiting.IsForwarded = loop.Transport.TrySend(frame.To, Lane.Control, frame, body, default);
            loop.FlushNeeded |= waiting.IsForwarded;
            return;
        }

        Note(waiting, result);
    }

    /// <summary>What is sure ends the call; a missing leader or anchor may come.</summary>
    private static void Note(Waiting waiting, in ChangeResult result)
    {
        bool isTransient = result.Refusal.Code is RefusalCode.NoLeader or RefusalCode.NotLeader or RefusalCode.NoAnchor;
        if (result.Refusal.Code == RefusalCode.None)
        {
            (waiting.Epoch, waiting.Term) = (result.Epoch, result.Term);
        }
        else if (!isTransient)
        {
            waiting.Done.TrySetResult(Refused(result.Refusal));
        }
    }

    private static void Judge(GroupRuntime group, Waiting waiting)
    {
        ulong committed = group.Frontiers.Committed;
        if (committed < waiting.Epoch)
        {
            return;
        }

        if (waiting.Epoch < group.Suffix.BaseIndex)
        {
            // A snapshot took the place of the entry: whether it was this change cannot be told any more.
            waiting.Done.TrySetResult(new MembershipOutcome(Outcome.Unknown, waiting.Epoch, default));
            return;
        }

        ulong term = group.Suffix.TermAt(waiting.Epoch);
        if (term != waiting.Term)
        {
            waiting.Done.TrySetResult(Refused(new Refusal(RefusalCode.Superseded, waiting.Epoch, term)));
            return;
        }

        Configuration agreed = group.Suffix.Configurations.At(committed);
        if (!agreed.IsJoint || !agreed.IsAutomatic)
        {
            waiting.Done.TrySetResult(new MembershipOutcome(Outcome.Committed, agreed.Epoch, default));
        }
    }

    private static void Reply(EngineLoop loop, in FrameHeader request, in ChangeResult result)
    {
        Span<byte> body = stackalloc byte[ReplyBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(body, result.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], result.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(body[16..], result.Refusal.First);
        BinaryPrimitives.WriteUInt64LittleEndian(body[24..], result.Refusal.Second);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], (ulong)result.Refusal.Code);
        var frame = new FrameHeader(
            (byte)MessageType.MemberReply, 0, request.Group, loop.Replica, request.From, 1, 0, request.Correlation);
        loop.FlushNeeded |= loop.Transport.TrySend(frame.To, Lane.Control, frame, body, default);
    }

    private static MembershipOutcome Refused(Refusal refusal) => new(Outcome.Refused, 0, refusal);

    /// <summary>One call.</summary>
    private sealed class Waiting(
        MemberChange change, TaskCompletionSource<MembershipOutcome> done, long deadline)
    {
        internal MemberChange Change => change;

        internal TaskCompletionSource<MembershipOutcome> Done => done;

        /// <summary>Of the newest asking.</summary>
        internal ulong Correlation { get; set; }

        /// <summary>Not asked again before. Monotonic nanoseconds.</summary>
        internal long NextAsk { get; set; }

        /// <summary>Monotonic nanoseconds.</summary>
        internal long Deadline => deadline;

        /// <summary>At the leader, or lost on the way: then it ends as Unknown.</summary>
        internal bool IsForwarded { get; set; }

        /// <summary>The entry that it has become; 0 before.</summary>
        internal ulong Epoch { get; set; }

        internal ulong Term { get; set; }
    }
}
