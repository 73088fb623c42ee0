using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Nemesis.Cluster;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis;

/// <summary>
/// Everything that one run makes on the machine, taken down in the opposite order, also after a failure.
/// </summary>
internal sealed class Stage : IDisposable
{
    private readonly Stack<IDisposable> _made = new();
    private NemesisCluster? _cluster;
    private Load? _load;

    internal Scratch Scratch { get; } = new();

    internal NemesisCluster Cluster => _cluster!;

    internal Load Load => _load!;

    /// <summary>Makes something that is kept until the end, such as a disk or a network.</summary>
    internal T Make<T>(Func<T> make)
        where T : IDisposable
    {
        T made = make();
        _made.Push(made);
        return made;
    }

    /// <summary>Starts replicas and clients, and waits for the first acknowledged writes.</summary>
    internal async Task StartAsync(ClusterShape? shape = null, int pipeline = 6, int valueBytes = 24)
    {
        await StartReplicasAsync(shape ?? new ClusterShape());
        _load = Load.Start(Cluster, Scratch, pipeline, valueBytes);
        await _load.GoesOnAsync();
    }

    /// <summary>Starts replicas alone, and waits until one leads.</summary>
    internal async Task<NemesisCluster> StartReplicasAsync(ClusterShape shape)
    {
        _cluster = NemesisCluster.Format(Scratch, shape);
        await _cluster.StartAllAsync();
        await _cluster.FindLeaderAsync();
        return _cluster;
    }

    /// <summary>Judges the run.</summary>
    internal Task<string> JudgeAsync(IReadOnlyList<NemesisReplica>? members = null) =>
        Judgement.PassAsync(Cluster, Load, Scratch, members);

    public void Dispose()
    {
        _load?.Dispose();
        _cluster?.Dispose();
        while (_made.TryPop(out IDisposable? made))
        {
            made.Dispose();
        }

        Scratch.Dispose();
    }
}
