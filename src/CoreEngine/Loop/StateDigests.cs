using System;
using System.Globalization;
using System.Text;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>Replicas tell each other the digest of their state, every so many entries; who finds itself in the minority
/// stops its group and names the index (raft.md S59).</summary>
/// <remarks>A notice that is lost costs nothing but time: who hears a digest that differs from its own answers, and a
/// state that has diverged differs at the next point too.</remarks>
internal sealed class StateDigests(GroupRuntime group)
{
    private readonly ulong _every = (ulong)group.Options.DigestEvery;
    private DigestBoard? _board;

    /// <summary>A state after this entry is compared.</summary>
    internal bool IsPoint(ulong index) => _every != 0 && index % _every == 0;

    /// <summary>The last entry of a batch that begins at <paramref name="first"/> and could go to
    /// <paramref name="last"/>: it ends where a digest is taken.</summary>
    internal ulong EndOf(ulong first, ulong last)
    {
        if (_every == 0)
        {
            return last;
        }

        ulong past = first % _every;
        ulong ahead = past == 0 ? 0 : _every - past;
        return last - first < ahead ? last : first + ahead;
    }

    /// <summary>Whoever applies: the state as it is now, machine and session table.</summary>
    internal ulong Now() =>
        unchecked((group.Machine.StateDigest * 0x9E3779B97F4A7C15) ^ group.Sessions.Digest);

    /// <summary>The machine has applied up to a point.</summary>
    internal void Taken(EngineLoop loop, ulong index, ulong digest)
    {
        Configuration members = group.Suffix.Configurations.Latest;
        if (members.Members.Length <= 1
            || members.Find(loop.Replica) is not { } self
            || !HoldsData(self)
            || BoardOf().Open(index) is not { } point)
        {
            return;
        }

        point.Own = digest;
        foreach (ConfigurationMember member in members.Members)
        {
            if (HoldsData(member) && member.Replica != loop.Replica)
            {
                Send(loop, member.Replica, new DigestBody(index, digest, DigestKind.Notice));
            }
        }

        Judge(loop, point, members);
    }

    /// <summary>Another replica tells its digest.</summary>
    internal ReceiveResult Receive(EngineLoop loop, in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if (!DigestBody.TryRead(body, out DigestBody told))
        {
            return ReceiveResult.Malformed;
        }

        Configuration members = group.Suffix.Configurations.Latest;
        if (members.PlaceOf(header.From) < 0)
        {
            return ReceiveResult.Stranger;
        }

        if (_every == 0 || BoardOf().Open(told.Index) is not { } point)
        {
            return ReceiveResult.Stale;
        }

        point.Hear(header.From, told.Digest);
        if (point.Own is not { } own)
        {
            return ReceiveResult.Accepted;
        }

        if (own != told.Digest && told.Kind == DigestKind.Notice)
        {
            Send(loop, header.From, new DigestBody(told.Index, own, DigestKind.Answer));
        }

        Judge(loop, point, members);
        return ReceiveResult.Accepted;
    }

    /// <summary>A snapshot took the state's place.</summary>
    internal void Replaced() => _board?.Clear();

    /// <summary>Made by the first point: an idle group has none.</summary>
    private DigestBoard BoardOf() => _board ??= new DigestBoard(_every);

    private static bool HoldsData(ConfigurationMember member) =>
        member.MayLead || member.Kind == MemberKind.Learner;

    private void Judge(EngineLoop loop, DigestPoint point, Configuration members)
    {
        DigestFinding finding = point.Judge(loop.Replica, members);
        DigestFinding before = point.Told;
        if (!finding.Differs || finding == before)
        {
            return;
        }

        point.Told = finding;
        loop.Counters.DigestDivergences += before.Differs ? 0 : 1;
        loop.Counters.DigestTies += finding.Verdict == DigestVerdict.Tie && before.Verdict != finding.Verdict ? 1 : 0;
        string what = Describe(loop, point);
        if (finding.Verdict == DigestVerdict.Minority)
        {
            loop.Fail(group, new EngineFault(
                $"the state of group '{group.Name}' after index {point.Index} has diverged from that of most voters: "
                + $"{what}; this replica has stopped: find what is not deterministic in its machine, or restore it "
                + "from its peers",
                null));
            return;
        }

        string outcome = finding.Verdict switch
        {
            DigestVerdict.Agreed => "this replica is of the majority and goes on",
            DigestVerdict.Tie => "no majority holds one state, so nobody stops: compare the replicas' states by hand",
            _ => "too few have spoken to tell who is right",
        };
        loop.Options.Log?.Invoke(
            $"group {group.Number} '{group.Name}': states differ after index {point.Index}: {what}; {outcome}");
    }

    private static string Describe(EngineLoop loop, DigestPoint point)
    {
        var text = new StringBuilder();
        _ = text.Append(CultureInfo.InvariantCulture, $"replica {loop.Replica} {point.Own:x16}");
        foreach ((uint replica, ulong digest) in point.Said)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $", replica {replica} {digest:x16}");
        }

        return text.ToString();
    }

    private void Send(EngineLoop loop, uint to, in DigestBody told)
    {
        Span<byte> body = stackalloc byte[DigestBody.Bytes];
        told.Write(body);
        var frame = new FrameHeader(
            (byte)MessageType.DigestNotice, 0, group.Number, loop.Replica, to, 1, told.Index, 0);
        if (loop.Transport.TrySend(to, Lane.Control, frame, body, default))
        {
            loop.FlushNeeded = true;
            loop.Counters.FramesSent++;
        }
        else
        {
            loop.Counters.FramesDropped++;
        }
    }
}
