using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>The orderly end of a shard.</summary>
internal static class Closing
{
    /// <summary>
    /// The end begins: nothing new is taken, and where this replica leads another one shall, so that nobody has to
    /// notice our silence first.
    /// </summary>
    internal static void Begin(EngineLoop loop)
    {
        long withinNs = loop.Options.CloseTimeout.Ticks * 100;
        foreach (GroupRuntime group in loop.Groups)
        {
            group.IsClosing = true;
            bool hasOthers = group.Configuration.Members.Length > 1;
            if (hasOthers && withinNs > 0 && group.Fault is null && group.Core.Status.Role == Role.Leader)
            {
                _ = group.Transfers.TryAdd(0, withinNs);
                loop.Schedule.Signal(group);
            }
        }
    }

    /// <summary>
    /// True when no proposal waits in any group: decided, or still in a queue that is refused anyway.
    /// </summary>
    internal static bool IsDrained(EngineLoop loop)
    {
        if (loop.Undecided.Count + loop.Retrying.Count > 0)
        {
            return false;
        }

        foreach (GroupRuntime group in loop.Groups)
        {
            if (group.Fault is null && (group.IsTransferPending || group.Queue.Bytes > 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Ends what is undecided as Unknown and marks the log as closed in good order, as far as the medium lets it.
    /// </summary>
    internal static void Seal(EngineLoop loop)
    {
        foreach (GroupRuntime group in loop.Groups)
        {
            Timers.EndAll(loop, group);
        }

        if (!loop.Log.Seal())
        {
            loop.Options.Log?.Invoke(
                "the log could not be sealed; the next start will look for its end, and loses nothing");
        }
    }
}
