using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Resp;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>The reads of one connection that share a read point and are answered in order.</summary>
/// <remarks>Keys are copied here, since the reader's are gone by then. Buffers are used again. For one task at a
/// time.</remarks>
internal sealed class PendingReads(Group group, ServerCounters counters, ConnectionState connection)
{
    private readonly ArrayBufferWriter<byte> _keys = new(1024);
    private ArrayBufferWriter<byte> _replies = new(4096);
    private Entry[] _entries = new Entry[16];

    /// <summary>Where each key ends in the buffer; it begins where the one before it ends.</summary>
    private int[] _ends = new int[16];
    private int _keyCount;

    /// <summary>Reads answered so far.</summary>
    private int _done;

    /// <summary>Reads that wait.</summary>
    internal int Count { get; private set; }

    /// <summary>True when the batch must be settled before another read is added.</summary>
    internal bool IsFull => Count == ServerLimits.PendingMax || _keys.WrittenCount >= ServerLimits.PendingBytesMax;

    /// <summary>Adds a read; its keys follow.</summary>
    internal void Add(CommandCode code)
    {
        Invariant.Holds(!IsFull);
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }

        _entries[Count++] = new Entry(code, _keyCount, 0);
    }

    /// <summary>Adds a key to the last read.</summary>
    internal void AddKey(ReadOnlySpan<byte> key)
    {
        if (_keyCount == _ends.Length)
        {
            Array.Resize(ref _ends, _keyCount * 2);
        }

        _keys.Write(key);
        _ends[_keyCount++] = _keys.WrittenCount;
        ref Entry entry = ref _entries[Count - 1];
        entry = entry with { KeyCount = entry.KeyCount + 1 };
    }

    /// <summary>
    /// Waits for a read point, reads, and writes the replies in order; in several rounds when they are many bytes.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask SettleAsync(PipeWriter pipe, RespWriter output)
    {
        Invariant.Holds(Count > 0);
        _done = 0;
        while (_done < Count)
        {
            QueryResult<bool> result = await group.QueryAsync(
                static (KeyValueMachine machine, PendingReads reads) => reads.Run(machine.Store), this,
                connection.Level);
            connection.Seen(result.Point);
            if (!result.Point.IsGranted)
            {
                Refuse(output, result.Point.Refusal);
                break;
            }

            pipe.Write(_replies.WrittenSpan);
            _replies.ResetWrittenCount();
            if (_done < Count)
            {
                await pipe.FlushAsync();
            }
        }

        Reset();
    }

    private void Refuse(RespWriter output, Refusal refusal)
    {
        for (; _done < Count; _done++)
        {
            RefusalReply.Write(output, refusal);
        }
    }

    private void Reset()
    {
        counters.AddReads(Count);
        Count = 0;
        _keyCount = 0;
        _keys.ResetWrittenCount();
        if (_replies.Capacity > 2 * ServerLimits.OutputBytesMax)
        {
            _replies = new ArrayBufferWriter<byte>(4096);
        }
    }

    /// <summary>On the machine's thread: answers reads until enough bytes are gathered.</summary>
    private bool Run(KeyValueStore store)
    {
        var output = new RespWriter(_replies);
        while (_done < Count && _replies.WrittenCount < ServerLimits.OutputBytesMax)
        {
            Entry entry = _entries[_done++];
            switch (entry.Code)
            {
                case CommandCode.Get when store.TryGet(Key(entry.FirstKey), out ReadOnlySpan<byte> value):
                    output.Bulk(value);
                    break;
                case CommandCode.Get:
                    output.Null();
                    break;
                case CommandCode.Exists:
                    output.Integer(CountPresent(store, entry));
                    break;
                default:
                    Invariant.Holds(entry.Code == CommandCode.DbSize);
                    output.Integer(store.Count);
                    break;
            }
        }

        return true;
    }

    private int CountPresent(KeyValueStore store, in Entry entry)
    {
        int present = 0;
        for (int i = 0; i < entry.KeyCount; i++)
        {
            present += store.TryGet(Key(entry.FirstKey + i), out _) ? 1 : 0;
        }

        return present;
    }

    private ReadOnlySpan<byte> Key(int number)
    {
        int from = number == 0 ? 0 : _ends[number - 1];
        return _keys.WrittenSpan[from.._ends[number]];
    }

    private readonly record struct Entry(CommandCode Code, int FirstKey, int KeyCount);
}
