using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>What is done to replicas at the very instant after an acknowledgement.</summary>
/// <param name="Words">For people.</param>
/// <param name="Replicas">Size of the group.</param>
/// <param name="Victims">How many are struck.</param>
/// <param name="HasLeader">The leader is one of them.</param>
/// <param name="IsPower">Their power fails; else their processes die.</param>
internal sealed record Blow(string Words, int Replicas, int Victims, bool HasLeader, bool IsPower);

/// <summary>A cell of the table.</summary>
/// <param name="Acknowledged">Proposals that were answered before the blow.</param>
/// <param name="Lost">Those of them that are not in the history afterwards.</param>
internal readonly record struct Survival(int Acknowledged, int Lost);

/// <summary>
/// Which acknowledged proposals are still there after crashes, by the level that they asked for: found out by trying.
/// In half of the worlds the leader is cut off before it is struck, so that it alone knows what it acknowledged; in
/// half of them it comes back last.
/// </summary>
internal static class SurvivalTable
{
    internal static IReadOnlyList<Blow> Blows { get; } =
    [
        new("one follower killed", 3, 1, false, false),
        new("one follower loses power", 3, 1, false, true),
        new("the leader killed", 3, 1, true, false),
        new("the leader loses power", 3, 1, true, true),
        new("two of five killed, the leader among them", 5, 2, true, false),
        new("two of five lose power, the leader among them", 5, 2, true, true),
        new("all killed", 3, 3, true, false),
        new("all lose power", 3, 3, true, true),
    ];

    internal static IReadOnlyList<Durability> Levels { get; } =
        [Durability.Memory, Durability.LocalDurable, Durability.QuorumDurable];

    /// <summary>Tries a blow under many seeds.</summary>
    internal static Survival Try(Blow blow, Durability level, ulong seeds)
    {
        Survival sum = default;
        for (ulong seed = 1; seed <= seeds; seed++)
        {
            Survival one = TryOnce(blow, level, seed);
            sum = new Survival(sum.Acknowledged + one.Acknowledged, sum.Lost + one.Lost);
        }

        return sum;
    }

    /// <summary>The row of a blow, as the documents print it.</summary>
    internal static string Row(Blow blow, IReadOnlyList<Survival> cells)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"| {blow.Words} |"));
        foreach (Survival cell in cells)
        {
            _ = text.Append(cell.Lost == 0 ? " kept |" : " **may be lost** |");
        }

        return text.ToString();
    }

    private static Survival TryOnce(Blow blow, Durability level, ulong seed)
    {
        // A slow disk, so that memory and media differ.
        var slow = new DiskTiming(Script.Millisecond, 4 * Script.Millisecond);
        using Script script = Script.Started(new WorldOptions { Seed = seed, Replicas = blow.Replicas, Disk = slow });
        World world = script.World;
        bool isCutOff = seed % 2 == 0 && level != Durability.QuorumDurable && blow.HasLeader;
        if (isCutOff)
        {
            world.Network.Isolate(1);
        }

        var asked = new List<(ulong Value, Task<Receipt> Receipt)>();
        for (int i = 0; i < 5; i++)
        {
            ulong value = world.NextValue();
            asked.Add((value, script[1].ProposeAsync(value, level)));
            world.RunFor(100_000);
        }

        script.Until(() => asked.Exists(IsAnswered), "something is acknowledged");
        var acknowledged = asked.FindAll(IsAnswered);
        uint victim = blow.HasLeader ? 1U : 2U;
        for (int i = 0; i < blow.Victims; i++, victim++)
        {
            Strike(script[victim], blow);
        }

        // Whoever is left may lead, and does before anybody comes back.
        script.Free();
        world.RunFor(2 * Script.Second);
        Bring(script, beforeOld: seed % 4 >= 2);
        script.UntilLeader();
        _ = script.Commit(world.Leader!.Number);
        script.UntilEqual();
        int lost = acknowledged.FindAll(one => !Holds(script[1], one.Value)).Count;
        return new Survival(acknowledged.Count, lost);
    }

    /// <summary>Everybody comes back; in half of the worlds the former leader only when the others have another one:
    /// what it alone holds is then overwritten.</summary>
    private static void Bring(Script script, bool beforeOld)
    {
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            if (!replica.IsRunning && !(beforeOld && replica.Number == 1))
            {
                replica.Start();
            }
        }

        if (!script[1].IsRunning)
        {
            script.UntilLeader();
            script[1].Start();
        }
    }

    private static bool IsAnswered((ulong Value, Task<Receipt> Receipt) asked) => asked.Receipt.IsCompleted
        && asked.Receipt.Result.Outcome is Outcome.Committed or Outcome.Acknowledged;

    private static void Strike(SimulatedReplica replica, Blow blow)
    {
        if (blow.IsPower)
        {
            replica.PowerCut();
        }
        else
        {
            replica.Kill();
        }
    }

    private static bool Holds(SimulatedReplica replica, ulong value)
    {
        foreach ((_, ulong applied) in replica.Machine.Entries)
        {
            if (applied == value)
            {
                return true;
            }
        }

        return false;
    }
}
