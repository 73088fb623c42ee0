// Goal: a disk that is full, fails or was swapped for an empty one is named, costs nothing that was acknowledged, and
// does not stop the others. Method: small file systems of their own, strace that lets calls fail, a directory formatted
// anew under an old number.
using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Nemesis;

public sealed class DiskFaultTests(ITestOutputHelper notes)
{
    private const string Writes = "pwritev2,pwrite64,fdatasync,fsync";
    private const int SegmentBytes = 1024 * 1024;
    private const int ValueBytes = 16 * 1024;

    [NeedsFact(Need.MemoryDisk)]
    public async Task Nemesis_full_disk_of_the_leader_refuses_by_name_and_goes_on_when_there_is_room()
    {
        using var stage = new Stage();
        await StartOnMemoryAsync(stage);
        NemesisReplica leader = await stage.Cluster.FindLeaderAsync();
        using (new Ballast(Path.GetDirectoryName(leader.DataDirectory)!))
        {
            await stage.Cluster.WaitAsync(
                _ => stage.Load.Book.Refused.Any(
                    static one => one.Reason.Contains("free space", StringComparison.Ordinal)),
                "no write was refused for want of free space");
        }

        await stage.Load.GoesOnAsync();
        Assert.True(leader.IsRunning, leader.Tail());
        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.MemoryDisk)]
    public async Task Nemesis_full_disk_of_a_follower_does_not_stop_the_others_and_a_restart_with_room_catches_up()
    {
        using var stage = new Stage();
        await StartOnMemoryAsync(stage);
        NemesisReplica follower = stage.Cluster.Others(await stage.Cluster.FindLeaderAsync())[0];
        using (new Ballast(Path.GetDirectoryName(follower.DataDirectory)!))
        {
            // More than the segments hold that it had prepared.
            await stage.Load.GoesOnAsync(5 * SegmentBytes / ValueBytes);
        }

        await follower.KillAsync();
        await follower.StartAsync();
        await stage.Cluster.CaughtUpAsync(follower);
        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.Trace)]
    public async Task Nemesis_failed_write_of_the_leader_stops_it_for_good_and_the_others_go_on()
    {
        using var stage = new Stage();
        await stage.StartAsync(new ClusterShape { AreCallsSeen = true });
        NemesisReplica leader = await stage.Cluster.FindLeaderAsync();
        await FailAsync(stage, leader, "pwritev2:error=EIO:when=5", never: Writes);
        await stage.Cluster.FindLeaderAsync(otherThan: leader);
        await stage.Load.GoesOnAsync();
        await leader.StartAsync();
        await stage.Cluster.CaughtUpAsync(leader);
        notes.WriteLine(await stage.JudgeAsync());
    }

    [NeedsFact(Need.Trace)]
    public async Task Nemesis_failed_sync_of_a_follower_stops_it_for_good_and_the_others_go_on()
    {
        using var stage = new Stage();
        var shape = new ClusterShape { SegmentBytes = SegmentBytes, AreCallsSeen = true };
        await stage.StartAsync(shape, pipeline: 2, ValueBytes);
        NemesisReplica follower = stage.Cluster.Others(await stage.Cluster.FindLeaderAsync())[0];

        // A sync comes with every new segment; log writes carry their own, and one of them, to another file, may be on
        // its way to the disk's other thread when the sync fails.
        await FailAsync(stage, follower, "fdatasync,fsync:error=EIO:when=1", never: "fdatasync,fsync");
        await stage.Load.GoesOnAsync();
        await follower.StartAsync();
        await stage.Cluster.CaughtUpAsync(follower);
        notes.WriteLine(await stage.JudgeAsync());
    }

    [Fact]
    public async Task Nemesis_wiped_disk_under_an_old_number_is_refused_and_counts_for_no_quorum()
    {
        using var stage = new Stage();
        await stage.StartAsync();
        NemesisReplica leader = await stage.Cluster.FindLeaderAsync();
        NemesisReplica[] others = stage.Cluster.Others(leader);
        NemesisReplica wiped = others[0];
        await wiped.KillAsync();
        Directory.Delete(wiped.DataDirectory, recursive: true);
        stage.Cluster.Format(wiped);
        await wiped.StartAsync();
        await stage.Cluster.WaitAsync(
            _ => leader.Tail().Contains("Forgotten", StringComparison.Ordinal)
                && others[1].Tail().Contains("Forgotten", StringComparison.Ordinal),
            $"the peers did not say that replica {wiped.Number} is refused as Forgotten");
        await stage.Load.GoesOnAsync();

        // The leader and the forgetful one are two of three, and still no quorum.
        await others[1].KillAsync();
        await stage.Load.StandsStillAsync();
        await others[1].StartAsync();
        await stage.Load.GoesOnAsync();
        notes.WriteLine(await stage.JudgeAsync([leader, others[1]]));
    }

    private static Task StartOnMemoryAsync(Stage stage)
    {
        const int Megabytes = 512;
        string Place(uint number) => stage.Make(() => new MemoryDisk(stage.Scratch, $"disk-{number}", Megabytes)).Path;
        return stage.StartAsync(
            new ClusterShape { DataPlace = Place, SegmentBytes = SegmentBytes }, pipeline: 2, ValueBytes);
    }

    /// <summary>Lets a call of a replica fail, and demands that it ends, names why, and tries it no more.</summary>
    /// <param name="stage">Where it runs.</param>
    /// <param name="replica">Whose calls.</param>
    /// <param name="inject">What is to fail, in strace's words.</param>
    /// <param name="never">Calls that must not be made any more afterwards.</param>
    private static async Task FailAsync(Stage stage, NemesisReplica replica, string inject, string never)
    {
        using CallTrace trace = await CallTrace.AttachAsync(
            replica.ProcessId, stage.Scratch.Sub("calls"), Writes, inject);
        int code = await replica.ExitAsync();
        string[] after = await trace.ReadAfterFailureAsync();
        Assert.True(code == 1, $"ended with {code}: {replica.Tail()}");
        Assert.Contains("fault: ", replica.Tail(), StringComparison.Ordinal);
        Assert.Contains("Input/output error", replica.Tail(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            after, line => never.Split(',').Any(call => line.Contains($" {call}(", StringComparison.Ordinal)));
    }
}
