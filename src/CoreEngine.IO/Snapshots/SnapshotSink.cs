using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Snapshots;

/// <summary>Where a sink stands.</summary>
internal enum SinkState : byte
{
    /// <summary>Takes chunks.</summary>
    Writing,

    /// <summary>Everything was given: manifest, file, name and directory are being made durable.</summary>
    Finishing,

    /// <summary>Whole and durable under its name.</summary>
    Published,

    /// <summary>Given up; the half-made file is being removed.</summary>
    GivenUp,

    /// <summary>Nothing is left to do, and nothing is in flight.</summary>
    Closed,
}

/// <summary>Writes one snapshot's file: chunks in order, the manifest last, then the name.</summary>
/// <remarks>
/// Shard's thread only; two buffers, so that one is filled while the other is written. Written buffered and synced
/// piece by piece, so that no large sync stands in the way of the log's.
/// </remarks>
internal sealed class SnapshotSink : ISnapshotIo
{
    /// <summary>Bytes written between two syncs.</summary>
    private const long SyncBytes = 4 * 1024 * 1024;

    private const int OpenCode = 1;
    private const int SyncCode = 2;
    private const int StepCode = 3;
    private const int WriteCode = 16;
    private const int NoFile = -1;

    private readonly SnapshotStore _store;
    private readonly string _temporary;
    private readonly int _slot;
    private readonly AlignedSlab _first;
    private readonly AlignedSlab _second;
    private readonly bool[] _isTaken = new bool[2];
    private Step _step;
    private int _file = NoFile;
    private int _inFlight;
    private long _unsynced;
    private bool _isSyncing;
    private SnapshotManifest _manifest;

    internal SnapshotSink(SnapshotStore store, string temporary)
    {
        _store = store;
        _temporary = temporary;
        _first = store.NewSlab();
        _second = store.NewSlab();
        _slot = store.Register(this);
        Enqueue(new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Background, 0, 0, 0, 0, temporary), OpenCode);
    }

    /// <summary>What comes after the last chunk, in this order.</summary>
    private enum Step
    {
        None,
        Manifest,
        Sync,
        Close,
        Rename,
        SyncDirectory,
        Remove,
    }

    internal SinkState State { get; private set; }

    /// <summary>Why the file was given up; zero when nobody had to.</summary>
    internal int Errno { get; private set; }

    /// <summary>Where the next chunk goes: bytes given so far, with the manifest's page.</summary>
    internal long Offset { get; private set; } = SnapshotFormat.FirstChunk;

    /// <summary>The file is there to be written.</summary>
    internal bool IsOpen => _file != NoFile;

    /// <summary>The whole file, once published.</summary>
    internal SnapshotFile? File { get; private set; }

    /// <summary>A free buffer of <see cref="SnapshotFormat.SlabBytes"/>; null when both are being written.</summary>
    internal AlignedSlab? TryTake(out int place)
    {
        place = _isTaken[0] ? 1 : 0;
        return State == SinkState.Writing && _file != NoFile && !_isTaken[place] && !_isSyncing ? SlabAt(place) : null;
    }

    /// <summary>Writes a buffer behind what was written.</summary>
    internal void Write(int place, int length)
    {
        Invariant.Holds(State == SinkState.Writing);
        Invariant.Holds(!_isTaken[place]);
        _isTaken[place] = true;
        var write = new IoOp(IoKind.Write, IoFlags.Background, _file, Offset, SlabAt(place).Address, length);
        Enqueue(in write, WriteCode + place);
        Offset += length;
        _unsynced += length;
    }

    /// <summary>Everything was given: makes the file whole and durable.</summary>
    internal void Finish(in SnapshotManifest manifest)
    {
        Invariant.Holds(State == SinkState.Writing);
        Invariant.Holds(manifest.FileBytes == Offset);
        _manifest = manifest;
        State = SinkState.Finishing;
        Pump();
    }

    /// <summary>The file is not wanted any more.</summary>
    internal void GiveUp()
    {
        if (State is SinkState.Writing or SinkState.Finishing && _step < Step.Rename)
        {
            State = SinkState.GivenUp;
            Pump();
        }
    }

    public void OnEvent(int code, int result)
    {
        _inFlight--;
        if (result < 0 && State is SinkState.Writing or SinkState.Finishing)
        {
            Errno = -result;
            State = SinkState.GivenUp;
        }

        switch (code)
        {
            case OpenCode:
                _file = result >= 0 ? result : NoFile;
                break;
            case SyncCode:
                _isSyncing = false;
                break;
            case StepCode:
                OnStep();
                break;
            default:
                _isTaken[code - WriteCode] = false;
                break;
        }

        Pump();
    }

    public void Free()
    {
        _first.Free();
        _second.Free();
    }

    private AlignedSlab SlabAt(int place) => place == 0 ? _first : _second;

    private void OnStep()
    {
        if (State == SinkState.GivenUp)
        {
            _file = _step == Step.Close ? NoFile : _file;
            return;
        }

        switch (_step)
        {
            case Step.Close:
                _file = NoFile;
                break;
            case Step.SyncDirectory:
                State = SinkState.Published;
                File = new SnapshotFile(_manifest, SnapshotFormat.NameOf(_manifest.Group, _manifest.Index));
                _store.Publish(File);
                break;
            default:
                break;
        }
    }

    private void Pump()
    {
        if (_inFlight > 0)
        {
            return;
        }

        switch (State)
        {
            case SinkState.Writing when _unsynced >= SyncBytes:
                _unsynced = 0;
                _isSyncing = true;
                Enqueue(new IoOp(IoKind.Sync, IoFlags.Background, _file, 0, 0, 0), SyncCode);
                break;
            case SinkState.Finishing:
                _step++;
                Enqueue(OperationOf(_step), StepCode);
                break;
            case SinkState.GivenUp when _file != NoFile:
                _step = Step.Close;
                Enqueue(OperationOf(_step), StepCode);
                break;
            case SinkState.GivenUp when _step != Step.Remove && Errno == 0:
                _step = Step.Remove;
                Enqueue(OperationOf(_step), StepCode);
                break;
            case SinkState.GivenUp or SinkState.Published:
                State = State == SinkState.Published ? State : SinkState.Closed;
                Free();
                _store.Forget(_slot);
                break;
            default:
                break;
        }
    }

    private IoOp OperationOf(Step step)
    {
        switch (step)
        {
            case Step.Manifest:
                _first.GetSpan()[..SnapshotFormat.FirstChunk].Clear();
                _manifest.Write(_first.GetSpan());
                return new IoOp(
                    IoKind.Write, IoFlags.Background, _file, 0, _first.Address, SnapshotFormat.FirstChunk);
            case Step.Sync:
                return new IoOp(IoKind.Sync, IoFlags.Background, _file, 0, 0, 0);
            case Step.Close:
                return new IoOp(IoKind.Close, IoFlags.Background, _file, 0, 0, 0);
            case Step.Rename:
                string name = SnapshotFormat.NameOf(_manifest.Group, _manifest.Index);
                return new IoOp(IoKind.Rename, IoFlags.Background, 0, 0, 0, 0, _temporary, name);
            case Step.SyncDirectory:
                return new IoOp(IoKind.SyncDirectory, IoFlags.Background, 0, 0, 0, 0);
            default:
                return new IoOp(IoKind.Delete, IoFlags.Background, 0, 0, 0, 0, _temporary);
        }
    }

    private void Enqueue(in IoOp op, int code)
    {
        bool queued = _store.TryEnqueue(_slot, in op, code);
        Invariant.Holds(queued);
        _inFlight++;
    }
}
