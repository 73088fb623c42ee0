using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Log;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, commit and durability: what recovery makes of damaged and of foreign bytes. S18, S19,
/// S22.</summary>
/// <remarks>
/// Damaged entries are fetched from peers (CTRL, FAST'18): a replica opens with what it claims, votes by it, and leads
/// when it is whole again.
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

    /// <summary>S18: a flipped bit at or below D, in the very last record too, is never cut off; the replica opens
    /// with what it claims, in Recovery mode, and fetches from its peers what it cannot read.</summary>
    internal static void RotIsFetched(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.Append(1, 30);
        script.UntilEqual();
        script.OnlyCandidate(1);
        SimulatedReplica rotten = script[2];
        var chance = new Prng(seed);
        (int claims, int doubts) = (0, 0);
        for (int flip = 0; flip < 40; flip++)
        {
            ulong durable = rotten.Runtime.Frontiers.Durable;
            rotten.Kill();
            bool isLast = flip % 2 == 0;
            SimulatedFile segment = isLast ? Medium.NewestSegment(rotten) : Medium.AnySegment(rotten, chance);
            long bit = Medium.DrawBit(segment, chance, isLast);
            segment.FlipBit(bit);
            LogOpenResult opened = rotten.Recover();
            script.Holds(opened.Log is not null, $"bit {bit} is refused: {opened.Message}");
            bool isInDoubt = rotten.Core.Repair.Doubt != Doubt.None;
            script.Holds(
                rotten.Core.LastIndex >= durable || isInDoubt,
                $"bit {bit}: D was {durable}, recovered {rotten.Core.LastIndex}");
            script.Holds(
                !rotten.IsDamaged || rotten.Runtime.Core.Status.Mode == Mode.Recovery,
                $"a damaged replica is in mode {rotten.Runtime.Core.Status.Mode}");
            claims += rotten.Core.Log.Holes.Count > 0 ? 1 : 0;
            doubts += isInDoubt ? 1 : 0;
            script.Until(() => !rotten.IsDamaged, "what was lost is fetched");
            script.Append(1, 8);
            script.UntilEqual();
        }

        script.Holds(claims >= 5, $"only {claims} of 40 flipped bits left claims");
        script.Holds(doubts >= 5, $"only {doubts} of 40 flipped bits left the end of the log in doubt");
        script.Holds(script.World.Monitors.Repairs.Repaired > 0, $"nothing was fetched");

        // Its own disk alone holds all of it again: it may lead.
        script.Elect(2);
        _ = script.Commit(2);
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S18: a leader finds that it cannot read back what a follower lacks. It leaves, fetches what is lost
    /// from the peer that has it, and goes on; what was committed stays, also through its restart.</summary>
    internal static void RotIsMetWhileRunning(ulong seed)
    {
        using Script script = Script.Started(
            new WorldOptions { Seed = seed, SuffixBytes = 64 * 1024, Snapshots = WorldOptions.NoSnapshots });
        SimulatedReplica rotten = script[1];
        script[3].Kill();
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 150; i++)
            {
                _ = rotten.ProposeAsync(script.World.NextValue());
            }

            script.Until(() => rotten.Runtime.Queue.Bytes == 0, "the proposals are in the log");
            script.Until(() => rotten.Core.CommitIndex == rotten.Core.LastIndex, "they are committed");
        }

        script.Holds(rotten.Core.Log.FirstCached > 1000, $"memory still holds all: nothing is to be read back");
        SimulatedFile segment = Medium.NewestSegment(rotten);
        var chance = new Prng(seed);
        int end = Medium.EndOfData(segment);
        segment.FlipBit(chance.Between(end / 8, end / 4) * 8);
        segment.FlipBit(chance.Between(end / 4, end / 2) * 8);
        script.Free();
        script[3].Start();
        script.Until(() => rotten.IsDamaged, "the damage is met");
        script.Until(() => rotten.Core.Repair.Repaired > 0 && !rotten.IsDamaged, "what was lost is fetched");
        script.UntilEqual();
        script.Holds(rotten.Runtime.Fault is null, $"the group stopped: {rotten.Runtime.Fault?.Reason}");
        script.Restart(1);
        script.UntilEqual();
        _ = script.Commit(1);
    }

    /// <summary>S18: one of the two replicas that hold committed entries cannot read them. By what it claims, or
    /// because it does not know what it claimed, it helps nobody to lead who lacks them; nor does it lead.</summary>
    internal static void DamagedVoter(ulong seed)
    {
        // A page in the middle of the last batch leaves its lists of names; its first page takes them along.
        foreach (bool isNamed in new[] { true, false })
        {
            using Script script = Script.Started(new WorldOptions { Seed = seed });
            SimulatedReplica damaged = script[2];
            WriteOneBatchAtTwo(script, entries: 250);
            script.Until(() => script[1].Core.CommitIndex == script[1].Core.LastIndex, "all of them are committed");
            ulong committed = script[1].Core.CommitIndex;
            damaged.Kill();
            SimulatedFile segment = Medium.NewestSegment(damaged);
            int end = Medium.EndOfData(segment) / LogFormat.PageBytes;
            int pages = Medium.PagesOfLastBatch(segment);
            segment.FlipBit(((end - (isNamed ? 2 : pages)) * LogFormat.PageBytes * 8L) + 8000);
            FrameFilter noHelp = script.Rule(static (in FrameHeader header, ReadOnlySpan<byte> _) =>
                Frames.Is(header, MessageType.RepairReply) ? FrameFate.Drop : FrameFate.Pass);
            script[1].Kill();
            damaged.Start();
            script.Holds(
                damaged.IsDamaged && isNamed == (damaged.Core.LastIndex == committed),
                $"committed {committed}, recovered {damaged.Core.LastIndex}");
            script.OnlyCandidate(3);
            script.Throughout(
                4 * Script.Second, () => script.World.Leader is null, "nobody leads without what is committed");
            script.OnlyCandidate(2);
            script.Throughout(
                4 * Script.Second, () => script.World.Leader is null, "nobody leads who cannot read its log");
            script.Lift(noHelp);
            script[1].Start();
            script.Free();
            script.UntilEqual();
            script.Until(() => !damaged.IsDamaged, "replica 2 is whole again");
        }
    }

    /// <summary>The last entries reach replicas 1 and 2 only, and stand in one batch of several pages at 2: everything
    /// before them stands at 3 as well.</summary>
    private static void WriteOneBatchAtTwo(Script script, int entries)
    {
        for (int attempt = 0; attempt < 20; attempt++)
        {
            script.EntriesOnlyTo(2);
            for (int i = 0; i < entries; i++)
            {
                _ = script[1].ProposeAsync(script.World.NextValue());
            }

            script.UntilSpread(1);
            if (Medium.RecordsOfLastBatch(Medium.NewestSegment(script[2])) == entries)
            {
                return;
            }

            script.EntriesToAll();
            script.UntilEqual();
        }

        script.Holds(false, $"the last entries never stood in one batch");
    }

    /// <summary>S19: every copy of one committed entry is corrupt. Nobody leads, each says which index is lost, and
    /// nothing is lost silently: with one copy mended everything acknowledged is there, on all of them.</summary>
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
            script.Holds(opened.Log is not null, $"replica {replica.Number} does not open: {opened.Message}");
            script.Holds(
                replica.Core.Log.Holes.Touches(index, index),
                $"replica {replica.Number} does not claim index {index}: {opened.Message}");
        }

        script.Throughout(
            5 * Script.Second, () => script.World.Leader is null, "nobody leads without a copy of a committed entry");
        foreach (SimulatedReplica replica in script.World.Replicas)
        {
            RepairStatus status = replica.Runtime.Core.Status.Repair;
            bool isNamed = status.IsStuck && status.First <= index && index <= status.Last && status.Damaged == 2
                && status.ToString().Contains("no other replica can give them", StringComparison.Ordinal);
            script.Holds(isNamed, $"replica {replica.Number} does not name index {index}: {status}");
        }

        script[1].Kill();
        Medium.FirstSegment(script[1]).FlipBit(bits[0]);
        script[1].Start();
        script.UntilEqual();
        script.Holds(
            !script[2].IsDamaged && !script[3].IsDamaged, $"the others have not fetched what the first one holds");
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
