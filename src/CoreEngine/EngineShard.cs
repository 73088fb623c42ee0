using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Diagnostics;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Transport;
using CoreEngine.Loop;
using CoreEngine.Recovery;

namespace CoreEngine;

/// <summary>One shard in production: its thread, the groups that hosts open in it, and its end. It shares nothing with
/// the engine's other shards but the port on which the replica listens.</summary>
[SuppressMessage("Design", "CA1001", Justification = "the shard's thread ends the meter when it ends")]
internal sealed class EngineShard
{
    private readonly GroupOpenings _openings;
    private readonly Thread _thread;
    private readonly EngineMeter _meter;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopping;

    /// <summary>Takes over an open log and a transport that has not started.</summary>
    internal EngineShard(EngineOptions options, ShardStorage storage, ITransport transport)
    {
        uint life = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        var setup = new LoopSetup(
            options, life, storage.Ring, transport, storage.Log, PoolWorkers.Instance, storage.Recovery.Peers)
        {
            CoreTap = options.Taps?.Core,
            Snapshots = storage.Snapshots,
        };
        Loop = new EngineLoop(setup);
        Number = storage.Number;
        RecoveryText = storage.Report;
        _openings = new GroupOpenings(Loop, storage.Recovery, Admit);
        _meter = new EngineMeter(Loop, Number);
        _thread = new Thread(Run) { IsBackground = true, Name = $"coreengine-{options.Replica}-{Number}" };
    }

    internal EngineLoop Loop { get; }

    /// <summary>From 0.</summary>
    internal int Number { get; }

    internal string RecoveryText { get; }

    /// <summary>Ends when the shard has taken itself down.</summary>
    internal Task Stopped => _stopped.Task;

    /// <summary>The caller is on this shard's thread, or on a worker inside one of its machines.</summary>
    internal bool IsInside => Thread.CurrentThread == _thread || Applier.IsInside(Loop);

    internal void Start() => _thread.Start();

    /// <summary>Any thread.</summary>
    internal async ValueTask<Group> OpenGroupAsync(
        GroupRequest request, GroupMembership membership, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<Group>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(() => _openings.Add(request, membership, done, cancellationToken));
        Task ended = await Task.WhenAny(done.Task, Stopped).WaitAsync(cancellationToken).ConfigureAwait(false);
        return ended == done.Task
            ? await done.Task.ConfigureAwait(false)
            : throw new EngineOpenException(
                $"shard {Number} of the engine stopped: {Loop.Fault?.Reason ?? "it is being disposed"}");
    }

    /// <summary>Any thread: the orderly end begins.</summary>
    internal void Close() => Loop.Post(() =>
    {
        Closing.Begin(Loop);
        Volatile.Write(ref _stopping, true);
    });

    private void Admit(GroupRuntime group)
    {
        Loop.Add(group);
        _meter.Add(group);
    }

    private void Run()
    {
        try
        {
            TurnUntilStopped();
        }
        catch (Exception error)
        {
            // The outermost frame: whatever broke stops this shard, never the host's process.
            Loop.Stop(new EngineFault(
                $"shard {Number} of replica {Loop.Replica} failed: {error.Message}", error));
            Loop.Options.Log?.Invoke($"fault: {error}");
        }

        _meter.Dispose();
        TearDown();
        _stopped.SetResult();
    }

    private void TurnUntilStopped()
    {
        long giveUpAt = long.MaxValue;
        while (Loop.Fault is null)
        {
            long now = MonotonicClock.Now();
            long wall = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
            bool any = Loop.Turn(now, wall);
            any |= !_stopping && _openings.Step();
            if (_stopping)
            {
                giveUpAt = long.Min(giveUpAt, now + (Loop.Options.CloseTimeout.Ticks * 100));
                if (Closing.IsDrained(Loop) || now >= giveUpAt)
                {
                    Closing.Seal(Loop);
                    return;
                }
            }

            if (!any)
            {
                Loop.Park();
            }
        }
    }

    private void TearDown()
    {
        var fault = Loop.Fault ?? new EngineFault("the engine was disposed", null);
        foreach (GroupRuntime group in Loop.Groups)
        {
            Loop.Fail(group, fault);
        }

        // A worker may still be inside the host's machine: it answers its queries first, and touches nothing of this
        // shard afterwards.
        foreach (GroupRuntime group in Loop.Groups)
        {
            group.Applier.WaitUntilIdle();
            group.Snapshots.Mute();
        }

        Loop.IsStopped = true;
        Loop.DrainAll();
        Loop.Transport.Dispose();

        // The ring first: until its threads have ended, the log's buffers may still be read or written.
        Loop.Ring.Dispose();
        Loop.Log.Dispose();
        Loop.Snapshots.Dispose();
    }
}
