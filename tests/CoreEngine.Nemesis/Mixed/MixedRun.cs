using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis.Mixed;

/// <summary>One cluster, one seed, and faults of every kind that this machine permits, one after another.</summary>
internal static class MixedRun
{
    private const int Replicas = 3;
    private const int Megabytes = 512;

    /// <summary>Runs a schedule and judges it.</summary>
    /// <param name="seed">Decides which faults come, in which order, to whom.</param>
    /// <param name="length">No fault begins after this.</param>
    /// <param name="say">Told every fault and how long it took to come back from it.</param>
    /// <param name="stop">Ends the run early; what there is is judged all the same.</param>
    /// <returns>The verdict, when all was well.</returns>
    /// <exception cref="NemesisException">Names what was not.</exception>
    internal static async Task<string> RunAsync(
        ulong seed, TimeSpan length, Action<string> say, CancellationToken stop)
    {
        using var stage = new Stage();
        var disks = new Dictionary<uint, LoopDisk>();
        string Place(uint number)
        {
            disks[number] = stage.Make(() => new LoopDisk(stage.Scratch, $"disk-{number}", Megabytes));
            return disks[number].Path;
        }

        bool hasNetwork = Needs.Missing(Need.Network) is null;
        NetworkLab? network = hasNetwork ? stage.Make(() => new NetworkLab(stage.Scratch, Replicas)) : null;
        await stage.StartAsync(new ClusterShape
        {
            Replicas = Replicas,
            SegmentBytes = 1024 * 1024,
            AreCallsSeen = Needs.Missing(Need.Trace) is null,
            Network = network,
            DataPlace = Needs.Missing(Need.PowerCut) is null ? Place : null,
        });
        var prng = new Prng(seed);
        var menu = new FaultMenu(stage, network, disks, prng);
        Fault[] faults = [.. menu.Permitted()];
        int done = 0;
        for (long start = Stopwatch.GetTimestamp();
            Stopwatch.GetElapsedTime(start) < length && !stop.IsCancellationRequested;
            done++)
        {
            // Every kind once before any comes twice: the order alone is drawn.
            int place = done % faults.Length;
            int chosen = (int)prng.Between(place, faults.Length);
            (faults[place], faults[chosen]) = (faults[chosen], faults[place]);
            await StepAsync(menu, faults[place], say);
        }

        string verdict = await stage.JudgeAsync();
        return string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {done} faults; {verdict}");
    }

    private static async Task StepAsync(FaultMenu menu, Fault fault, Action<string> say)
    {
        long start = Stopwatch.GetTimestamp();
        string victim = "nobody yet";
        try
        {
            victim = await fault.Strike();
            await menu.RepairAsync();
        }
        catch (NemesisException error)
        {
            throw new NemesisException($"{fault.Name} ({victim}): {error.Message}", error);
        }

        say(string.Create(
            CultureInfo.InvariantCulture,
            $"  {fault.Name} ({victim}): over and all caught up after "
            + $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms"));
    }
}
