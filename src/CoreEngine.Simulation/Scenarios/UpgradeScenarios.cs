using CoreEngine.Model;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md S57: builds of feature level n and n+1 in one group.</summary>
/// <remarks>An older build is this one, told to speak an older level: it writes the older formats, names its level, and
/// refuses the newer ones as an older build does.</remarks>
internal static class UpgradeScenarios
{
    private const int Old = FeatureLevels.Oldest;
    private const int New = Old + 1;

    /// <summary>S57: one replica after the other is started with the newer build, while both kinds lead in turn. The
    /// newer formats are used once the last one speaks them, no earlier, and nothing that was acknowledged is
    /// lost.</summary>
    internal static void RollingUpgrade(ulong seed)
    {
        using Script script = Begun(seed);
        ulong first = script.Commit(1).Coordinate.Index;
        uint[] order = [3, 2, 1];
        for (int i = 0; i < order.Length; i++)
        {
            Upgrade(script, order[i]);
            script.Elect(order[i]);
            _ = script.Commit(order[i]);
            bool isLast = i == order.Length - 1;
            if (!isLast)
            {
                // The newer build leads, then an older one: neither uses what the other does not speak.
                script.Throughout(Script.Second, () => AllUse(script, Old), "the old formats while an old build runs");
                script.Elect(order[i + 1]);
                _ = script.Commit(order[i + 1]);
                script.UntilEqual();
                script.Throughout(Script.Second, () => AllUse(script, Old), "the old formats under an old leader");
            }
        }

        script.Free();
        script.Until(() => AllUse(script, New), "all use the new formats", 5 * Script.Second);
        _ = script.Commit(script.World.Leader!.Number);
        script.UntilEqual();
        script.World.PowerCutAll();
        script.World.StartAll();
        script.UntilEqual();
        script.Holds(AllUse(script, New), $"a restart went back to the old formats");
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            script.Holds(
                replica.Machine.Entries.Count > 0 && replica.Machine.Entries[0].Index == first,
                $"replica {replica.Number} lost the first write");
        }
    }

    /// <summary>S57: a replica that does not answer blocks the rise, for nobody knows which build it runs; one of the
    /// old build that comes back is served on.</summary>
    internal static void SilentMemberBlocksTheRise(ulong seed)
    {
        using Script script = Begun(seed);
        script[3].Kill();
        Upgrade(script, 2);
        Upgrade(script, 1);
        script.Elect(1);
        for (int i = 0; i < 5; i++)
        {
            _ = script.Commit(1);
        }

        script.Throughout(
            2 * Script.Second, () => AllUse(script, Old), "the old formats while a member does not answer");
        script[3].Start();
        script.UntilEqual();
        script.Throughout(Script.Second, () => AllUse(script, Old), "the old formats while an old build runs");
        Upgrade(script, 3);
        script.Until(() => AllUse(script, New), "all use the new formats", 5 * Script.Second);
    }

    /// <summary>Three founders of the old build; 1 leads.</summary>
    private static Script Begun(ulong seed)
    {
        var script = new Script(new WorldOptions { Seed = seed });
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            replica.FeatureLevel = Old;
        }

        script.World.StartAll();
        script.Elect(1);
        script.UntilEqual();
        script.Holds(AllUse(script, Old), $"founders of the old build use newer formats");
        return script;
    }

    private static void Upgrade(Script script, uint replica)
    {
        script[replica].Kill();
        script[replica].FeatureLevel = New;
        script[replica].Start();
        script.UntilEqual();
    }

    private static bool AllUse(Script script, int level)
    {
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            if (replica.IsRunning && replica.Core.Configuration.Level != level)
            {
                return false;
            }
        }

        return true;
    }
}
