using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Threading;

namespace CoreEngine.Load.Resp;

/// <summary>One connection with a fixed number of SETs under way, on a thread of its own.</summary>
internal sealed class RespCaller : IDisposable
{
    private const int KeysMax = 10_000;
    private const int Digits = 16;

    private readonly RespLink _link;
    private readonly byte[] _command;
    private readonly int _valueAt;
    private readonly int _keyAt;
    private readonly long[] _started;
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private Latencies? _latencies;
    private bool _stopping;
    private long _done;
    private long _refused;
    private long _unknown;
    private long _sequence;

    internal RespCaller(IPEndPoint address, int payload, int pipeline)
    {
        _link = new RespLink(address);
        string head = $"*3\r\n$3\r\nSET\r\n${Digits}\r\n";
        string key = new('0', Digits);
        string middle = $"\r\n${payload}\r\n";
        _keyAt = head.Length;
        _valueAt = head.Length + key.Length + middle.Length;
        _command = Encoding.ASCII.GetBytes(head + key + middle + new string('x', payload) + "\r\n");
        _started = new long[pipeline];
        _thread = new Thread(Run) { IsBackground = true, Name = "resp" };
    }

    internal long Done => Volatile.Read(ref _done);

    internal long Refused => Volatile.Read(ref _refused);

    internal long Unknown => Volatile.Read(ref _unknown);

    /// <summary>The last error of the server; for people.</summary>
    internal string LastError { get; private set; } = "";

    internal void Measure(Latencies? latencies) => Volatile.Write(ref _latencies, latencies);

    internal void Start() => _thread.Start();

    /// <summary>Starts nothing anew; returns when all replies have come.</summary>
    internal void Stop()
    {
        Volatile.Write(ref _stopping, true);
        _thread.Join();
        _failure?.Throw();
    }

    public void Dispose() => _link.Dispose();

    private void Run()
    {
        try
        {
            int pending = 0;
            for (; pending < _started.Length; pending++)
            {
                AddSet();
            }

            while (pending > 0)
            {
                _link.Flush();
                pending -= TakeReplies();
                for (; pending < _started.Length && !Volatile.Read(ref _stopping); pending++)
                {
                    AddSet();
                }
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }
    }

    /// <summary>Takes one reply, and the others that have come with it.</summary>
    private int TakeReplies()
    {
        int count = 0;
        do
        {
            ReadOnlySpan<byte> reply = _link.ReadLine();
            Account(reply);
            Volatile.Read(ref _latencies)?.RecordSince(_started[_done % _started.Length]);
            Volatile.Write(ref _done, _done + 1);
            count++;
        }
        while (_link.HasLine);

        return count;
    }

    private void Account(ReadOnlySpan<byte> reply)
    {
        if (reply.SequenceEqual("+OK"u8))
        {
            return;
        }

        if (!reply.StartsWith("-"u8))
        {
            throw new IOException($"the server answered a SET with {Encoding.UTF8.GetString(reply)}");
        }

        LastError = Encoding.UTF8.GetString(reply);
        ref long count = ref reply.StartsWith("-UNKNOWN"u8) ? ref _unknown : ref _refused;
        Volatile.Write(ref count, count + 1);
    }

    private void AddSet()
    {
        _started[_sequence % _started.Length] = Stopwatch.GetTimestamp();
        Number(_sequence % KeysMax, _command.AsSpan(_keyAt, Digits));
        Number(_sequence, _command.AsSpan(_valueAt, Digits));
        _sequence++;
        _link.Add(_command);
    }

    private static void Number(long value, Span<byte> target)
    {
        for (int i = target.Length - 1; i >= 0; i--)
        {
            target[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }
}
