using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, client sessions: S54 and S55.</summary>
internal static class SessionScenarios
{
    private const ulong TimeoutMs = 5000;

    /// <summary>S54 with a session: a proposal that was overwritten ends as Unknown or Refused for whoever asked once;
    /// settled, it is without effect for ever, also when a late copy of it comes; and the engine's own repeating
    /// commits it once.</summary>
    internal static void OverwrittenSequence(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        World world = script.World;
        ulong session = Open(script, 1);
        script.EntriesOnlyTo();
        ulong settledValue = world.NextValue();
        ulong repeatedValue = world.NextValue();
        Task<Receipt> once = world.Sessions.ProposeAsync(script[1], session, 1, settledValue);
        Task<Receipt> repeated = world.Sessions.ProposeAsync(script[1], session, 2, repeatedValue, isRetried: true);
        world.RunFor(20 * Script.Millisecond);
        world.Network.Isolate(1);
        script.EntriesToAll();
        script.Elect(2);
        Task<Receipt> settled = world.Sessions.SettleAsync(script[2], session, 1, settledValue);
        script.Until(() => settled.IsCompleted, "the sequence is settled");
        script.Holds(
            settled.Result.Refusal.Code == RefusalCode.SequenceSettled, $"it was settled as {settled.Result}");
        script.Free();
        script.Until(() => once.IsCompleted && repeated.IsCompleted, "both end", 40 * Script.Second);
        script.Holds(once.Result.Outcome != Outcome.Committed, $"what was overwritten ended as {once.Result}");
        script.Holds(repeated.Result.Outcome == Outcome.Committed, $"the repeated one ended as {repeated.Result}");
        Task<Receipt> late = world.Sessions.ProposeAsync(script[3], session, 1, settledValue);
        script.Until(() => late.IsCompleted, "the late copy ends");
        script.Holds(late.Result.Refusal.Code == RefusalCode.SequenceSettled, $"the late copy ended as {late.Result}");
        script.UntilEqual();
        script.Holds(Count(script[3], settledValue) == 0, $"the settled command was applied");
        script.Holds(Count(script[3], repeatedValue) == 1, $"the repeated command was not applied once");
    }

    /// <summary>S55: an answer is lost with its leader; the repeat at the next leader, at a follower, and after a power
    /// cut of all replicas, tells the same coordinate and the same reply, and the command is applied once.</summary>
    internal static void RepeatsAcrossFailoverAndRestart(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        World world = script.World;
        ulong session = Open(script, 3);
        ulong value = world.NextValue();
        int before = script[1].Machine.Entries.Count;
        ulong place = script[1].Core.LastIndex + 1;
        Task<Receipt> lost = world.Sessions.ProposeAsync(script[3], session, 1, value);

        // The answer's way to replica 3 is cut: the leader alone knows that it is committed.
        script.Until(() => script[1].Core.CommitIndex >= place, "the leader has committed");
        script[1].Kill();
        script[3].PowerCut();
        script[3].Start();
        script.Elect(2, isHeardAlone: false);
        script.Until(() => script[2].IsLeader, "replica 2 leads");
        Receipt first = Repeat(script, 3, session, value);
        script[1].Start();
        script.Free();
        Receipt again = Repeat(script, 1, session, value);
        world.PowerCutAll();
        world.StartAll();
        script.UntilLeader();
        Receipt last = Repeat(script, 2, session, value);
        script.Holds(
            first.Coordinate == again.Coordinate && first.Coordinate == last.Coordinate,
            $"it is told at {first.Coordinate}, {again.Coordinate} and {last.Coordinate}");
        script.Holds(again.IsRepeat && last.IsRepeat, $"a repeat was taken for new");
        script.UntilEqual();
        foreach (SimulatedReplica replica in world.Replicas)
        {
            script.Holds(Count(replica, value) == 1, $"replica {replica.Number} applied {Count(replica, value)} times");
        }

        script.Holds(!lost.IsCompleted || lost.Result.Coordinate == first.Coordinate, $"two answers differ");
        script.Holds(script[1].Machine.Entries[before].Value == value, $"another command stands at its place");
    }

