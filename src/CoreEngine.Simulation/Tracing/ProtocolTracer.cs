using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Tracing;

/// <summary>Gathers the events of a world's replicas into one trace, in the order in which they happen.</summary>
/// <param name="emit">Is given every event.</param>
internal sealed class ProtocolTracer(Action<ProtocolEvent> emit)
{
    private readonly Dictionary<uint, TracedCore> _cores = [];

    /// <summary>Stands between a core and its loop; a later life of the replica replaces it.</summary>
    internal IProtocolCore Tap(RaftCore core)
    {
        var traced = new TracedCore(core, emit);
        _cores[core.State.Options.Replica] = traced;
        return traced;
    }

    /// <summary>A frame leaves its sender.</summary>
    internal void Sent(in FrameHeader frame, ReadOnlySpan<byte> body)
    {
        if (_cores.TryGetValue(frame.From, out TracedCore? core))
        {
            var header = new MessageHeader(
                (MessageType)frame.Type, frame.Group, frame.From, frame.To, frame.Term, frame.Sequence,
                frame.Correlation);
            core.Exchange(header, body, isSent: true);
        }
    }
}
