using System;
using System.Buffers.Text;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Cli.Workload;

/// <summary>
/// A client that keeps a pipeline full, on keys that no checked client touches. It records nothing but counts.
/// </summary>
internal sealed class LoadClient(WorkloadOptions options, int number, ReplicaDialer dialer, Tally tally)
{
    private const int KeysPerClient = 1000;

    private readonly Prng _prng = new(options.Seed ^ ((ulong)(uint)number << 32) ^ 0x10AD);
    private readonly byte[] _value = NewValue(options.ValueBytes);
    private readonly byte[] _key = new byte[64];

    /// <summary>Works until stopped; the batch in flight is finished first.</summary>
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

    private static byte[] NewValue(int length)
    {
        byte[] value = new byte[length];
        value.AsSpan().Fill((byte)'v');
        return value;
    }

    /// <summary>One batch. False when the connection broke.</summary>
    private async Task<bool> StepAsync(RespConnection connection)
    {
        long start = Stopwatch.GetTimestamp();
        int ok = 0;
        int errors = 0;
        try
        {
            bool isRead = _prng.Chance(options.ReadPercent, 100);
            for (int i = 0; i < options.Pipeline; i++)
            {
                AddCommand(connection, isRead);
            }

            await connection.FlushAsync();
            while (ok + errors < options.Pipeline)
            {
                RespReply reply = await connection.ReadAsync();
                bool isError = reply.Type == RespReplyType.Error;
                errors += isError ? 1 : 0;
                ok += isError ? 0 : 1;
            }
        }
        catch (IOException)
        {
            tally.AddLoad(ok, options.Pipeline - ok, Stopwatch.GetElapsedTime(start).Ticks * 100);
            return false;
        }

        tally.AddLoad(ok, errors, Stopwatch.GetElapsedTime(start).Ticks * 100);
        return true;
    }

    private void AddCommand(RespConnection connection, bool isRead)
    {
        "load:"u8.CopyTo(_key);
        bool fits = Utf8Formatter.TryFormat(
            (number * KeysPerClient) + _prng.Between(0, KeysPerClient), _key.AsSpan(5), out int digits);
        Invariant.Holds(fits);
        ReadOnlySpan<byte> key = _key.AsSpan(0, 5 + digits);
        connection.Begin(isRead ? 2 : 3);
        connection.Add(isRead ? "GET"u8 : "SET"u8);
        connection.Add(key);
        if (!isRead)
        {
            connection.Add(_value);
        }
    }
}