    /// <summary>S55 through snapshots: the sequence stands in no log any more, only in snapshots. The repeat is
    /// answered the same by the next leader, after a power cut of all, and by a member that was away and was given the
    /// snapshot; everywhere it is applied once.</summary>
    internal static void RepeatsAcrossFailoverSnapshotAndRestart(ulong seed)
    {
        using Script script = Script.Started(SnapshotScenarios.Small(seed));
        World world = script.World;
        ulong session = Open(script, 2);
        script.UntilEqual();
        script[3].Kill();
        ulong value = world.NextValue();
        Receipt first = Repeat(script, 1, session, value);
        for (int i = 0; i < 10; i++)
        {
            _ = script.Commit(1);
        }

        script.UntilEqual();
        foreach (uint replica in new uint[] { 1, 2 })
        {
            _ = SnapshotScenarios.Snapshot(script, replica);
            script.Holds(
                script[replica].Runtime.Frontiers.Trimmed > first.Coordinate.Index,
                $"the log of {replica} still holds the sequence");
        }

        script.Elect(2);
        Same(script, first, Repeat(script, 2, session, value));
        world.PowerCutAll();
        script[1].Start();
        script[2].Start();
        script.Free();
        script.UntilLeader();
        Same(script, first, Repeat(script, 1, session, value));
        script[3].Start();
        script.UntilEqual();
        script.Holds(script[3].Runtime.Snapshots.Installed == 1, $"replica 3 was not given the snapshot");
        script.Elect(3);
        Same(script, first, Repeat(script, 3, session, value));
        script.Free();
        script.UntilEqual();
        foreach (SimulatedReplica replica in world.Replicas)
        {
            script.Holds(Count(replica, value) == 1, $"replica {replica.Number} applied {Count(replica, value)} times");
            script.Holds(
                replica.Runtime.Sessions.Open == 1
                    && replica.Runtime.Sessions.Digest == script[1].Runtime.Sessions.Digest,
                $"replica {replica.Number} holds other sessions");
        }
    }

    /// <summary>S55, session expiry is a log event, equal everywhere: replicas whose wall clocks disagree by minutes
    /// hold the same sessions at the same index; who is active stays, who is idle goes, and its repeats are
    /// refused.</summary>
    internal static void ExpiryIsALogEvent(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        World world = script.World;
        script[2].WallOffsetNs = 300 * Script.Second;
        script[3].WallOffsetNs = -300 * Script.Second;
        ulong idle = Open(script, 1);
        ulong active = Open(script, 2);
        ulong value = world.NextValue();
        Task<Receipt> taken = world.Sessions.ProposeAsync(script[3], idle, 1, value);
        script.Until(() => taken.IsCompleted, "the idle session's only command ends");
        for (ulong i = 1; i <= 12; i++)
        {
            Task<Receipt> alive = world.Sessions.ProposeAsync(script[2], active, i, world.NextValue());
            script.Until(() => alive.IsCompleted, "the active session is answered");
            script.Holds(alive.Result.Outcome == Outcome.Committed, $"the active session was refused: {alive.Result}");
            world.RunFor(Script.Second);
        }

        Task<Receipt> late = world.Sessions.ProposeAsync(script[1], idle, 1, value);
        script.Until(() => late.IsCompleted, "the late repeat ends");
        script.Holds(late.Result.Refusal.Code == RefusalCode.SessionExpired, $"the late repeat ended as {late.Result}");
        script[3].PowerCut();
        script[3].Start();
        script.UntilEqual();
        foreach (SimulatedReplica replica in world.Replicas)
        {
            script.Holds(
                replica.Runtime.Sessions.Open == 1
                    && replica.Runtime.Sessions.Digest == script[1].Runtime.Sessions.Digest,
                $"replica {replica.Number} holds {replica.Runtime.Sessions.Open} sessions");
            script.Holds(Count(replica, value) == 1, $"the command was applied {Count(replica, value)} times");
        }
    }

    private static ulong Open(Script script, uint replica)
    {
        Task<Receipt> opened = SimulatedSessions.ControlAsync(script[replica], SessionControl.Open, 0, TimeoutMs);
        script.Until(() => opened.IsCompleted, "the session opens");
        script.Holds(opened.Result.Outcome == Outcome.Committed, $"opening ended as {opened.Result}");
        return opened.Result.Coordinate.Index;
    }

    private static Receipt Repeat(Script script, uint replica, ulong session, ulong value)
    {
        Task<Receipt> repeat = script.World.Sessions.ProposeAsync(script[replica], session, 1, value, isRetried: true);
        script.Until(() => repeat.IsCompleted, "the repeat ends");
        script.Holds(repeat.Result.Outcome == Outcome.Committed, $"a repeat ended as {repeat.Result}");
        return repeat.Result;
    }

    private static void Same(Script script, in Receipt first, in Receipt again) => script.Holds(
        again.IsRepeat && again.Coordinate == first.Coordinate,
        $"what was told at {first.Coordinate} is told at {again.Coordinate}, as a repeat: {again.IsRepeat}");

    private static int Count(SimulatedReplica replica, ulong value)
    {
        int count = 0;
        foreach ((_, ulong applied) in replica.Machine.Entries)
        {
            count += applied == value ? 1 : 0;
        }

        return count;
    }
}
