using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Loop;

/// <summary>Proposes what belongs to a session again, under the same sequence, until the log has decided it.</summary>
/// <remarks>
/// Only the log's own answer ends a proposal that has left the queue: an earlier copy may still be under way, and the
/// table sees to it that not more than one takes effect. The group's fault, its end, and a host that no longer waits
/// end it too.
/// </remarks>
internal static class SessionRetry
{
    /// <summary>
    /// True when the proposal is tried again instead of being decided.
    /// </summary>
    internal static bool TakesOver(
        EngineLoop loop, GroupRuntime group, ProposalSource source, ref Receipt receipt)
    {
        Invariant.Holds(source.Retry.IsWanted);
        bool isFirst = source.Retry.Attempts <= 1;
        if (receipt.Outcome == Outcome.Refused && !isFirst && IsForgetful(receipt.Refusal.Code))
        {
            // The log no longer knows what became of an earlier copy.
            receipt = receipt with { Outcome = Outcome.Unknown };
        }
        else if (!IsDecided(receipt, isFirst) && MayRetry(group, source))
        {
            source.Stage = ProposalStage.Retrying;
            source.Deadline = loop.Now;
            loop.Retrying.Add(source);
            return true;
        }

        receipt = receipt with { Sequence = source.Retry.Sequence };
        source.Retry.Owner?.Ended(receipt);
        return false;
    }

    /// <summary>The time has come to queue it again.</summary>
    internal static void TryAgain(EngineLoop loop, ProposalSource source)
    {
        Invariant.Holds(source.Stage == ProposalStage.Retrying);
        GroupRuntime group = source.Owner!.Group;
        if (!MayRetry(group, source))
        {
            loop.Decide(group, source.Correlation, Receipts.Unknown(), default);
            return;
        }

        loop.Retrying.Remove(source);
        if (group.Queue.TryEnqueue(source.Correlation, source.Retry.Identity, source.Retry.Command))
        {
            source.Stage = ProposalStage.Queued;
            loop.Schedule.Signal(group);
            loop.TurnAgain = true;
        }
        else
        {
            source.Deadline = loop.Now + Timers.PeriodNs;
            loop.Retrying.Add(source);
        }
    }

    private static bool MayRetry(GroupRuntime group, ProposalSource source) =>
        group.Fault is null && !group.IsClosing && !source.IsAbandoned;

    /// <summary>Refused at the first try is refused for good: nothing of it is under way. One that another leader has
    /// overwritten goes on all the same: its client wants it done.</summary>
    private static bool IsDecided(in Receipt receipt, bool isFirst) =>
        receipt.Outcome == Outcome.Committed
        || (receipt.Outcome == Outcome.Refused
            && ((isFirst && receipt.Refusal.Code != RefusalCode.Superseded) || IsByTable(receipt.Refusal.Code)));

    private static bool IsByTable(RefusalCode code) =>
        code is >= RefusalCode.SessionExpired and <= RefusalCode.RepeatDiffers;

    private static bool IsForgetful(RefusalCode code) =>
        code is RefusalCode.SessionExpired or RefusalCode.SequenceTooOld;
}

/// <summary>What a proposal keeps to be proposed again. Reused with its place.</summary>
internal struct RetryNote
{
    private const int KeptBytesMax = 4096;

    private byte[]? _command;
    private int _length;

    /// <summary>True for proposals of a session.</summary>
    internal bool IsWanted { get; private set; }

    internal EntryIdentity Identity { get; private set; }

    /// <summary>Who is told the end; null for controls.</summary>
    internal Session? Owner { get; private set; }

    /// <summary>How often it has left the queue.</summary>
    internal int Attempts { get; set; }

    /// <summary>The sequence within the session.</summary>
    internal readonly ulong Sequence => Identity.Sequence;

    internal readonly System.ReadOnlySpan<byte> Command => new(_command, 0, _length);

    internal void Clear()
    {
        IsWanted = false;
        Owner = null;
        Attempts = 0;
        if (_command?.Length > KeptBytesMax)
        {
            _command = null;
        }
    }

    internal void Keep(Session? owner, in EntryIdentity identity, System.ReadOnlySpan<byte> command)
    {
        IsWanted = true;
        Owner = owner;
        Identity = identity;
        if (_command is null || _command.Length < command.Length)
        {
            _command = new byte[int.Max(64, command.Length)];
        }

        command.CopyTo(_command);
        _length = command.Length;
    }
}
