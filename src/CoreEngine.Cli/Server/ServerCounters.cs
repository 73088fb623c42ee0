using System.Threading;

namespace CoreEngine.Cli.Server;

/// <summary>What the server has seen since it started. Any thread may add; INFO reads.</summary>
internal sealed class ServerCounters
{
    private long _commands;
    private long _reads;
    private long _committed;
    private long _refused;
    private long _unknown;
    private long _protocolErrors;
    private long _accepted;
    private long _rejected;

    internal long Commands => Volatile.Read(ref _commands);

    internal long Reads => Volatile.Read(ref _reads);

    internal long Committed => Volatile.Read(ref _committed);

    internal long Refused => Volatile.Read(ref _refused);

    internal long Unknown => Volatile.Read(ref _unknown);

    internal long ProtocolErrors => Volatile.Read(ref _protocolErrors);

    internal long Accepted => Volatile.Read(ref _accepted);

    internal long Rejected => Volatile.Read(ref _rejected);

    internal void AddCommands(long count) => Interlocked.Add(ref _commands, count);

    internal void AddReads(long count) => Interlocked.Add(ref _reads, count);

    internal void AddWrites(long committed, long refused, long unknown)
    {
        Interlocked.Add(ref _committed, committed);
        if ((refused | unknown) != 0)
        {
            Interlocked.Add(ref _refused, refused);
            Interlocked.Add(ref _unknown, unknown);
        }
    }

    internal void AddProtocolErrors(long count) => Interlocked.Add(ref _protocolErrors, count);

    internal void AddAccepted() => Interlocked.Increment(ref _accepted);

    internal void AddRejected() => Interlocked.Increment(ref _rejected);
}
