using System.Buffers;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Watches sessions: one sequence takes effect at one place, whoever asks and however often; a repeat is answered as
/// the first time was; what was settled as without effect stays so; all replicas hold the same table at the same index.
/// </summary>
internal sealed class SessionChecker(World world)
{
    private readonly Dictionary<(ulong Session, ulong Sequence), Known> _known = [];
    private readonly Dictionary<ulong, (ulong Digest, uint Replica)> _tables = [];
    private readonly (int Life, ulong Applied)[] _seen = new (int, ulong)[world.Options.Replicas + 1];

    /// <summary>Answers that came from the table.</summary>
    internal long Repeats { get; private set; }

    /// <summary>A replica has turned: its table is compared with what others held at its index.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        ulong applied = replica.Runtime.Frontiers.Applied;
        if (applied == 0 || !replica.Runtime.Applier.IsIdle || _seen[replica.Number] == (replica.Life, applied))
        {
            return;
        }

        _seen[replica.Number] = (replica.Life, applied);
        ulong digest = replica.Runtime.Sessions.Digest;
        (ulong Digest, uint Replica) first = (digest, replica.Number);
        bool isNew = _tables.TryAdd(applied, first);
        first = isNew ? first : _tables[applied];
        world.Check(
            Monitor.SessionTable,
            first.Digest == digest,
            $"replicas {first.Replica} and {replica.Number} hold different sessions at index {applied}");
    }

    /// <summary>All is calm: the table as bytes is the table.</summary>
    internal void CheckBytes(SimulatedReplica replica)
    {
        SessionTable table = replica.Runtime.Sessions.Table;
        var bytes = new ArrayBufferWriter<byte>();
        SessionTableCodec.Write(table, bytes);
        bool isRead = SessionTableCodec.TryRead(bytes.WrittenSpan, out SessionTable read, out string reason);
        world.Check(
            Monitor.SessionTable,
            isRead && read.Digest == table.Digest,
            $"replica {replica.Number} cannot read its own sessions again: {reason}");
    }

    /// <summary>A client was answered.</summary>
    internal void Answered(
        SimulatedReplica replica, ulong session, ulong sequence, ulong value, in Receipt receipt, ulong reply)
    {
        Known known = _known.GetValueOrDefault((session, sequence));
        string name = $"sequence {sequence} of session {session}";
        world.Monitors.Rare.Sometimes(RareState.SequenceSettled, receipt.Refusal.Code == RefusalCode.SequenceSettled);
        world.Monitors.Rare.Sometimes(RareState.SessionExpired, receipt.Refusal.Code == RefusalCode.SessionExpired);
        world.Monitors.Rare.Sometimes(RareState.RepeatAnswered, receipt.IsRepeat);
        if (receipt.Refusal.Code == RefusalCode.SequenceSettled)
        {
            world.Check(Monitor.SessionAnswer, known.Index == 0, $"{name} was committed, and then without effect");
            _known[(session, sequence)] = known with { IsVoid = true };
        }

        world.Check(
            Monitor.SessionAnswer,
            receipt.Outcome != Outcome.Acknowledged,
            $"{name} was acknowledged without a commit");
        if (receipt.Outcome != Outcome.Committed)
        {
            world.Check(
                Monitor.SessionAnswer,
                receipt.Refusal.Code != RefusalCode.RepeatDiffers,
                $"{name}: one command was taken for two");
            return;
        }

        Repeats += receipt.IsRepeat ? 1 : 0;
        world.Check(Monitor.SessionAnswer, !known.IsVoid, $"{name} was without effect, and then committed");
        if (known.Index == 0)
        {
            world.Monitors.Answered(replica, value, receipt);
            bool hasReply = !receipt.IsReplyEvicted && receipt.ReplyLength > 0;
            _known[(session, sequence)] = new Known(
                receipt.Coordinate.Index, receipt.Coordinate.LeaderEpoch, hasReply, reply, false);
            return;
        }

        world.Check(
            Monitor.Once,
            known.Index == receipt.Coordinate.Index && known.Term == receipt.Coordinate.LeaderEpoch,
            $"{name} took effect at {known.Index} of term {known.Term}, and is told as {receipt.Coordinate}");
        bool isComparable = known.HasReply && !receipt.IsReplyEvicted;
        world.Check(
            Monitor.SessionAnswer,
            !isComparable || known.Reply == reply,
            $"{name} was answered {known.Reply}, its repeat {reply}");
    }

    private readonly record struct Known(ulong Index, ulong Term, bool HasReply, ulong Reply, bool IsVoid);
}
