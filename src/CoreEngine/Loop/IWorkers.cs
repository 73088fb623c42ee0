using System.Threading;

namespace CoreEngine.Loop;

/// <summary>
/// Where work runs that is not the shard's: continuations of hosts, machines that are not inline-safe.
/// </summary>
/// <remarks>
/// Threads in production; in the world of the simulator the work runs in its one thread, in a seeded order.
/// </remarks>
internal interface IWorkers
{
    /// <summary>Runs the item once, soon, on another thread. Allocates nothing.</summary>
    void Run(IThreadPoolWorkItem item);
}

/// <summary>The process's thread pool.</summary>
internal sealed class PoolWorkers : IWorkers
{
    internal static readonly PoolWorkers Instance = new();

    public void Run(IThreadPoolWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
}
