using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>Writes every key once, so that each write can be asked for by itself afterwards.</summary>
/// <remarks>
/// An acknowledged write must be there for ever; a refused one must never be; of one without an answer nothing is
/// known.
/// </remarks>
internal sealed class UniqueWriter(
    string prefix, int pipeline, int valueBytes, TimeSpan pace, ReplicaDialer dialer, WriteBook book)
{
    private static readonly TimeSpan RefusalPause = TimeSpan.FromMilliseconds(10);

    private readonly string _filler = new('v', int.Max(0, valueBytes - 12));
    private int _next;

    /// <summary>Works until stopped; what is in flight then is waited for.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        RespConnection? connection = null;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                connection ??= await dialer.ConnectAsync(stop);
                if (!await StepAsync(connection))
                {
                    connection.Dispose();
                    connection = null;
                    dialer.Rotate();
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while it looked for a replica: nothing is in flight.
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <summary>One batch. False when another replica should be asked.</summary>
    private async Task<bool> StepAsync(RespConnection connection)
    {
        int first = _next;
        _next += pipeline;
        for (int i = first; i < _next; i++)
        {
            connection.Begin(3);
            connection.Add("SET");
            connection.Add(Key(i));
            connection.Add(Value(i));
        }

        bool isDenied = false;
        try
        {
            await connection.FlushAsync();
            for (int i = first; i < _next; i++)
            {
                RespReply reply = await connection.ReadAsync();
                isDenied |= reply.Type == RespReplyType.Error;
                book.Note(Key(i), Value(i), reply);
            }
        }
        catch (IOException)
        {
            return false;
        }

        // Denied: this replica knows no leader or has no room. Asking at once again helps nobody, asking elsewhere may:
        // else all writers could end up at the one replica that is cut off.
        TimeSpan pause = isDenied ? RefusalPause : pace;
        if (pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, CancellationToken.None);
        }

        return !isDenied;
    }

    private string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{number}");

    private string Value(int number) => string.Create(CultureInfo.InvariantCulture, $"{number}.{_filler}");
}
