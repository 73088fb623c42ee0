namespace CoreEngine.Simulation;

/// <summary>Whether a group has begun, or could: a group begins when all its founders have met.</summary>
internal static class FoundingPhase
{
    /// <summary>Among those whose disks are sound, one of the core has founded.</summary>
    internal static bool HasFounded(World world, bool[] core)
    {
        bool any = false;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            any |= core[replica.Number] && !replica.Disk.Mishaps.IsHarmed && replica.HasFounded;
        }

        return any;
    }

    /// <summary>How many disks were never harmed; when all, the founders can still meet.</summary>
    internal static int SoundDisks(World world)
    {
        int sound = 0;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            sound += replica.Disk.Mishaps.IsHarmed ? 0 : 1;
        }

        return sound;
    }

    /// <summary>All know the lives of all.</summary>
    internal static bool HaveAllFounded(World world)
    {
        bool all = true;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            all &= replica.HasFounded;
        }

        return all;
    }

    /// <summary>Who is to take part runs from here on, and nobody else.</summary>
    internal static void Prepare(SimulatedReplica replica, bool isCore)
    {
        // Who was about to stop in good order stops now.
        if (replica.IsRunning && (!isCore || !replica.IsSound || replica.Runtime.IsClosing))
        {
            replica.Kill();
        }

        if (isCore && !replica.IsRunning)
        {
            replica.Start();
        }
    }
}
