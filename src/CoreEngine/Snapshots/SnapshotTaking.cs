using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Snapshots;

/// <summary>
/// One snapshot of a group on its way to the disk: the machine is captured between two batches, writes its view into a
/// pipe, a worker cuts it into chunks, and the shard writes them.
/// </summary>
/// <remarks>
/// Stages hand over through <see cref="_job"/>; at most one worker is in here beside the host's own stream. Memory is
/// bounded by the pipe, two buffers of a chunk here and two at the sink.
/// </remarks>
internal sealed class SnapshotTaking : IThreadPoolWorkItem
{
    private const int PauseBytes = 512 * 1024;
    private const int Idle = 0;
    private const int Running = 1;
    private const int Done = 2;

    private readonly EngineLoop _loop;
    private readonly GroupRuntime _group;
    private readonly LoopBell _bell;
    private readonly Pipe _pipe;
    private readonly ChunkEncoder _encoder;
    private readonly CancellationTokenSource _cancel = LoopBell.NewEnd();
    private readonly ulong _index;
    private readonly ulong _term;
    private readonly ulong _stamp;
    private readonly CommitCertificate _proof;
    private readonly ReadOnlyMemory<byte> _configuration;
    private readonly ReadOnlyMemory<byte> _sessions;
    private SnapshotSink? _sink;
    private ISnapshot? _view;
    private ulong _digest;
    private Exception? _error;
    private int _job;
    private bool _mayHaveBytes;

