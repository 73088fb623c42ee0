using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Workload;

/// <summary>
/// A client that keeps a record of everything that it does: one operation at a time, each with its outcome.
/// </summary>
internal sealed class CheckedClient(
    WorkloadOptions options, OperationMix mix, ReplicaDialer dialer, ProcessIds ids, HistoryWriter? history,
    Tally tally)
{
    /// <summary>After a refusal: the group has no leader at the moment, asking at once again helps nobody.</summary>
    private static readonly TimeSpan RefusalPause = TimeSpan.FromMilliseconds(10);

    private RespConnection? _connection;
    private int _process = ids.Next();

    /// <summary>Works until stopped; the operation in flight is finished first.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                _connection ??= await dialer.ConnectAsync(stop);
                bool isAnswered = await StepAsync(_connection);
                TimeSpan pause = isAnswered ? options.Think : RefusalPause;
                if (pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while it paused or looked for a replica: no operation is in flight.
        }
        finally
        {
            _connection?.Dispose();
        }
    }

    /// <summary>One operation. False when it was refused or its outcome is unknown.</summary>
    private async Task<bool> StepAsync(RespConnection connection)
    {
        CheckedOperation operation = mix.Next(_process);
        history?.Invoke(_process, operation.Function, operation.Key, operation.Value, operation.Expected);
        long start = Stopwatch.GetTimestamp();
        HistoryEventType type = HistoryEventType.Info;
        string? value = operation.Value;
        bool isRefused = true;
        try
        {
            RespReply reply = await connection.CallAsync(operation.Command);
            isRefused = reply.Type == RespReplyType.Error;
            type = Judge(operation, reply);
            value = operation.Function == HistoryFunction.Read && type == HistoryEventType.Ok ? reply.String : value;
        }
        catch (IOException)
        {
            // The operation was on its way when the connection broke: it may take effect, or not.
            DropConnection();
        }

        history?.Complete(_process, type, operation.Function, operation.Key, value, operation.Expected);
        Count(operation, type, value, Stopwatch.GetElapsedTime(start));
        return !isRefused;
    }

    private static HistoryEventType Judge(in CheckedOperation operation, in RespReply reply)
    {
        if (reply.Type == RespReplyType.Error)
        {
            return reply.IsError("UNKNOWN"u8) ? HistoryEventType.Info : HistoryEventType.Fail;
        }

        bool isMiss = operation.Function == HistoryFunction.Cas && reply.Integer == 0;
        return isMiss ? HistoryEventType.Fail : HistoryEventType.Ok;
    }

    private void Count(in CheckedOperation operation, HistoryEventType type, string? value, TimeSpan elapsed)
    {
        switch (type)
        {
            case HistoryEventType.Ok:
                tally.AddOk(operation.Function == HistoryFunction.Read, elapsed.Ticks * 100);
                mix.Note(operation, value);
                break;
            case HistoryEventType.Fail:
                tally.AddFail();
                mix.Forget();
                break;
            default:
                // A process whose last operation may take effect at any time does nothing more: a new one goes on.
                tally.AddUnknown();
                mix.Forget();
                _process = ids.Next();
                break;
        }
    }

    private void DropConnection()
    {
        _connection?.Dispose();
        _connection = null;
        dialer.Rotate();
    }
}
