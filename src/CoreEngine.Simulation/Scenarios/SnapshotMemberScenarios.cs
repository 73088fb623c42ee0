using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md S40, the configuration: it travels in the snapshot with the state, and no import moves it
/// back.</summary>
internal static class SnapshotMemberScenarios
{
    /// <summary>The entry that names the members is trimmed everywhere. Who was away learns them by the snapshot, and
    /// knows them after a restart.</summary>
    internal static void MembersTravelInTheSnapshot(ulong seed)
    {
        using Script script = Begun(seed);
        script[3].Kill();
        ulong epoch = Changed(script, ChangeScenarios.Add(4));
        Trim(script, 1, epoch);
        Trim(script, 2, epoch);
        Trim(script, 4, epoch);
        script[3].Start();
        script.UntilEqual();
        script.Holds(script[3].Runtime.Snapshots.Installed == 1, $"replica 3 was not given the snapshot");
        Knows(script, 3, epoch, isMember: true);
        script.Restart(3);
        script.UntilEqual();
        Knows(script, 3, epoch, isMember: true);

        // Three of four must agree now: with the old members two would be enough.
        script[1].Kill();
        script[2].Kill();
        script.Throughout(
            2 * Script.Second,
            () => !script[3].IsLeader && !script[4].IsLeader,
            "two of four are no majority, though they were of the three before");
        script[1].Start();
        script[2].Start();
        script.Free();
        script.UntilEqual();
    }

    /// <summary>A snapshot of before a change is restored by a restart, the log behind it holds the change: that is in
    /// effect. An earlier snapshot that arrives late moves nothing.</summary>
    internal static void ImportMovesNothingBack(ulong seed)
    {
        using Script script = Begun(seed);
        foreach (uint replica in new uint[] { 1, 2, 3 })
        {
            Trim(script, replica, 1);
        }

        ulong epoch = Changed(script, ChangeScenarios.Add(4));
        script.UntilEqual();
        script.World.PowerCutAll();
        script.World.StartAll();
        foreach (uint replica in new uint[] { 1, 2, 3, 4 })
        {
            Knows(script, replica, epoch, isMember: true);
        }

        script.Free();
        script.UntilEqual();
        _ = script.Commit(script.World.Leader!.Number);
    }

    /// <summary>Who joins takes no snapshot before it has applied an entry that names the members: it would name
    /// none, and no restart could read it.</summary>
    internal static void WhoJoinsKnowsTheMembersFirst(ulong seed)
    {
        using Script script = Begun(seed);
        for (int i = 0; i < 20; i++)
        {
            _ = script.Commit(1);
        }

        // It holds the entry that adds it, which nobody else acknowledges, and applies what came before.
        ulong before = script[1].Core.LastIndex;
        script.EntriesUpTo(2, before);
        script.EntriesUpTo(3, before);
        _ = script[1].ChangeAsync(ChangeScenarios.Learn(4));
        script[1].Nudge();
        script.Until(() => script[4].Runtime.Frontiers.Applied == before, "replica 4 applies what came before it");
        var asked = new System.Threading.Tasks.TaskCompletionSource<SnapshotResult>();
        script[4].Runtime.Snapshots.Ask(asked);
        script[4].Nudge();
        script.Throughout(
            Script.Second, () => !asked.Task.IsCompleted, "a replica that knows no members takes no snapshot");
        script.EntriesToAll();
        script.Until(() => asked.Task.IsCompleted, "it takes one when it knows them");
        script.Holds(asked.Task.Result.Index > before, $"it ended as {asked.Task.Result.Refusal}");
        script.Restart(4);
        script.UntilEqual();
    }

    private static Script Begun(ulong seed) => Script.Started(
        SnapshotScenarios.Small(seed) with { Founders = 3, Replicas = 4 });

    private static ulong Changed(Script script, MembershipChange change)
    {
        MembershipOutcome outcome = script.Change(1, change);
        script.Holds(outcome.Outcome == Outcome.Committed, $"the change ended as {outcome}");
        return outcome.Epoch;
    }

    /// <summary>A replica's log begins behind the entry of a configuration.</summary>
    private static void Trim(Script script, uint replica, ulong epoch)
    {
        for (int i = 0; i < 10; i++)
        {
            _ = script.Commit(1);
        }

        script.UntilEqual();
        _ = SnapshotScenarios.Snapshot(script, replica);
        script.Holds(
            script[replica].Runtime.Frontiers.Trimmed > epoch, $"the log of {replica} still holds entry {epoch}");
    }

    private static void Knows(Script script, uint replica, ulong epoch, bool isMember)
    {
        Configuration configuration = script[replica].Core.Configuration;
        script.Holds(
            configuration.Epoch == epoch && configuration.Find(4) is not null == isMember,
            $"replica {replica} goes by configuration {configuration.Epoch}, agreed is {epoch}");
    }
}
