using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;
using CoreEngine.Load.Log;
using CoreEngine.Load.Raw;
using CoreEngine.Load.Resp;

namespace CoreEngine.Load;

/// <summary>
/// Runs all rows: repetition by repetition, raw rows and engine rows side by side, because a disk drifts within the
/// hour.
/// </summary>
internal sealed class LoadRun(LoadSettings settings, Action<string> progress)
{
    /// <summary>Payload of the rows that compare forms of calling: tickets and RESP.</summary>
    private const int ComparedPayload = 16;

    /// <summary>
    /// Outstanding while a fresh cluster is warmed up: many, so that the JIT has seen everything and the caches of
    /// recent entries have
    /// grown to their bounds before the first row.
    /// </summary>
    private const int WarmOutstanding = 1024;

    /// <summary>
    /// Bytes of records that a replica keeps in memory before it uses them again, and bytes of a record beside its
    /// payload.
    /// </summary>
    private const long CachedBytes = 32 * 1024 * 1024;
    private const int RecordOverheadBytes = 40;
    private const int WarmRoundsMax = 3;

    /// <summary>Seconds between the start of a row's load and its measured time, once the processes are warm.</summary>
    private const double SettleSeconds = 0.3;

    private readonly Dictionary<RowKey, Row> _rows = [];
    private uint _run;

    /// <summary>Rows in the order of the table.</summary>
    internal IEnumerable<Row> Rows => _rows.Values
        .OrderBy(static row => Array.IndexOf(LoadSettings.AllLayers, row.Key.Layer))
        .ThenBy(static row => row.Key.Payload)
        .ThenBy(static row => row.Key.Outstanding);

    /// <summary>How the engine reaches disk and network; empty when no cluster ran.</summary>
    internal string Backends { get; private set; } = "";

    /// <summary>Why no RESP rows were measured; null when they were, or were not asked for.</summary>
    internal string? RespSkipped { get; private set; }

    /// <summary>What else the machine did meanwhile.</summary>
    internal string Others { get; private set; } = "";

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        MachineLoad before = MachineLoad.Read();
        Directory.CreateDirectory(settings.Directory);
        try
        {
            using var disk = new RawDisk(Path.Combine(settings.Directory, "raw"));
            using var network = new PingPong();
            for (int repetition = 1; repetition <= settings.Repetitions; repetition++)
            {
                foreach (int payload in settings.Payloads)
                {
                    progress($"repetition {repetition} of {settings.Repetitions}, payload {payload} B");
                    MeasureRaw(disk, network, cancellationToken);
                    MeasureLog(payload, cancellationToken);
                    await MeasureClusterAsync(payload, cancellationToken);
                    await MeasureRespAsync(payload, cancellationToken);
                }
            }
        }
        finally
        {
            Directory.Delete(settings.Directory, recursive: true);
            Others = MachineLoad.Read().OthersSince(before);
        }
    }

    private void MeasureRaw(RawDisk disk, PingPong network, CancellationToken cancellationToken)
    {
        foreach (int files in new[] { 1, 3 })
        {
            if (settings.Wants(new RowKey("disk", DurableFile.BlockBytes, files)))
            {
                Add(disk.Measure(files, settings.RawSeconds, cancellationToken));
            }
        }

        if (settings.Wants(new RowKey("tcp", PingPong.MessageBytes, 1)))
        {
            Add(network.Measure(settings.RawSeconds, cancellationToken));
        }
    }

    private void MeasureLog(int payload, CancellationToken cancellationToken)
    {
        RowKey[] keys = [.. settings.RowsOf("log", payload)];
        if (keys.Length == 0)
        {
            return;
        }

        string directory = Path.Combine(settings.Directory, "log");
        using (var log = LogRows.Open(directory, settings.Ring))
        {
            foreach (RowKey key in keys)
            {
                Add(log.Measure(key.Payload, key.Outstanding, settings.LogSeconds, cancellationToken));
            }

            log.Seal();
        }

        Directory.Delete(directory, recursive: true);
    }

    private async Task MeasureClusterAsync(int payload, CancellationToken cancellationToken)
    {
        var rows = settings.RowsOf("cluster", payload)
            .Select(static key => (Key: key, Form: CallForm.Awaited))
            .ToList();
        if (payload == ComparedPayload)
        {
            rows.AddRange(settings.RowsOf("cluster-ticket", payload)
                .Where(static key => key.Outstanding > 1)
                .Select(static key => (key, CallForm.Ticket)));
        }

        if (rows.Count == 0)
        {
            return;
        }

        int outstandingMax = int.Max(WarmOutstanding, rows.Max(static row => row.Key.Outstanding));
        long pendingBytesMax = outstandingMax * (payload + 64L);
        string directory = Path.Combine(settings.Directory, "cluster");
        await using LoadCluster cluster = LoadCluster.Start(
            directory, pendingBytesMax, new ReplicaShape { Ring = settings.Ring });
        await cluster.ReadyAsync(cancellationToken);
        Backends = (await cluster.LeaderAsync(cancellationToken)).Status.Backends;
        var command = new ReplicaCommand { Payload = payload, WarmSeconds = SettleSeconds, Seconds = settings.Seconds };
        await WarmAsync(cluster, command, cancellationToken);
        foreach ((RowKey key, CallForm form) in rows)
        {
            ReplicaCommand measured = command with { Outstanding = key.Outstanding, Run = ++_run };
            Add(await ClusterRows.MeasureAsync(cluster, form, measured, cancellationToken));
        }
    }

    /// <summary>
    /// Heavy load until the time is over and a replica's cache of recent entries must have come round.
    /// </summary>
    private async Task WarmAsync(LoadCluster cluster, ReplicaCommand command, CancellationToken cancellationToken)
    {
        long wanted = CachedBytes / (command.Payload + RecordOverheadBytes);
        double done = 0;
        for (int i = 0; i < WarmRoundsMax && done < wanted; i++)
        {
            ReplicaCommand warm = command with
            {
                Outstanding = WarmOutstanding,
                Run = ++_run,
                Seconds = settings.WarmSeconds,
            };
            Measurement round = await ClusterRows.MeasureAsync(cluster, CallForm.Awaited, warm, cancellationToken);
            done += round.Rate * warm.Seconds;
        }
    }

    private async Task MeasureRespAsync(int payload, CancellationToken cancellationToken)
    {
        if (payload != ComparedPayload)
        {
            return;
        }

        RowKey[] keys = [.. settings.RowsOf("cluster-resp", payload)];
        if (keys.Length == 0)
        {
            return;
        }

        if (settings.RespTool is null)
        {
            RespSkipped = "no command-line tool was found beside this one; build it, or name it with --resp PATH";
            return;
        }

        string directory = Path.Combine(settings.Directory, "resp");
        await using var cluster = new RespCluster(directory);
        await cluster.StartAsync(settings.RespTool, cancellationToken);
        double warm = settings.WarmSeconds;
        foreach (RowKey key in keys)
        {
            Add(cluster.Measure(key, warm, settings.RespSeconds, cancellationToken));
            warm = SettleSeconds;
        }
    }

    private void Add(Measurement measurement)
    {
        if (!_rows.TryGetValue(measurement.Key, out Row? row))
        {
            row = new Row(measurement.Key);
            _rows.Add(measurement.Key, row);
        }

        row.Add(measurement);
        progress($"  {Report.Line(measurement)}");
    }
}
