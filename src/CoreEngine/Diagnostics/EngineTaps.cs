using System;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Diagnostics;

/// <summary>What stands between an engine and two of its parts while its protocol is traced. Both are used by the
/// shard's thread, and by the thread that opens a group.</summary>
/// <param name="Core">Stands between a group's core and its loop.</param>
/// <param name="Transport">Stands between the loop and its transport, and owns it.</param>
internal sealed record EngineTaps(Func<RaftCore, IProtocolCore> Core, Func<ITransport, ITransport> Transport)
{
    /// <summary>Stands between a shard and its disk, and owns what it is given.</summary>
    internal Func<int, IIoRing, IIoRing> Ring { get; init; } = static (_, ring) => ring;
}
