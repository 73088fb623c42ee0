using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Loop;

namespace CoreEngine.Recovery;

/// <summary>
/// Groups that hosts wait for, opened one after the other as the log has room: thousands asked for at once take as many
/// batches as they need.
/// </summary>
/// <remarks>Shard's thread only. Each waits for an await of a host, so there are no more than those.</remarks>
internal sealed class GroupOpenings(EngineLoop loop, GroupRecovery recovery, Action<GroupRuntime> opened)
{
    private readonly Queue<Opening> _waiting = new();

    /// <summary>Puts an opening behind those that wait.</summary>
    /// <param name="done">Told the group, or why there is none.</param>
    /// <param name="cancellationToken">Gives up, unless a record of the group is staged already.</param>
    internal void Add(
        GroupRequest request,
        GroupMembership membership,
        TaskCompletionSource<Group> done,
        CancellationToken cancellationToken) =>
        _waiting.Enqueue(new Opening(request, membership, done, cancellationToken));

    /// <summary>Opens as many as the log takes now; the others go on when it has written.</summary>
    /// <returns>True when any has ended: what it staged is to be submitted.</returns>
    internal bool Step()
    {
        bool any = false;
        while (_waiting.TryPeek(out Opening? next) && TryEnd(next))
        {
            _ = _waiting.Dequeue();
            any = true;
        }

        return any;
    }

    private bool TryEnd(Opening opening)
    {
        if (opening.Step == OpeningStep.None && opening.CancellationToken.IsCancellationRequested)
        {
            return opening.Done.TrySetCanceled(opening.CancellationToken);
        }

        try
        {
            GroupRuntime? group = TryOpen(opening);
            if (group is not null)
            {
                opening.Done.SetResult(new Group(group));
            }

            return group is not null;
        }
        catch (Exception error) when (error is ArgumentException or EngineOpenException)
        {
            opening.Done.SetException(error);
            return true;
        }
    }

    private GroupRuntime? TryOpen(Opening opening)
    {
        uint number = opening.Request.Options.Group;
        if (loop.Find(number) is not null)
        {
            throw new ArgumentException($"group {number} is open already");
        }

        RecoveredGroup recovered = opening.Recovered ??= recovery.Find(number);
        ref OpeningStep step = ref opening.Step;
        if (!GroupOpening.TryStage(loop, recovered, opening.Request, opening.Membership, ref step))
        {
            return loop.Log.IsExhausted
                ? throw new EngineOpenException(
                    $"the disk is full: the log has no room for the first records of group '{opening.Request.Name}'; "
                    + "free some space, then open it again")
                : null;
        }

        GroupRuntime group = GroupOpening.Make(loop, recovered, opening.Request, opening.Membership);
        recovery.Release(number);
        opened(group);
        return group;
    }

    private sealed class Opening(
        GroupRequest request,
        GroupMembership membership,
        TaskCompletionSource<Group> done,
        CancellationToken cancellationToken)
    {
        internal OpeningStep Step;

        internal GroupRequest Request => request;

        internal GroupMembership Membership => membership;

        internal TaskCompletionSource<Group> Done => done;

        internal CancellationToken CancellationToken => cancellationToken;

        internal RecoveredGroup? Recovered { get; set; }
    }
}
