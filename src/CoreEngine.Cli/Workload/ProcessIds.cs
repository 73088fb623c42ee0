using System.Threading;

namespace CoreEngine.Cli.Workload;

/// <summary>Hands out logical process ids, each once.</summary>
internal sealed class ProcessIds(int first)
{
    private int _next = first - 1;

    internal int Next() => Interlocked.Increment(ref _next);
}
