using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, commit and durability: what recovery makes of damaged and of foreign bytes. S18, S19,
/// S22.</summary>
/// <remarks>
/// The catalogue wants damaged entries fetched from peers (CTRL). The engine does not repair yet: the replica refuses
/// to open, names what is lost and leaves its bytes as they are; the others go on while they are a majority.
/// </remarks>
internal static class DamageScenarios
{
    /// <summary>S18, torn tail against rot: what no write reached in full is cut off.</summary>
    internal static void TornTailIsCut(ulong seed)
    {
        int torn = 0;
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        var chance = new Prng(seed);
        for (int cut = 0; cut < 15; cut++)
        {
            for (int i = 0; i < 10; i++)
            {
                _ = script[1].ProposeAsync(script.World.NextValue());
                script.World.RunFor(chance.Between(10_000, 200_000));
            }

            ulong durable = script[2].Runtime.Frontiers.Durable;
            script[2].PowerCut();
            LogOpenResult opened = script[2].Recover();
            script.Holds(opened.Log is not null, $"a torn tail is refused: {opened.Message}");
            script.Holds(
                script[2].Core.LastIndex >= durable, $"D was {durable}, recovered {script[2].Core.LastIndex}");
            torn += opened.Report.IsTailCut ? 1 : 0;
        }

        script.Holds(torn > 0, $"no tail was torn: the cuts missed the writes");
        script.UntilEqual();
    }

    /// <summary>S18: a flipped bit at or below D, in the very last record too, is never cut off; the replica refuses
    /// with the place and what is lost, and the others go on.</summary>
    internal static void RotIsNotCut(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.Append(1, 30);
        script.UntilEqual();
        SimulatedReplica rotten = script[2];
        ulong durable = rotten.Runtime.Frontiers.Durable;
        rotten.Kill();
        SimulatedFile segment = Medium.FirstSegment(rotten);
        var chance = new Prng(seed);
        int refused = 0;
        for (int flip = 0; flip < 40; flip++)
        {
            long bit = Medium.DrawBit(segment, chance, lastPage: flip % 2 == 0);
            segment.FlipBit(bit);
            LogOpenResult opened = rotten.Recover();
            if (opened.Log is not null)
            {
                // Only a bit that means nothing may be passed over: nothing is missing then.
                script.Holds(
                    rotten.Core.LastIndex >= durable,
                    $"bit {bit}: D was {durable}, recovered {rotten.Core.LastIndex}");
                rotten.Kill();
            }
            else
            {
                refused++;
                script.Holds(
                    opened.Status == LogOpenStatus.Damaged
                        && opened.Message.Contains("Acknowledged records are damaged", StringComparison.Ordinal)
                        && opened.Message.Contains(LogFormat.SegmentName(1), StringComparison.Ordinal),
                    $"bit {bit} is refused as {opened.Status}: {opened.Message}");
            }

            segment.FlipBit(bit);
        }

        script.Holds(refused >= 20, $"only {refused} of 40 flipped bits were refused");
        long last = Medium.DrawBit(segment, chance, lastPage: true);
        segment.FlipBit(last);
        script.Holds(rotten.Recover().Log is null || rotten.Core.LastIndex >= durable, $"the last record was cut off");
        if (rotten.IsRunning)
        {
            rotten.Kill();
        }

        _ = script.Commit(1);
        segment.FlipBit(last);
        rotten.Start();
        script.UntilEqual();
    }

    /// <summary>S19: every copy of one committed entry is corrupt. Nobody opens, each says which index is lost, and
    /// nothing is lost silently: with two copies mended everything acknowledged is there.</summary>
    internal static void AllCopiesCorrupt(ulong seed)
    {
        const ulong Value = 0x5EED_0FC0_FFEE_F00D;
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.Append(1, 10);
        Task<Receipt> receipt = script[1].ProposeAsync(Value);
        script.Until(() => receipt.IsCompleted, "the entry is decided");
        script.Holds(receipt.Result.Outcome == Outcome.Committed, $"the entry ended as {receipt.Result.Outcome}");
        ulong index = receipt.Result.Coordinate.Index;
        script.Append(1, 10);
        script.UntilEqual();
        var bits = new List<long>();
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            replica.Kill();
            int place = Medium.Find(Medium.FirstSegment(replica), Value);
            script.Holds(place >= 0, $"the entry is not found on the disk of replica {replica.Number}");
            bits.Add((place * 8L) + 3);
            Medium.FirstSegment(replica).FlipBit(bits[^1]);
        }

        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            LogOpenResult opened = replica.Recover();
            script.Holds(opened.Log is null, $"replica {replica.Number} opens without a committed entry");
            bool isNamed = false;
            foreach (LogDamage damage in opened.Damages)
            {
                foreach (DamagedRange range in damage.Ranges)
                {
                    isNamed |= range.First <= index && index <= range.Last
                        && opened.Message.Contains(range.ToString(), StringComparison.Ordinal);
                }
            }

            script.Holds(isNamed, $"replica {replica.Number} does not name index {index}: {opened.Message}");
        }

        script.World.RunFor(5 * Script.Second);
        script.Holds(script.World.Leader is null, $"a cluster without a copy of a committed entry has a leader");
        for (uint mended = 1; mended <= 2; mended++)
        {
            Medium.FirstSegment(script[mended]).FlipBit(bits[(int)mended - 1]);
            script[mended].Start();
        }

        script.Free();
        script.UntilEqual();
    }

    /// <summary>S22, foreign geometry: a log of another page or sector size, of another version, older or newer, or
    /// with unknown features is refused with its reason and never misread; as it was, it opens.</summary>
    internal static void ForeignGeometry(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.Append(1, 5);
        script.UntilEqual();
        SimulatedReplica foreign = script[3];
        ulong durable = foreign.Runtime.Frontiers.Durable;
        foreign.Kill();
        foreach ((int field, int own, int other, string reason) in new[]
        {
            (8, (int)LogFormat.Version, 2, "version is 2"),
            (8, (int)LogFormat.Version, 0, "version is 0"),
            (12, (int)LogFormat.IncompatibleKnown, 0x100, "incompatible features 0x100"),
            (20, LogFormat.PageBytes, 16384, "16384 B"),
            (24, LogFormat.SectorBytes, 4096, "sectors of 4096 B"),
        })
        {
            foreach ((string name, int pages) in new[]
            {
                (LogFormat.SuperblockFile, Superblock.Copies),
                (LogFormat.SegmentName(LogFormat.FirstSegment), LogFormat.HeaderPages),
            })
            {
                Rewrite(foreign, name, pages, field, other);
                LogOpenResult opened = foreign.Recover();
                script.Holds(
                    opened.Log is null && opened.Status == LogOpenStatus.NewerFormat
                        && opened.Message.Contains(reason, StringComparison.Ordinal),
                    $"{name}, field {field} = {other}: {opened.Status}, {opened.Message}");
                Rewrite(foreign, name, pages, field, own);
            }
        }

        _ = script.Commit(1);
        foreign.Start();
        script.Holds(foreign.Core.LastIndex >= durable, $"D was {durable}, recovered {foreign.Core.LastIndex}");
        script.UntilEqual();
    }

    private static void Rewrite(SimulatedReplica replica, string name, int pages, int field, int value)
    {
        SimulatedFile file = replica.Disk.Find(name)!;
        for (int page = 0; page < pages; page++)
        {
            Medium.Rewrite(file, page, field, value);
        }
    }
}