    /// <param name="loop">The shard.</param>
    /// <param name="group">Everything up to its A is taken in, nobody is in its machine, and A is durable.</param>
    /// <param name="bell">Wakes the shard.</param>
    /// <param name="configuration">In effect at A.</param>
    internal SnapshotTaking(
        EngineLoop loop, GroupRuntime group, LoopBell bell, ReadOnlyMemory<byte> configuration)
    {
        _configuration = configuration;
        _sessions = group.Sessions.Capture();
        _loop = loop;
        _group = group;
        _bell = bell;
        _index = group.Frontiers.Applied;
        Invariant.Holds(_index <= group.Frontiers.Durable);
        Invariant.Holds(group.CommitProof.Index >= _index);
        _term = group.Suffix.TermAt(_index);
        _proof = group.CommitProof;
        _stamp = _index >= group.Suffix.FirstCached ? group.Suffix.StampAt(_index) : _proof.Stamp;
        var scheduler = new WorkerScheduler(loop.Workers);
        _pipe = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.Inline,
            writerScheduler: scheduler,
            pauseWriterThreshold: PauseBytes,
            resumeWriterThreshold: PauseBytes / 2,
            useSynchronizationContext: false));
        _encoder = new ChunkEncoder(_pipe.Reader, ChunkCodec.Choose(loop, group));
        if (group.Machine.InlineSafe)
        {
            TryCapture();
        }
        else
        {
            Start();
        }
    }

    /// <summary>The machine is being captured: nothing may be applied.</summary>
    internal bool HoldsApply => _sink is null && !IsOver;

    /// <summary>Published, or given up: see <see cref="File"/>.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>The snapshot, once it is durable.</summary>
    internal SnapshotFile? File { get; private set; }

    /// <summary>Why there is none.</summary>
    internal Refusal Refusal { get; private set; }

    /// <summary>Goes on. Returns true when something was done.</summary>
    internal bool Step()
    {
        if (IsOver || Volatile.Read(ref _job) == Running)
        {
            return false;
        }

        if (_job == Done)
        {
            _job = Idle;
            _ = Pass();
            return true;
        }

        return Pass();
    }

    /// <summary>The group or the shard stops: whatever is half made is not wanted.</summary>
    internal void Cancel()
    {
        _cancel.Cancel();
        _sink?.GiveUp();
        IsOver = true;
    }

    /// <summary>The worker's part: first the capture, when it must not run on the shard's thread, then the
    /// chunks.</summary>
    public void Execute()
    {
        try
        {
            if (_view is not null)
            {
                _encoder.Encode();
            }
        }
        catch (Exception error)
        {
            // The host's stream threw: the snapshot is given up, and says why.
            _error = error;
        }

        if (_view is null)
        {
            TryCapture();
        }

        Volatile.Write(ref _job, Done);
        _bell.Ring();
    }

    private void TryCapture()
    {
        try
        {
            _view = _group.Machine.Capture();
            _digest = _group.Machine.StateDigest;
            _error = _view is null ? new NotSupportedException("the machine has none") : null;
        }
        catch (Exception error)
        {
            // The host's machine threw: there is no snapshot, and it says why.
            _error = error;
        }
    }

    private bool Pass()
    {
        if (_error is not null)
        {
            return GiveUp();
        }

        if (_sink is null)
        {
            Begin();
            return true;
        }

        if (_sink.State is SinkState.Published or SinkState.GivenUp or SinkState.Closed)
        {
            return End();
        }

        bool any = false;
        if (!_encoder.Chunk.IsEmpty && _sink.TryTake(out int place) is { } slab)
        {
            _encoder.Chunk.CopyTo(slab.GetSpan());
            _sink.Write(place, _encoder.Chunk.Length);
            _encoder.Taken();

            // Behind a chunk there may be another one, whether or not the host flushes again.
            Volatile.Write(ref _mayHaveBytes, true);
            any = true;
        }

        if (_encoder.Chunk.IsEmpty && _sink.State == SinkState.Writing)
        {
            any |= EncodeOrFinish();
        }

        return any;
    }

    private bool EncodeOrFinish()
    {
        if (_encoder.IsAtEnd)
        {
            _sink!.Finish(new SnapshotManifest(
                _index,
                _term,
                _stamp,
                _proof,
                _digest,
                _encoder.Content,
                _sink.Offset,
                _encoder.ConfigurationBytes,
                _encoder.SessionsBytes,
                _encoder.MachineBytes,
                _encoder.Chunks));
            return true;
        }

        if (!Volatile.Read(ref _mayHaveBytes))
        {
            return false;
        }

        Volatile.Write(ref _mayHaveBytes, false);
        Start();
        return true;
    }

    /// <summary>The view stands: apply goes on, and the view's own stream begins.</summary>
    private void Begin()
    {
        Invariant.Holds(_view is not null);
        _sink = new SnapshotSink(_loop.Snapshots, SnapshotFormat.TemporaryOf(_group.Number));
        _encoder.Add(SnapshotSection.Configuration, _configuration);
        _encoder.Add(SnapshotSection.Sessions, _sessions);
        _mayHaveBytes = true;
        _loop.Workers.Run(new Stream(this));
    }

    private bool GiveUp()
    {
        Refusal = new Refusal(_error is NotSupportedException && _view is null
            ? RefusalCode.NoSnapshots
            : RefusalCode.SnapshotFailed);
        if (Refusal.Code == RefusalCode.SnapshotFailed)
        {
            _loop.Options.Log?.Invoke(
                $"group {_group.Number} '{_group.Name}': no snapshot at {_index}: {_error!.Message}");
        }

        Cancel();
        return true;
    }

    private bool End()
    {
        File = _sink!.File;
        IsOver = true;
        if (File is not null)
        {
            return true;
        }

        _cancel.Cancel();
        Refusal = new Refusal(RefusalCode.SnapshotFailed, (ulong)_sink.Errno);
        if (!Errno.IsOutOfSpace(_sink.Errno))
        {
            // A medium that fails a write or a sync of one file is not trusted with another.
            _loop.Stop(new EngineFault(
                $"a snapshot of group '{_group.Name}' could not be written ({Errno.Text(_sink.Errno)}); "
                + "the shard has stopped and acknowledges nothing more",
                null));
        }

        return true;
    }

    private void Start()
    {
        _job = Running;
        _loop.Workers.Run(this);
    }

    private void BytesArrived()
    {
        Volatile.Write(ref _mayHaveBytes, true);
        _bell.Ring();
    }

    private async Task WriteAsync()
    {
        Exception? error = null;
        try
        {
            await _view!.WriteAsync(new BellWriter(_pipe.Writer, BytesArrived), _cancel.Token).ConfigureAwait(false);
        }
        catch (Exception thrown)
        {
            // The reader of the pipe meets it, and the snapshot is given up.
            error = thrown;
        }

        await _pipe.Writer.CompleteAsync(error).ConfigureAwait(false);
        (_view as IDisposable)?.Dispose();
        BytesArrived();
    }

    /// <summary>Begins the host's stream on a worker.</summary>
    private sealed class Stream(SnapshotTaking taking) : IThreadPoolWorkItem
    {
        public void Execute() => _ = taking.WriteAsync();
    }
}
