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

    /// <summary>No founder's disk was ever harmed: they can still meet.</summary>
    internal static bool AreDisksSound(World world)
    {
        bool sound = true;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            sound &= !IsFounder(world, replica) || !replica.Disk.Mishaps.IsHarmed;
        }

        return sound;
    }

    /// <summary>The group begins with it.</summary>
    internal static bool IsFounder(World world, SimulatedReplica replica) =>
        replica.Number <= (world.Options.Founders ?? world.Options.Replicas);

    /// <summary>All founders know the lives of all.</summary>
    internal static bool HaveAllFounded(World world)
    {
        bool all = true;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            all &= !IsFounder(world, replica) || replica.HasFounded;
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
