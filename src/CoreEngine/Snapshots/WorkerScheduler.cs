using System;
using System.IO.Pipelines;
using System.Threading;
using CoreEngine.Loop;

namespace CoreEngine.Snapshots;

/// <summary>Runs the continuations of a pipe on the shard's workers: in a simulation in its one thread, in
/// order.</summary>
internal sealed class WorkerScheduler(IWorkers workers) : PipeScheduler
{
    public override void Schedule(Action<object?> action, object? state) => workers.Run(new Item(action, state));

    private sealed class Item(Action<object?> action, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => action(state);
    }
}
