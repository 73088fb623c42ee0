using System;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>The group's sessions, and proposals that are answered early.</summary>
internal sealed partial class GroupRuntime
{
    private EarlyAnswers? _early;

    /// <summary>Proposals that asked for less than a quorum.</summary>
    internal EarlyAnswers Early => _early ??= new EarlyAnswers();

    /// <summary>The leader's medium may have moved.</summary>
    internal void ReleaseEarly(EngineLoop loop) => _early?.Release(loop, this);

    /// <summary>Client sessions: between the log and the machine.</summary>
    internal SessionStage Sessions { get; } = new();

    /// <summary>When the group wants a turn at the latest. Monotonic nanoseconds.</summary>
    internal long Deadline => long.Min(
        long.Min(Core.Deadline, SessionKeeper.DeadlineOf(this)),
        long.Min(MemberChanges.DeadlineAfter(_loop.Now), Snapshots.Deadline));

    /// <summary>When a leader looks for idle sessions next. Monotonic nanoseconds.</summary>
    internal long SessionsLookedAt { get; set; }

    /// <summary>Any thread: proposes, and hands out the refusal as a receipt when it cannot.</summary>
    internal ValueTask<Receipt> AskAsync(
        in ProposalTerms terms, ReadOnlyMemory<byte> command, Memory<byte> reply, CancellationToken cancellationToken)
    {
        ProposalSource? source = TryEnqueue(
            command.Span, reply, terms, out Refusal refusal, out ValueTask<Receipt> result, cancellationToken);
        return source is null ? new ValueTask<Receipt>(Receipts.Refused(refusal)) : result;
    }
}
