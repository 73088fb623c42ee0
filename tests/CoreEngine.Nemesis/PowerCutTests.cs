// Goal: what was acknowledged survives a power cut. Method: the file system under a replica is shut down in the middle
// of its writes, so that everything is lost that was not durable; then it is mounted again, and every single
// acknowledged write is asked for. NEMESIS_CUTS names the number of cuts for longer runs.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;
using CoreEngine.Model;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Nemesis;

public sealed class PowerCutTests(ITestOutputHelper notes)
{
    private const int CutsPerCommit = 50;
    private const int Lanes = 2;
    private const int Megabytes = 192;

    private static int Cuts =>
        int.TryParse(
            Environment.GetEnvironmentVariable("NEMESIS_CUTS"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int cuts) ? cuts : CutsPerCommit;

    [NeedsFact(Need.PowerCut)]
    public void PowerCut_loses_what_was_not_durable_and_nothing_else()
    {
        using var scratch = new Scratch();
        using var disk = new LoopDisk(scratch, "disk", 16);
        byte[] bytes = new byte[100_000];
        string durable = Path.Combine(disk.Path, "durable");
        using (var file = new FileStream(
            durable, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.WriteThrough))
        {
            file.Write(bytes);
        }

        File.WriteAllBytes(Path.Combine(disk.Path, "cached"), bytes);
        disk.CutPower(flushesJournal: false);
        Assert.ThrowsAny<IOException>(() => File.WriteAllBytes(Path.Combine(disk.Path, "late"), bytes));
        disk.RestorePower();
        Assert.Equal(bytes.Length, new FileInfo(durable).Length);
        Assert.False(File.Exists(Path.Combine(disk.Path, "cached")));
        Assert.False(File.Exists(Path.Combine(disk.Path, "late")));
    }

    [NeedsFact(Need.PowerCut)]
    public async Task Nemesis_many_power_cuts_keep_every_acknowledged_write()
    {
        int[] written = await Task.WhenAll(
            Enumerable.Range(0, Lanes).Select(static lane => Task.Run(() => CutManyAsync(lane, Cuts / Lanes))));
        notes.WriteLine($"{Cuts / Lanes * Lanes} power cuts, all of {written.Sum()} acknowledged writes there");
        Assert.True(written.Sum() >= Cuts);
    }

    [NeedsFact(Need.PowerCut)]
    public async Task Nemesis_power_cuts_of_all_replicas_at_once()
    {
        using var stage = new Stage();
        var disks = new Dictionary<uint, LoopDisk>();
        string Place(uint number)
        {
            disks[number] = stage.Make(() => new LoopDisk(stage.Scratch, $"disk-{number}", Megabytes));
            return disks[number].Path;
        }

        await stage.StartAsync(new ClusterShape { DataPlace = Place });
        foreach (bool flushesJournal in (bool[])[false, true])
        {
            foreach (LoopDisk disk in disks.Values)
            {
                disk.CutPower(flushesJournal);
            }

            await stage.Cluster.KillAllAsync();
            foreach (LoopDisk disk in disks.Values)
            {
                disk.RestorePower();
            }

            await stage.Cluster.StartAllAsync();
            await stage.Load.GoesOnAsync();
        }

        notes.WriteLine(await stage.JudgeAsync());
    }

    /// <summary>One replica on one disk, cut again and again. Returns how many writes were acknowledged.</summary>
    private static async Task<int> CutManyAsync(int lane, int cuts)
    {
        using var stage = new Stage();
        var disks = new List<LoopDisk>();
        string Place(uint number)
        {
            disks.Add(stage.Make(() => new LoopDisk(stage.Scratch, $"disk-{number}", Megabytes)));
            return disks[0].Path;
        }

        var shape = new ClusterShape
        {
            Replicas = 1,
            DataPlace = Place,
            SegmentBytes = 1024 * 1024,
            HeartbeatMs = 5,
            ElectionMinMs = 15,
            ElectionMaxMs = 30,
        };
        NemesisCluster cluster = await stage.StartReplicasAsync(shape);
        var prng = new Prng((ulong)lane + 1);
        var books = new List<WriteBook>();
        for (int cut = 0; cut < cuts; cut++)
        {
            books.Add(await CutOnceAsync(cluster, disks[0], cut, prng));
            await cluster.StartAllAsync();

            // A leader reads only once its own term has committed something.
            await cluster.AtRestAsync(cluster.Replicas);
            await Judgement.VerifyUniqueAsync(cluster, cluster.Replicas[0], books[^1]);
        }

        foreach (WriteBook book in books)
        {
            await Judgement.VerifyUniqueAsync(cluster, cluster.Replicas[0], book);
        }

        return books.Sum(static book => book.Acknowledged.Count);
    }

    /// <summary>Cuts the power with some acknowledgement, and brings it back with no process on the disk.</summary>
    private static async Task<WriteBook> CutOnceAsync(NemesisCluster cluster, LoopDisk disk, int cut, Prng prng)
    {
        const int Writers = 3;
        NemesisReplica replica = cluster.Replicas[0];
        var book = new WriteBook((int)prng.Between(1, 150));
        using var stop = new CancellationTokenSource();
        Task writers = Task.WhenAll(Enumerable.Range(0, Writers).Select(number => Task.Run(() => new UniqueWriter(
            string.Create(CultureInfo.InvariantCulture, $"cut:{cut}:{number}:"),
            pipeline: 4,
            valueBytes: 24 + (number * 700),
            pace: TimeSpan.Zero,
            new ReplicaDialer(cluster.Endpoints, 0, NemesisCluster.Patience),
            book).RunAsync(stop.Token))));
        if (await Task.WhenAny(book.GoalReached, writers, Task.Delay(NemesisCluster.Patience)) != book.GoalReached)
        {
            throw new NemesisException($"too few acknowledgements before cut {cut}: {replica.Tail()}");
        }

        disk.CutPower(flushesJournal: prng.Chance(1, 3));

        // Left alone it must notice, acknowledge nothing more and end; killed, it had no time to say anything.
        if (prng.Chance(1, 2))
        {
            int code = await replica.ExitAsync();
            Assert.True(code == 1, $"ended with {code} after cut {cut}: {replica.Tail()}");
        }

        await replica.KillAsync();
        await stop.CancelAsync();
        await writers;
        disk.RestorePower();
        return book;
    }
}
