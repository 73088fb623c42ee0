using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis.Mixed;

/// <summary>A kind of fault.</summary>
/// <param name="Name">What it is called in the report.</param>
/// <param name="Need">What it takes.</param>
/// <param name="Strike">Makes it, holds it until its consequence is seen, and says who was hit.</param>
internal sealed record Fault(string Name, Need Need, Func<Task<string>> Strike);

/// <summary>The kinds of faults, on one stage.</summary>
internal sealed class FaultMenu(
    Stage stage, NetworkLab? network, IReadOnlyDictionary<uint, LoopDisk> disks, Prng prng)
{
    private const int WritesHeld = 40;

    private NemesisCluster Cluster => stage.Cluster;

    /// <summary>Those that this machine permits.</summary>
    internal IEnumerable<Fault> Permitted()
    {
        Fault[] all =
        [
            new("SIGKILL to the leader", Need.None, () => KillAsync(LeaderAsync)),
            new("SIGKILL to one", Need.None, () => KillAsync(AnyoneAsync)),
            new("SIGKILL to all", Need.None, KillAllAsync),
            new("SIGSTOP of the leader", Need.None, () => PauseAsync(LeaderAsync)),
            new("SIGSTOP of one", Need.None, () => PauseAsync(AnyoneAsync)),
            new("freezer on the leader", Need.Freezer, FreezeAsync),
            new("leader isolated", Need.Network, () => CutAsync(static (lab, one, _) => lab.Isolate(one))),
            new("leader mute", Need.Network, () => CutAsync(static (lab, one, other) => lab.DropOneWay(one, other))),
            new("leader deaf", Need.Network, () => CutAsync(static (lab, one, other) => lab.DropOneWay(other, one))),
            new("one pair cut", Need.Network, CutPairAsync),
            new("all apart", Need.Network, AllApartAsync),
            new("leader's cable pulled", Need.Network, PullCableAsync),
            new("power cut of one", Need.PowerCut, () => CutPowerAsync(all: false)),
            new("power cut of all", Need.PowerCut, () => CutPowerAsync(all: true)),
            new("leader's disk full", Need.PowerCut, FillAsync),
            new("EIO for one", Need.Trace, FailAsync),
            new("rolling restart", Need.None, RollAsync),
        ];
        return all.Where(static fault => Needs.Missing(fault.Need) is null);
    }

    /// <summary>The fault is over: who is dead is started, everybody catches up, writes go on.</summary>
    internal async Task RepairAsync()
    {
        await Cluster.StartAllAsync();
        await Cluster.FindLeaderAsync();
        foreach (NemesisReplica replica in Cluster.Replicas)
        {
            await Cluster.CaughtUpAsync(replica);
        }

        await stage.Load.GoesOnAsync();
    }

    private Task<NemesisReplica> LeaderAsync() => Cluster.FindLeaderAsync();

    private Task<NemesisReplica> AnyoneAsync() =>
        Task.FromResult(Cluster.Replicas[(int)prng.Between(0, Cluster.Replicas.Count)]);

    private static string Name(NemesisReplica replica) =>
        string.Create(CultureInfo.InvariantCulture, $"replica {replica.Number}");

    private async Task<string> KillAsync(Func<Task<NemesisReplica>> choose)
    {
        NemesisReplica victim = await choose();
        await victim.KillAsync();
        await stage.Load.GoesOnAsync(WritesHeld);
        return Name(victim);
    }

    private async Task<string> KillAllAsync()
    {
        await Cluster.KillAllAsync();
        return "everyone";
    }

    private async Task<string> PauseAsync(Func<Task<NemesisReplica>> choose)
    {
        NemesisReplica victim = await choose();
        await HoldAsync(victim.Pause, victim.Resume);
        return Name(victim);
    }

    private async Task<string> FreezeAsync()
    {
        NemesisReplica victim = await LeaderAsync();
        using var freezer = new FreezerGroup(stage.Scratch, victim.ProcessId);
        await HoldAsync(freezer.Freeze, freezer.Thaw);
        return Name(victim);
    }

    /// <summary>A fault of one replica: the others must go on while it lasts.</summary>
    private async Task HoldAsync(Action begin, Action end)
    {
        begin();
        try
        {
            await stage.Load.GoesOnAsync(WritesHeld);
        }
        finally
        {
            end();
        }
    }

    private async Task<string> CutAsync(Action<NetworkLab, uint, uint> cut)
    {
        NemesisReplica leader = await LeaderAsync();
        foreach (NemesisReplica other in Cluster.Others(leader))
        {
            cut(network!, leader.Number, other.Number);
        }

        await Cluster.FindLeaderAsync(otherThan: leader);
        await stage.Load.GoesOnAsync(WritesHeld);
        network!.Heal();
        return Name(leader);
    }

    private async Task<string> CutPairAsync()
    {
        NemesisReplica one = await AnyoneAsync();
        NemesisReplica other = Cluster.Others(one)[(int)prng.Between(0, Cluster.Replicas.Count - 1)];
        await HoldAsync(() => network!.Cut(one.Number, other.Number), network!.Heal);
        return $"{Name(one)} and {Name(other)}";
    }

    private async Task<string> AllApartAsync()
    {
        foreach (NemesisReplica replica in Cluster.Replicas)
        {
            network!.Isolate(replica.Number);
        }

        await stage.Load.StandsStillAsync();
        network!.Heal();
        return "everyone";
    }

    private async Task<string> PullCableAsync()
    {
        NemesisReplica leader = await LeaderAsync();
        await HoldAsync(
            () => network!.SetCable(leader.Number, isPlugged: false),
            () => network!.SetCable(leader.Number, isPlugged: true));
        return Name(leader);
    }

    private async Task<string> CutPowerAsync(bool all)
    {
        NemesisReplica[] victims = all ? [.. Cluster.Replicas] : [await AnyoneAsync()];
        bool flushesJournal = prng.Chance(1, 3);
        foreach (NemesisReplica victim in victims)
        {
            disks[victim.Number].CutPower(flushesJournal);
        }

        foreach (NemesisReplica victim in victims)
        {
            await victim.KillAsync();
            disks[victim.Number].RestorePower();
        }

        return string.Join(", ", victims.Select(Name));
    }

    /// <summary>The disk stays full until the leader has refused a write for that, or leads no more.</summary>
    private async Task<string> FillAsync()
    {
        NemesisReplica victim = await LeaderAsync();
        int Refusals() => stage.Load.Book.Refused.Count(
            static one => one.Reason.Contains("free space", StringComparison.Ordinal));
        int before = Refusals();
        using (new Ballast(Path.GetDirectoryName(victim.DataDirectory)!))
        {
            await Cluster.WaitAsync(
                views => Refusals() > before || views[(int)victim.Number - 1] is { IsLeader: false },
                $"{Name(victim)} leads with a full disk and has refused nothing for that");
        }

        return Name(victim);
    }

    private async Task<string> FailAsync()
    {
        NemesisReplica victim = await AnyoneAsync();
        string calls = stage.Scratch.Sub("calls");
        using (CallTrace trace = await CallTrace.AttachAsync(
            victim.ProcessId, calls, "pwritev2,fdatasync,fsync", "pwritev2:error=EIO:when=3"))
        {
            await victim.ExitAsync();
        }

        await stage.Load.GoesOnAsync(WritesHeld);
        return Name(victim);
    }

    private async Task<string> RollAsync()
    {
        foreach (NemesisReplica replica in Cluster.Replicas)
        {
            await replica.StopAsync();
            await replica.StartAsync();
            await Cluster.CaughtUpAsync(replica);
        }

        return "everyone";
    }
}
