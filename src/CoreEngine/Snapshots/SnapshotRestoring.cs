using System;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;

namespace CoreEngine.Snapshots;

/// <summary>A snapshot on its way from the disk into the machine: at a start, and after one came from
/// elsewhere.</summary>
/// <remarks>
/// The shard reads chunks, a worker checks them and feeds the machine's pipe; the machine restores on the workers.
/// Nothing is applied and nothing is asked until it is over. A failure stops the group: the machine is half replaced.
/// </remarks>
internal sealed class SnapshotRestoring : IThreadPoolWorkItem
{
    private const int PauseBytes = 512 * 1024;
    private const int Idle = 0;
    private const int Running = 1;
    private const int Done = 2;

    private readonly EngineLoop _loop;
    private readonly GroupRuntime _group;
    private readonly LoopBell _bell;
    private readonly SnapshotSource _source;
    private readonly Pipe _pipe;
    private readonly ChunkDecoder _decoder;
    private readonly CancellationTokenSource _cancel = LoopBell.NewEnd();
    private readonly byte[] _chunk = new byte[SnapshotFormat.SlabBytes];
    private int _length;
    private long _next = SnapshotFormat.FirstChunk;
    private Exception? _error;
    private int _job;
    private bool _isFlushing;
    private Task? _decoded;
    private bool _isRestored;
    private bool _isCompleted;
    private bool _hasAsked;

    internal SnapshotRestoring(EngineLoop loop, GroupRuntime group, LoopBell bell, SnapshotFile file)
    {
        _loop = loop;
        _group = group;
        _bell = bell;
        File = file;
        _source = new SnapshotSource(loop.Snapshots, file);
        var scheduler = new WorkerScheduler(loop.Workers);
        _pipe = new Pipe(new PipeOptions(
            readerScheduler: scheduler,
            writerScheduler: scheduler,
            pauseWriterThreshold: PauseBytes,
            resumeWriterThreshold: PauseBytes / 2,
            useSynchronizationContext: false));
        _decoder = new ChunkDecoder(file.Manifest, _pipe.Writer);
        loop.Workers.Run(new Stream(this));
    }

    internal SnapshotFile File { get; }

    /// <summary>The machine holds the snapshot's state, and the group may go on.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>The configuration as of the snapshot; once over.</summary>
    internal ReadOnlyMemory<byte> Configuration => _decoder.Configuration;

    /// <summary>The sessions as of the snapshot; once over.</summary>
    internal ReadOnlyMemory<byte> Sessions => _decoder.Sessions;

    /// <summary>Goes on. Returns true when something was done.</summary>
    internal bool Step()
    {
        if (IsOver || Volatile.Read(ref _job) == Running || Volatile.Read(ref _isFlushing))
        {
            return false;
        }

        _job = Idle;
        bool isRestored = Volatile.Read(ref _isRestored);
        if (_source.Errno != 0)
        {
            Cancel();
            _loop.Stop(new EngineFault(
                $"the snapshot {File.Name} of group '{_group.Name}' cannot be read ({Errno.Text(_source.Errno)}); "
                + "the shard has stopped",
                null));
            return true;
        }

        if (_error is not null)
        {
            Fail(_error);
            return true;
        }

        if (isRestored)
        {
            return End();
        }

        return !_isCompleted && Feed();
    }

    /// <summary>The group or the shard stops.</summary>
    internal void Cancel()
    {
        _cancel.Cancel();
        _source.Close();
        IsOver = true;
    }

    /// <summary>The worker's part: checks a chunk and hands it on, or says that there are no more.</summary>
    public void Execute()
    {
        try
        {
            if (_decoder.IsAtEnd)
            {
                _pipe.Writer.Complete();
            }
            else
            {
                Volatile.Write(ref _isFlushing, true);
                _decoded = _decoder.DecodeAsync(_chunk.AsMemory(0, _length));
                if (_decoded.IsCompleted)
                {
                    Flushed();
                }
                else
                {
                    _decoded.ConfigureAwait(false).GetAwaiter().OnCompleted(Flushed);
                }
            }
        }
        catch (Exception error)
        {
            // Handed to the shard's thread, which stops the group.
            _error = error;
        }

        Volatile.Write(ref _job, Done);
        _bell.Ring();
    }

    private bool Feed()
    {
        if (_decoder.IsAtEnd)
        {
            _isCompleted = true;
            Start();
            return true;
        }

        if (!_source.IsReady)
        {
            return false;
        }

        if (!_hasAsked)
        {
            _hasAsked = true;
            _source.Read(_next);
            return true;
        }

        _hasAsked = false;
        ReadOnlySpan<byte> bytes = _source.Bytes;
        if (!SnapshotChunk.TryReadHeader(bytes, out SnapshotChunk chunk) || chunk.Size > bytes.Length)
        {
            Fail(new InvalidDataException($"no chunk stands at byte {_next}"));
            return true;
        }

        _length = chunk.Size;
        bytes[.._length].CopyTo(_chunk);
        _next += _length;
        Start();
        return true;
    }

    private bool End()
    {
        if (!_decoder.IsAtEnd)
        {
            Fail(new InvalidDataException("the machine restored without reading its whole state"));
            return true;
        }

        ulong digest = _group.Machine.StateDigest;
        if (digest != File.Manifest.StateDigest)
        {
            Fail(new InvalidDataException(
                $"the restored state has digest {digest:x16}, at the capture it was {File.Manifest.StateDigest:x16}"));
            return true;
        }

        _source.Close();
        IsOver = true;
        return true;
    }

    private void Fail(Exception error)
    {
        Cancel();
        _loop.Fail(_group, new EngineFault(
            $"the snapshot {File.Name} of group '{_group.Name}' cannot be restored: {error.Message}; "
            + "restore this replica from its peers",
            error));
    }

    private void Start()
    {
        _job = Running;
        _loop.Workers.Run(this);
    }

    private void Flushed()
    {
        _error ??= _decoded!.Exception?.InnerException;
        Volatile.Write(ref _isFlushing, false);
        _bell.Ring();
    }

    private async Task RestoreAsync()
    {
        try
        {
            await _group.Machine.RestoreAsync(_pipe.Reader, _cancel.Token).ConfigureAwait(false);
            await DrainAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // Handed to the shard's thread, which stops the group.
            _error = error;
        }

        await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        Volatile.Write(ref _isRestored, true);
        _bell.Ring();
    }

    /// <summary>What the machine left unread must still be checked.</summary>
    private async ValueTask DrainAsync()
    {
        while (true)
        {
            System.IO.Pipelines.ReadResult read = await _pipe.Reader.ReadAsync(_cancel.Token).ConfigureAwait(false);
            _pipe.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Begins the host's restore on a worker.</summary>
    private sealed class Stream(SnapshotRestoring restoring) : IThreadPoolWorkItem
    {
        public void Execute() => _ = restoring.RestoreAsync();
    }
}
