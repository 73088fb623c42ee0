using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>How the callers wait.</summary>
internal enum CallForm
{
    /// <summary>One async loop per caller, each awaits its own <c>ProposeAsync</c>.</summary>
    Awaited,

    /// <summary>One thread with many tickets, taken by polling.</summary>
    Ticket,
}

/// <summary>What a workload is.</summary>
internal sealed record WorkloadShape(CallForm Form, int Payload, int Outstanding, uint Run, int Quorum);

/// <summary>Sums over all callers.</summary>
internal readonly record struct Tally(long Committed, long Refused, long Unknown, ulong Places);

/// <summary>
/// A closed loop: a fixed number of proposals under way, each replaced when its receipt came and was checked.
/// </summary>
internal sealed class Workload
{
    /// <summary>
    /// From this many callers on latencies are sampled: reading the clock for each would be part of what is measured.
    /// </summary>
    private const int SampleAllBelow = 64;
    private const int SampleEvery = 32;
    private const int ProgressEvery = 16;

    private readonly IReadOnlyList<Group> _groups;
    private readonly WorkloadShape _shape;
    private readonly ReceiptLedger[] _ledgers;
    private readonly Task[] _callers;
    private readonly object _gate = new();
    private readonly ulong _sampleMask;
    private long _progress;
    private long _threshold = long.MaxValue;
    private Latencies? _latencies;
    private bool _stopping;

    internal Workload(Group group, WorkloadShape shape)
        : this([group], shape)
    {
    }

    /// <param name="groups">Callers are dealt out to them in turn; tickets go to the first.</param>
    /// <param name="shape">What the callers do.</param>
    internal Workload(IReadOnlyList<Group> groups, WorkloadShape shape)
    {
        _groups = groups;
        _shape = shape;
        _sampleMask = shape.Outstanding < SampleAllBelow ? 0UL : SampleEvery - 1UL;
        int callers = shape.Form == CallForm.Awaited ? shape.Outstanding : 1;
        _callers = new Task[callers];
        _ledgers = [.. Enumerable.Range(0, callers)
            .Select(i => new ReceiptLedger(shape.Run, (uint)i, shape.Payload, shape.Quorum))];
    }

    /// <summary>The first broken promise that a caller has noticed; null when all held.</summary>
    internal string? Violation => _ledgers
        .Select(static ledger => ledger.Violation)
        .FirstOrDefault(static text => text is not null);

    /// <summary>Why proposals were refused; for people.</summary>
    internal string? RefusalText => _ledgers
        .Where(static ledger => ledger.Refused > 0)
        .Select(static ledger => ledger.LastRefusal.ToString())
        .FirstOrDefault();

    /// <summary>The highest place that a caller was told.</summary>
    internal LineCoordinate Last => _ledgers.Select(static ledger => ledger.Last).MaxBy(static last => last.Index);

    /// <summary>Where latencies go from now on; null records none.</summary>
    internal void Measure(Latencies? latencies) => Volatile.Write(ref _latencies, latencies);

    internal void Start()
    {
        if (_shape.Form == CallForm.Ticket)
        {
            _callers[0] = Task.Factory.StartNew(
                TakeTickets, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return;
        }

        for (int i = 0; i < _callers.Length; i++)
        {
            _callers[i] = CallAsync(_ledgers[i], (ulong)i);
        }
    }

    /// <summary>The sums at this moment.</summary>
    internal Tally Read()
    {
        var tally = default(Tally);
        foreach (ReceiptLedger ledger in _ledgers)
        {
            tally = new Tally(
                tally.Committed + ledger.Committed,
                tally.Refused + ledger.Refused,
                tally.Unknown + ledger.Unknown,
                unchecked(tally.Places + ledger.Places));
        }

        return tally;
    }

    /// <summary>Blocks until so many further operations have ended (to within a few per caller).</summary>
    /// <exception cref="TimeoutException">They did not.</exception>
    internal void WaitFor(long operations, TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_gate)
        {
            Volatile.Write(ref _threshold, Volatile.Read(ref _progress) + operations);
            while (Volatile.Read(ref _threshold) != long.MaxValue)
            {
                long rest = deadline - Environment.TickCount64;
                if (rest <= 0 || !Monitor.Wait(_gate, (int)rest))
                {
                    throw new TimeoutException(
                        $"{operations} operations did not end within {patience}; "
                        + $"refused last: {RefusalText ?? "none"}");
                }
            }
        }
    }

    /// <summary>No caller starts anew; ends when all receipts have come.</summary>
    internal async Task StopAsync()
    {
        Volatile.Write(ref _stopping, true);
        await Task.WhenAll(_callers);
    }

    private async Task CallAsync(ReceiptLedger ledger, ulong caller)
    {
        byte[] reply = new byte[LedgerMachine.ReplyBytes];
        Group group = _groups[(int)(caller % (ulong)_groups.Count)];
        await Task.Yield();
        for (ulong i = caller; !Volatile.Read(ref _stopping); i++)
        {
            long started = (i & _sampleMask) == 0 ? Stopwatch.GetTimestamp() : 0;
            Receipt receipt = await group.ProposeAsync(ledger.Next(), reply).ConfigureAwait(false);
            if (started != 0)
            {
                Volatile.Read(ref _latencies)?.RecordSince(started);
            }

            ledger.Account(receipt, reply);
            Progress(i);
            if (receipt.Outcome == Outcome.Refused)
            {
                // Typed back-pressure: let the others go first.
                await Task.Yield();
            }
        }
    }

    private void TakeTickets()
    {
        Span<byte> reply = stackalloc byte[LedgerMachine.ReplyBytes];
        ReceiptLedger ledger = _ledgers[0];
        Group group = _groups[0];
        var window = new TicketWindow(_shape.Outstanding);
        var spin = default(SpinWait);
        ulong proposed = 0;
        ulong taken = 0;
        while (!Volatile.Read(ref _stopping) || taken < proposed)
        {
            while (!Volatile.Read(ref _stopping) && proposed - taken < (ulong)_shape.Outstanding)
            {
                long started = (proposed & _sampleMask) == 0 ? Stopwatch.GetTimestamp() : 0;
                if (!group.TryPropose(ledger.Next(), out ProposalTicket ticket, out Refusal refusal))
                {
                    ledger.Account(new Receipt { Outcome = Outcome.Refused, Refusal = refusal }, default);
                    break;
                }

                window.Add(ticket, started, ledger.Sequence);
                proposed++;
            }

            if (!window.IsEmpty && group.TryTake(window.Head.Ticket, reply, out Receipt receipt))
            {
                TicketWindow.Place head = window.Take();
                if (head.Started != 0)
                {
                    Volatile.Read(ref _latencies)?.RecordSince(head.Started);
                }

                ledger.Account(receipt, reply, head.Sequence);
                Progress(taken);
                taken++;
                spin.Reset();
            }
            else
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    private void Progress(ulong i)
    {
        if (i % ProgressEvery == 0 && Interlocked.Add(ref _progress, ProgressEvery) >= Volatile.Read(ref _threshold))
        {
            lock (_gate)
            {
                Volatile.Write(ref _threshold, long.MaxValue);
                Monitor.PulseAll(_gate);
            }
        }
    }
}
