using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>Hosts that wait for a boundary. A cold path: one lock, one list.</summary>
internal sealed class FrontierWaiters
{
    private const int WaitersMax = 4096;

    private readonly Lock _lock = new();
    private readonly List<Waiter> _waiters = [];
    private FrontierValues _known;
    private EngineFault? _fault;

    /// <summary>Any thread.</summary>
    internal Task WaitAsync(Frontier frontier, ulong index, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Of(_known, frontier) >= index)
            {
                return Task.CompletedTask;
            }

            if (_fault is not null)
            {
                return Task.FromException(Stopped(_fault));
            }

            if (_waiters.Count >= WaitersMax)
            {
                throw new InvalidOperationException(
                    $"{WaitersMax} calls wait for boundaries already; let some of them end first");
            }

            var waiter = new Waiter(frontier, index);
            _waiters.Add(waiter);
            return cancellationToken.CanBeCanceled ? WaitAsync(waiter, cancellationToken) : waiter.Completion.Task;
        }
    }

    /// <summary>The shard's thread, once per turn.</summary>
    internal void Advance(in FrontierValues values)
    {
        if (_known == values)
        {
            return;
        }

        lock (_lock)
        {
            _known = values;
            for (int i = _waiters.Count - 1; i >= 0; i--)
            {
                if (Of(values, _waiters[i].Frontier) >= _waiters[i].Index)
                {
                    _waiters[i].Completion.TrySetResult();
                    _waiters.RemoveAt(i);
                }
            }

        }
    }

    /// <summary>The group stopped: nothing will advance any more.</summary>
    internal void Fail(EngineFault fault)
    {
        lock (_lock)
        {
            _fault = fault;
            foreach (Waiter waiter in _waiters)
            {
                waiter.Completion.TrySetException(Stopped(fault));
            }

            _waiters.Clear();
        }
    }

    /// <summary>A cancelled wait gives its place back.</summary>
    private async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        try
        {
            await waiter.Completion.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                _waiters.Remove(waiter);
            }

            throw;
        }
    }

    private static InvalidOperationException Stopped(EngineFault fault) =>
        new($"the group stopped: {fault.Reason}", fault.Cause);

    private static ulong Of(in FrontierValues values, Frontier frontier) => frontier switch
    {
        Frontier.Appended => values.Appended,
        Frontier.Durable => values.Durable,
        Frontier.Applied => values.Applied,
        Frontier.Committed => values.Committed,
        Frontier.Trimmed => values.Trimmed,
        _ => throw new ArgumentOutOfRangeException(nameof(frontier), frontier, "no such boundary"),
    };

    private sealed record Waiter(Frontier Frontier, ulong Index)
    {
        internal TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
