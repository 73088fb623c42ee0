using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>A host that waits, and whose answer is made.</summary>
internal interface IResumable
{
    /// <summary>Any thread, once: runs the host's continuation.</summary>
    void Resume();
}

/// <summary>Hands decided proposals to workers in chunks: one work item resumes up to 256 hosts.</summary>
/// <remarks>
/// A host may block inside its continuation, even on a proposal of the same chunk. So a chunk that is not through after
/// <see cref="RescueAfterNs"/> is given to a further worker, which goes on where the blocked one stands.
/// Owned by the shard's thread; <see cref="Chunk.Execute"/> runs anywhere.
/// </remarks>
internal sealed class Completions(IWorkers workers)
{
    private const int ChunkLength = 256;
    private const long RescueAfterNs = 2_000_000;

    private Chunk? _free;
    private Chunk? _filling;
    private Chunk? _running;

    /// <summary>True while some chunk may need rescue: the loop then wakes in time for <see cref="Rescue"/>.</summary>
    internal bool IsWaiting => _running is not null;

    internal static long RescuePeriodNs => RescueAfterNs;

    /// <summary>Adds a source that was decided and whose host waits.</summary>
    internal void Add(IResumable source)
    {
        _filling ??= Take();
        _filling.Add(source);
        if (_filling.IsFull)
        {
            Dispatch();
        }
    }

    /// <summary>The end of a turn's completions.</summary>
    internal void Flush(long now)
    {
        if (_filling is not null)
        {
            Dispatch();
        }

        Rescue(now);
    }

    /// <summary>
    /// The shard ends and nobody will come to the rescue any more: every host that still waits gets a worker of its
    /// own, so that none hangs
    /// behind one that blocks.
    /// </summary>
    internal void HelpAll()
    {
        for (Chunk? chunk = _running; chunk is not null; chunk = chunk.Next)
        {
            chunk.HelpAll(workers);
        }
    }

    private void Dispatch()
    {
        Chunk chunk = _filling!;
        _filling = null;
        chunk.Next = _running;
        _running = chunk;
        chunk.Start(workers);
    }

    /// <summary>Recycles finished chunks and sends help to those that are stuck.</summary>
    private void Rescue(long now)
    {
        Chunk? previous = null;
        Chunk? chunk = _running;
        while (chunk is not null)
        {
            Chunk? next = chunk.Next;
            if (chunk.IsFinished)
            {
                Unlink(previous, next);
                chunk.Next = _free;
                _free = chunk;
            }
            else
            {
                chunk.HelpIfStuck(workers, now, RescueAfterNs);
                previous = chunk;
            }

            chunk = next;
        }
    }

    private void Unlink(Chunk? previous, Chunk? next)
    {
        if (previous is null)
        {
            _running = next;
        }
        else
        {
            previous.Next = next;
        }
    }

    private Chunk Take()
    {
        Chunk? chunk = _free;
        if (chunk is null)
        {
            return new Chunk();
        }

        _free = chunk.Next;
        chunk.Clear();
        return chunk;
    }

    /// <summary>Up to 256 hosts to resume.</summary>
    private sealed class Chunk : IThreadPoolWorkItem
    {
        private readonly IResumable[] _sources = new IResumable[ChunkLength];
        private int _count;
        private int _cursor;
        private int _resumed;
        private int _itemsQueued;
        private long _helpAt;

        internal Chunk? Next { get; set; }

        internal bool IsFull => _count == ChunkLength;

        /// <summary>Every host was resumed and no worker holds the chunk any more.</summary>
        internal bool IsFinished => Volatile.Read(ref _resumed) == _count && Volatile.Read(ref _itemsQueued) == 0;

        internal void Add(IResumable source) => _sources[_count++] = source;

        internal void Clear()
        {
            Invariant.Holds(_itemsQueued == 0);
            _count = 0;
            _cursor = 0;
            _resumed = 0;
            _helpAt = 0;
        }

        internal void Start(IWorkers workers)
        {
            Invariant.Holds(_count > 0);
            Interlocked.Increment(ref _itemsQueued);
            workers.Run(this);
        }

        internal void HelpIfStuck(IWorkers workers, long now, long patience)
        {
            if (_helpAt == 0)
            {
                _helpAt = now + patience;
            }
            else if (now >= _helpAt && Volatile.Read(ref _cursor) < _count)
            {
                _helpAt = now + patience;
                Interlocked.Increment(ref _itemsQueued);
                workers.Run(this);
            }
        }

        internal void HelpAll(IWorkers workers)
        {
            for (int left = _count - Volatile.Read(ref _cursor); left > 0; left--)
            {
                Interlocked.Increment(ref _itemsQueued);
                workers.Run(this);
            }
        }

        public void Execute()
        {
            while (true)
            {
                int place = Interlocked.Increment(ref _cursor) - 1;
                if (place >= _count)
                {
                    break;
                }

                _sources[place].Resume();
                Interlocked.Increment(ref _resumed);
            }

            Interlocked.Decrement(ref _itemsQueued);
        }
    }
}
