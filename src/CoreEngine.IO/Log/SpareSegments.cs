using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Keeps zeroed segments ready: create a temporary file, write zeroes, sync, rename, sync the directory, all in the
/// background.
/// </summary>
/// <remarks>
/// Shard's thread only; one step under way at a time. Overwriting written zeroes is what makes durable writes fast and
/// even
/// (io.md, 1.4). A full disk shows here first, long before a batch meets it: the half-made file is removed and the log
/// keeps what it has.
/// </remarks>
internal sealed class SpareSegments(IIoRing ring, long segmentBytes, int wanted)
{
    /// <summary>Segments that may stand ready.</summary>
    internal const int ReadyMax = 8;

    private readonly Spare[] _ready = new Spare[ReadyMax];
    private Step _step;
    private bool _isRetryDue;
    private bool _isRunning;
    private int _file;
    private int _count;
    private ulong _next;
    private string _name = string.Empty;
    private int _spaceError;

    private enum Step
    {
        Idle,
        Open,
        Zero,
        Sync,
        Rename,
        SyncDirectory,

        /// <summary>Out of space: give back what the half-made file took.</summary>
        GiveUpClose,
        GiveUpDelete,
    }

    /// <summary>A ready segment: open for direct writes.</summary>
    internal readonly record struct Spare(ulong Sequence, int File);

    /// <summary>Segments that stand ready.</summary>
    internal int Count => _count;

    /// <summary>The disk is full: no more are made until <see cref="Retry"/>.</summary>
    internal bool IsOutOfSpace { get; private set; }

    /// <summary>The error that said so.</summary>
    internal int SpaceError => _spaceError;

    /// <summary>An operation is under way.</summary>
    internal bool IsRunning => _isRunning;

    /// <summary>Name the fault of a failed step refers to.</summary>
    internal string FileName => _step is Step.Rename or Step.SyncDirectory ? _name : LogFormat.SegmentTemporary;

    /// <summary>Sets the number of the next segment to make.</summary>
    internal void Begin(ulong next) => _next = next;

    /// <summary>Takes over a segment that was ready before the log was opened.</summary>
    internal void Adopt(ulong sequence, int file)
    {
        Invariant.Holds(sequence == _next);
        Invariant.Holds(_count < ReadyMax);
        _ready[_count++] = new Spare(sequence, file);
        _next++;
    }

    /// <summary>Tries to make segments again after the disk was full.</summary>
    internal void Retry() => _isRetryDue = IsOutOfSpace;

    internal bool TryTake(out Spare spare)
    {
        spare = default;
        if (_count == 0)
        {
            return false;
        }

        spare = _ready[0];
        _count--;
        for (int i = 0; i < _count; i++)
        {
            _ready[i] = _ready[i + 1];
        }

        return true;
    }

    /// <summary>Starts the next step when none is under way and one is due.</summary>
    internal void Pump()
    {
        if (_isRunning)
        {
            return;
        }

        if (_step == Step.Idle)
        {
            if ((IsOutOfSpace && !_isRetryDue) || _count >= wanted)
            {
                return;
            }

            _isRetryDue = false;

            _name = LogFormat.SegmentName(_next);
            _step = Step.Open;
        }

        _isRunning = ring.TryEnqueue(OperationOf(_step), LogToken.Of(LogTokenKind.Spare, 0));
    }

    /// <summary>Takes a step's result.</summary>
    /// <returns>Zero, or the errno of a failure that must stop the log.</returns>
    internal int OnEvent(int result)
    {
        Invariant.Holds(_isRunning);
        _isRunning = false;
        if (result < 0)
        {
            return OnFailure(-result);
        }

        switch (_step)
        {
            case Step.Open:
                _file = result;
                _step = Step.Zero;
                break;
            case Step.Zero:
                _step = Step.Sync;
                break;
            case Step.Sync:
                _step = Step.Rename;
                break;
            case Step.Rename:
                _step = Step.SyncDirectory;
                break;
            case Step.SyncDirectory:
                _ready[_count++] = new Spare(_next, _file);
                _next++;
                IsOutOfSpace = false;
                _step = Step.Idle;
                break;
            case Step.GiveUpClose:
                _step = Step.GiveUpDelete;
                break;
            default:
                Invariant.Holds(_step == Step.GiveUpDelete);
                _step = Step.Idle;
                break;
        }

        Pump();
        return 0;
    }

    private int OnFailure(int errno)
    {
        if (!Errno.IsOutOfSpace(errno) || _step is not (Step.Open or Step.Zero))
        {
            return errno;
        }

        IsOutOfSpace = true;
        _spaceError = errno;
        _step = _step == Step.Open ? Step.Idle : Step.GiveUpClose;
        Pump();
        return 0;
    }

    private IoOp OperationOf(Step step) => step switch
    {
        Step.Open => new IoOp(
            IoKind.Open, IoFlags.Create | IoFlags.Direct | IoFlags.Background, 0, 0, 0, 0, LogFormat.SegmentTemporary),
        Step.Zero => new IoOp(IoKind.Zero, IoFlags.Background, _file, 0, 0, (int)segmentBytes),
        Step.Sync => new IoOp(IoKind.Sync, IoFlags.Background, _file, 0, 0, 0),
        Step.Rename => new IoOp(IoKind.Rename, IoFlags.Background, 0, 0, 0, 0, LogFormat.SegmentTemporary, _name),
        Step.SyncDirectory => new IoOp(IoKind.SyncDirectory, IoFlags.Background, 0, 0, 0, 0),
        Step.GiveUpClose => new IoOp(IoKind.Close, IoFlags.Background, _file, 0, 0, 0),
        _ => new IoOp(IoKind.Delete, IoFlags.Background, 0, 0, 0, 0, LogFormat.SegmentTemporary),
    };
}
