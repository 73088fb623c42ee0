using System;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine;

/// <summary>The replication engine inside a host's process: one directory, one shard or more, any number of
/// groups.</summary>
/// <remarks>
/// All members may be called from any thread. A fault stops a group or a shard (<see cref="Fault"/>), never the
/// host's process.
/// </remarks>
public sealed class Engine : IAsyncDisposable
{
    /// <summary>The name of the meter whose instruments show every engine of the process, tagged by
    /// <c>replica</c> and <c>shard</c>.</summary>
    public const string MeterName = "CoreEngine";

    private readonly EngineHost _host;

    private Engine(EngineHost host) => _host = host;

    /// <summary>The shard behind it, for tests and measurements.</summary>
    internal EngineHost Host => _host;

    /// <summary>The cluster that the directory belongs to.</summary>
    public ClusterId Cluster => _host.Cluster;

    /// <summary>This replica's number.</summary>
    public uint Replica => _host.Options.Replica;

    /// <summary>
    /// This life of the data directory: random at format, so that a wiped directory is never taken for the old one.
    /// </summary>
    public ulong Incarnation => _host.Incarnation;

    /// <summary>What recovery found: segments, records, bytes, whether a torn tail was cut. For people.</summary>
    public string Recovery => _host.RecoveryText;

    /// <summary>What the search for rot has read, found and made good since the start
    /// (<see cref="EngineOptions.ScrubBytesPerSecond"/>). For people.</summary>
    public string Scrub => _host.ScrubText;

    /// <summary>How the engine reaches disk and network, and why not better. For people.</summary>
    public string Backends => _host.Backends;

    /// <summary>Why a shard stopped, with all its groups; null while all run. The others go on.</summary>
    public EngineFault? Fault => _host.Fault;

    /// <summary>
    /// Prepares an empty or missing directory for one replica of a cluster. Refuses one that holds anything of an
    /// engine.
    /// </summary>
    /// <param name="directory">Created when missing.</param>
    /// <param name="cluster">The same for all replicas of the cluster.</param>
    /// <param name="replica">From 1, unique in the cluster.</param>
    /// <param name="segmentBytes">Bytes of a log segment; must match <see cref="EngineOptions.SegmentBytes"/>.</param>
    /// <param name="shards">Logs, each with a thread of its own; must match <see cref="EngineOptions.Shards"/>, and
    /// does not change.</param>
    /// <exception cref="EngineOpenException">The directory cannot be used; the message says why and what to
    /// do.</exception>
    public static void Format(
        string directory, ClusterId cluster, uint replica, long segmentBytes = 64L * 1024 * 1024, int shards = 1) =>
        EngineHost.Format(directory, cluster, replica, segmentBytes, shards);

    /// <summary>Locks and recovers the directory, listens for the other replicas, and starts the shards.</summary>
    /// <exception cref="ArgumentException">A setting makes no sense; the message names it and the remedy.</exception>
    /// <exception cref="EngineOpenException">
    /// The directory is unformatted, foreign, locked or damaged, or the port is in use; the message says which and
    /// what to do.
    /// </exception>
    public static async ValueTask<Engine> OpenAsync(
        EngineOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Limits.Verify();
        OptionsCheck.Verify(options);
        EngineHost host = await Task.Run(() => EngineHost.Open(options), cancellationToken).ConfigureAwait(false);
        return new Engine(host);
    }

    /// <summary>Opens a Line history: recovers its log, then takes part in its elections and replication.</summary>
    /// <param name="name">The group's name; its first record holds it, another name is refused.</param>
    /// <param name="machine">A fresh machine: it is brought up to date by the committed log.</param>
    /// <param name="options">What the group is.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="ArgumentException">A setting makes no sense, or the group is open already.</exception>
    /// <exception cref="EngineOpenException">The log holds this group under another name or other members.</exception>
    public ValueTask<Group> OpenGroupAsync(
        string name, IStateMachine machine, GroupOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.Verify(name, options);
        return _host.OpenGroupAsync(name, machine, options, cancellationToken);
    }

    /// <summary>
    /// Refuses new work, hands over the groups that this replica leads, waits up to
    /// <see cref="EngineOptions.CloseTimeout"/> for what is pending (the rest ends as Unknown), seals the log, stops
    /// the threads and releases the directory.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from inside <see cref="IStateMachine.Apply"/>.</exception>
    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
