using System;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// How a group begins: every founder hears from every other one which life of its directory takes part, and notes all
/// of them before it votes or acknowledges anything (raft.md S31).
/// </summary>
/// <remarks>
/// The reason: of three founders the first two agree on something, and one of them loses its disk. If it comes back as
/// if it were new, and the third has never heard of anybody, these two are a majority that remembers nothing. So an
/// empty replica takes part only after all founders, or one that has founded, have named its own life; and who has
/// founded names the former one. A first start needs every founder once, and never again.
/// </remarks>
internal static class Founding
{
    /// <summary>This replica is to found its group, and has not: it neither votes nor acknowledges.</summary>
    internal static bool IsOpen(RaftState state) =>
        state.ConfigEpoch == 0 && state.Founders is not null && !state.IsFoundedElsewhere;

    /// <summary>Time moves: asks who has not answered.</summary>
    internal static void Tick(RaftState state, Outputs outputs)
    {
        Configuration plan = state.Options.Founders!;
        if (TryFound(state, outputs) || state.NowNs < state.FoundingDeadlineNs)
        {
            return;
        }

        // Ever less often: of thousands of groups that wait for a founder which is not there, each asks. Who comes late
        // asks at once, and is heard by its question.
        state.FoundingPauseNs = long.Clamp(
            2 * state.FoundingPauseNs, state.Options.HeartbeatNs, 2 * state.Options.ElectionMaxNs);
        state.FoundingDeadlineNs = state.NowNs + state.FoundingPauseNs;
        foreach (ConfigurationMember founder in plan.Members)
        {
            if (founder.Replica != state.Options.Replica)
            {
                ref OutboundMessage message = ref outputs.Send();
                var own = new FoundReplyBody(0, state.Options.Incarnation, PlanDigest(state), state.Options.Replica);
                Fill(state, ref message, MessageType.FoundRequest, founder.Replica, own);
            }
        }
    }

    /// <summary>A founder asks who takes part.</summary>
    internal static ReceiveResult OnRequest(RaftState state, in Message message, Outputs outputs)
    {
        if (!FoundReplyBody.TryRead(message.Body, out FoundReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (!IsOpen(state))
        {
            Configuration agreed = state.Log.Configurations.At(state.CommitIndex);
            foreach (ConfigurationMember member in agreed.Members)
            {
                var row = new FoundReplyBody(agreed.Epoch, member.Incarnation, body.Plan, member.Replica);
                Fill(state, ref outputs.Send(), MessageType.FoundReply, message.Header.From, row);
            }

            // Who is no member by now hears that, in place of a row of its own.
            if (agreed.Epoch != 0 && agreed.PlaceOf(message.Header.From) < 0)
            {
                var none = new FoundReplyBody(agreed.Epoch, 0, body.Plan, message.Header.From);
                Fill(state, ref outputs.Send(), MessageType.FoundReply, message.Header.From, none);
            }

            return ReceiveResult.Accepted;
        }

        // Told another first configuration than we were: with such a host nothing is founded.
        if (body.Plan != PlanDigest(state))
        {
            return ReceiveResult.Stranger;
        }

        int place = state.Options.Founders!.PlaceOf(message.Header.From);
        if (place >= 0 && body.Replica == message.Header.From && body.Epoch == 0)
        {
            NoteOwnWord(state, place, body.Incarnation);
        }

        var own = new FoundReplyBody(0, state.Options.Incarnation, body.Plan, state.Options.Replica);
        Fill(state, ref outputs.Send(), MessageType.FoundReply, message.Header.From, own);
        return ReceiveResult.Accepted;
    }

    /// <summary>A row of somebody's table.</summary>
    internal static ReceiveResult OnReply(RaftState state, in Message message, Outputs outputs)
    {
        if (!FoundReplyBody.TryRead(message.Body, out FoundReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        Configuration plan = state.Options.Founders ?? Configuration.None;
        int place = plan.PlaceOf(body.Replica);
        bool isOwnWord = body.Epoch != 0 || body.Replica == message.Header.From;
        if (!IsOpen(state) || plan.PlaceOf(message.Header.From) < 0 || !isOwnWord || body.Plan != PlanDigest(state))
        {
            return ReceiveResult.Stale;
        }

        if (body.Epoch == 0)
        {
            if (place >= 0)
            {
                NoteOwnWord(state, place, body.Incarnation);
            }

            return ReceiveResult.Accepted;
        }

        return TakeRow(state, place, body, outputs);
    }

    /// <summary>A founder names its own life. While somebody has founded, only the tables of those who have
    /// count.</summary>
    private static void NoteOwnWord(RaftState state, int place, ulong incarnation)
    {
        if (!state.IsFounded)
        {
            state.Founders![place] = incarnation;
        }
    }

    private static ReceiveResult TakeRow(RaftState state, int place, in FoundReplyBody body, Outputs outputs)
    {
        bool isOurs = body.Replica == state.Options.Replica;
        if (isOurs && body.Incarnation != state.Options.Incarnation)
        {
            // The group has begun without this life of ours: a stranger until it is added.
            state.RemovedAt = ulong.Max(state.RemovedAt, body.Epoch);
            state.IsFoundedElsewhere = true;
            return ReceiveResult.Accepted;
        }

        if (body.Epoch != Configuration.FirstEpoch)
        {
            // The members have changed since: the log will say who they are.
            state.IsFoundedElsewhere = true;
            return ReceiveResult.Accepted;
        }

        if (!state.IsFounded)
        {
            state.IsFounded = true;
            Array.Clear(state.Founders!);
        }

        if (place >= 0)
        {
            state.Founders![place] = body.Incarnation;
        }

        TryFound(state, outputs);
        return ReceiveResult.Accepted;
    }

    /// <summary>Notes the first configuration once every row is known.</summary>
    private static bool TryFound(RaftState state, Outputs outputs)
    {
        Configuration plan = state.Options.Founders!;
        ulong[] known = state.Founders!;
        int self = plan.PlaceOf(state.Options.Replica);
        Invariant.Holds(self >= 0);
        if (!state.IsFounded)
        {
            known[self] = state.Options.Incarnation;
        }

        if (Array.IndexOf(known, 0UL) >= 0)
        {
            return false;
        }

        var members = new ConfigurationMember[known.Length];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = plan.Members[i] with { Incarnation = known[i] };
        }

        state.Log.Configurations.SetBase(new Configuration(Configuration.FirstEpoch, members)
        {
            Level = plan.Level,
            ElectionSize = plan.ElectionSize,
            CommitSize = plan.CommitSize,
        });
        ConfigurationRule.Follow(state);
        Durability.WriteFounding(state, outputs);
        Election.RestartTimer(state);
        if (state.IsAlone)
        {
            state.ElectionDeadlineNs = state.NowNs;
        }

        return true;
    }

    /// <summary>Both sides must have been told the same: incarnations apart, which they are about to learn.</summary>
    private static ulong PlanDigest(RaftState state)
    {
        if (state.PlanDigest == 0)
        {
            // The bit keeps it from being 0, which stands for not made yet.
            state.PlanDigest = (1UL << 32) | Crc32C.Compute(ConfigurationBody.ToBytes(state.Options.Founders!));
        }

        return state.PlanDigest;
    }

    private static void Fill(
        RaftState state, ref OutboundMessage message, MessageType type, uint replica, in FoundReplyBody body)
    {
        // No term is spoken of; every message has one above zero.
        message.Header = state.HeaderTo(type, replica) with { Term = ulong.Max(1, state.Term) };
        body.Write(message.Body);
        message.BodyLength = FoundReplyBody.Bytes;
    }
}
