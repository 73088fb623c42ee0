using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace CoreEngine.Loop;

/// <summary>A read that waits for its point.</summary>
internal interface IReadRequest : IResumable
{
    /// <summary>How fresh it must be.</summary>
    Read Level { get; }

    /// <summary>
    /// Runs between batches, on the machine's thread, when the point is reached; or with a refused point, on any.
    /// </summary>
    void Run(IStateMachine machine, in ReadResult point);

    /// <summary>After it has run: the answer is told with another point; without its value when that is
    /// refused.</summary>
    void Relabel(in ReadResult point);
}

/// <summary>A pooled query: the host's delegate, its argument, and the place for the answer.</summary>
/// <remarks>A cancelled query is not pooled again: the loop may still hold it.</remarks>
internal sealed class QuerySource<TMachine, TArgument, TResult> : IReadRequest, IValueTaskSource<QueryResult<TResult>>
    where TMachine : IStateMachine
{
    private const int PooledMax = 4096;
    private static readonly ConcurrentQueue<QuerySource<TMachine, TArgument, TResult>> Pool = new();

    private ManualResetValueTaskSourceCore<QueryResult<TResult>> _core;
    private CancellationTokenRegistration _registration;
    private Func<TMachine, TArgument, TResult>? _query;
    private TArgument? _argument;
    private QueryResult<TResult> _result;
    private Exception? _error;
    private int _settled;

    public Read Level { get; private set; }

    internal static QuerySource<TMachine, TArgument, TResult> Rent(
        Func<TMachine, TArgument, TResult> query, TArgument argument, Read level)
    {
        if (!Pool.TryDequeue(out QuerySource<TMachine, TArgument, TResult>? source))
        {
            source = new QuerySource<TMachine, TArgument, TResult>();
        }

        source._query = query;
        source._argument = argument;
        source.Level = level;
        return source;
    }

    internal ValueTask<QueryResult<TResult>> Await(CancellationToken cancellationToken)
    {
        _core.RunContinuationsAsynchronously = cancellationToken.CanBeCanceled;
        short version = _core.Version;
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (source, token) => ((QuerySource<TMachine, TArgument, TResult>)source!).Cancel(token), this);
        }

        return new ValueTask<QueryResult<TResult>>(this, version);
    }

    public void Run(IStateMachine machine, in ReadResult point)
    {
        if (!point.IsGranted)
        {
            _result = new QueryResult<TResult>(point, default);
            return;
        }

        try
        {
            _result = new QueryResult<TResult>(point, _query!((TMachine)machine, _argument!));
        }
        catch (Exception error)
        {
            // The host's own delegate threw: its caller gets the exception, nobody else is touched.
            _error = error;
        }
    }

    public void Relabel(in ReadResult point) =>
        _result = point.IsGranted ? _result with { Point = point } : new QueryResult<TResult>(point, default);

    public void Resume()
    {
        if (Interlocked.CompareExchange(ref _settled, 1, 0) != 0)
        {
            return;
        }

        if (_error is not null)
        {
            _core.SetException(_error);
        }
        else
        {
            _core.SetResult(_result);
        }
    }

    QueryResult<TResult> IValueTaskSource<QueryResult<TResult>>.GetResult(short token)
    {
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            return _core.GetResult(token);
        }

        _registration.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Recycle();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<QueryResult<TResult>>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<QueryResult<TResult>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _settled, 2, 0) == 0)
        {
            _core.SetException(new OperationCanceledException("the wait for the read was cancelled", token));
        }
    }

    private void Recycle()
    {
        bool cancelled = _settled == 2;
        _query = null;
        _argument = default;
        _result = default;
        _error = null;
        _registration = default;
        if (cancelled || Pool.Count >= PooledMax)
        {
            return;
        }

        _settled = 0;
        _core.Reset();
        Pool.Enqueue(this);
    }
}
