using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>Groups that have stopped here while their node lives on. Members at rest trust the node's beats, and would
/// wait for ever for a leader that is gone: they are told, with every beat, until they have another one.</summary>
/// <remarks>Who does not trust us passes it over. Shard's thread only.</remarks>
internal sealed class FaultedGroups(EngineLoop loop)
{
    /// <summary>Groups told of with one beat; of more, others with the next one.</summary>
    private const int ToldMax = 64;

    private readonly List<GroupRuntime> _groups = [];
    private int _next;

    /// <summary>A group has stopped.</summary>
    internal void Add(GroupRuntime group) => _groups.Add(group);

    /// <summary>A beat is due.</summary>
    internal void Tell()
    {
        for (int told = 0; told < int.Min(ToldMax, _groups.Count); told++)
        {
            _next = _next + 1 < _groups.Count ? _next + 1 : 0;
            Tell(_groups[_next]);
        }
    }

    private void Tell(GroupRuntime group)
    {
        Span<byte> body = stackalloc byte[QuiesceBody.Bytes];
        new QuiesceBody(loop.Log.Identity.Incarnation, QuiesceKind.Wake).Write(body);
        ulong term = group.Core.Status.Term;
        foreach (ConfigurationMember member in group.Configuration.Members)
        {
            if (member.Replica == loop.Replica || term == 0)
            {
                continue;
            }

            var header = new FrameHeader(
                (byte)MessageType.Quiesce, 0, group.Number, loop.Replica, member.Replica, term, 0, 0);
            loop.FlushNeeded |= loop.Transport.TrySend(member.Replica, Lane.Control, header, body, default);
        }
    }
}
