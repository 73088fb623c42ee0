using System;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>How the fate of a proposal opens and ends.</summary>
internal sealed partial class EngineLoop
{
    /// <summary>A proposal left its queue: from now on its fate is open, for so long.</summary>
    internal void Leave(ProposalSource source, ProposalStage stage)
    {
        Invariant.Holds(stage is ProposalStage.InLog or ProposalStage.Forwarded);
        source.Stage = stage;
        source.Deadline = Now + ProposalTimeoutNs;
        Undecided.Add(source);
    }

    /// <summary>Ends a proposal: the host is resumed at the end of the turn.</summary>
    internal void Decide(GroupRuntime group, ulong correlation, in Receipt receipt, ReadOnlySpan<byte> reply)
    {
        ProposalSource? source = group.Slots.Find(correlation);
        if (source is null || source.Stage is ProposalStage.Free or ProposalStage.Decided)
        {
            return;
        }

        if (source.Stage is ProposalStage.InLog or ProposalStage.Forwarded)
        {
            Undecided.Remove(source);
        }
        else if (source.Stage == ProposalStage.Retrying)
        {
            Retrying.Remove(source);
        }

        if (source.Stage == ProposalStage.Forwarded)
        {
            group.Forwarded--;
            Invariant.Holds(group.Forwarded >= 0);
        }

        Receipt answer = receipt;
        if (source.Retry.IsWanted && SessionRetry.TakesOver(this, group, source, ref answer))
        {
            return;
        }

        if (source.Decide(answer, reply))
        {
            Completions.Add(source);
        }
    }

    /// <summary>Room in the log is every group's business, also of those that have nothing else to do.</summary>
    private void ActivateAllIfRoomChanged()
    {
        if (IsLogFull == _wasLogFull)
        {
            return;
        }

        _wasLogFull = IsLogFull;
        foreach (GroupRuntime group in Groups)
        {
            _ = Schedule.Activate(group);
        }
    }
}
