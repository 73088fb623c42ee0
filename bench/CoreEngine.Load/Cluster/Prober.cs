using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>Finds the moment from which a group accepts writes again after its leader died.</summary>
internal static class Prober
{
    /// <summary>How often a fresh proposal is made: the measured time is exact to this.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Makes a fresh proposal at every beat, because one that was handed to the dead leader stays undecided for long;
    /// ends with the first
    /// that is committed in a later term.
    /// </summary>
    /// <param name="group">Where.</param>
    /// <param name="run">Tells these commands from others.</param>
    /// <param name="term">The dead leader's.</param>
    /// <returns>When the receipt came: the shared monotonic clock, nanoseconds.</returns>
    /// <exception cref="IOException">Nothing was accepted for 30 s.</exception>
    internal static async Task<long> RunAsync(Group group, uint run, ulong term)
    {
        using var beat = new PeriodicTimer(Pace);
        using var patience = new CancellationTokenSource(Patience);
        var accepted = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var probes = new List<Task>();
        uint caller = 0;
        try
        {
            while (!accepted.Task.IsCompleted)
            {
                probes.Add(ProbeAsync(group, new ReceiptLedger(run, caller++, 16, quorum: 2), term, accepted));
                await beat.WaitForNextTickAsync(patience.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new IOException(
                $"no write was accepted within {Patience.TotalSeconds} s; the group says {group.Status}");
        }

        return await accepted.Task;
    }

    private static async Task ProbeAsync(
        Group group, ReceiptLedger ledger, ulong term, TaskCompletionSource<long> accepted)
    {
        byte[] reply = new byte[LedgerMachine.ReplyBytes];
        Receipt receipt = await group.ProposeAsync(ledger.Next(), reply);
        long now = (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;
        ledger.Account(receipt, reply);
        if (ledger.Violation is not null)
        {
            accepted.TrySetException(new IOException($"a broken promise: {ledger.Violation}"));
        }
        else if (receipt.Outcome == Outcome.Committed && receipt.Coordinate.LeaderEpoch > term)
        {
            accepted.TrySetResult(now);
        }
    }
}
