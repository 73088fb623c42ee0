using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;
using CoreEngine.Model;

namespace CoreEngine.Load.Resp;

/// <summary>Three processes of the command-line tool, and SETs to the one that leads.</summary>
internal sealed class RespCluster : IAsyncDisposable
{
    private const int Replicas = 3;

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollPace = TimeSpan.FromMilliseconds(50);

    private readonly List<Process> _processes = [];
    private readonly string _directory;
    private IPEndPoint _leader = new(IPAddress.Loopback, 0);
    private string _durability = "";

    /// <param name="directory">Belongs to this cluster alone; removed at the end.</param>
    internal RespCluster(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
    }

    /// <summary>Formats directories, writes configurations, starts the processes and waits for a leader.</summary>
    internal async Task StartAsync(string tool, CancellationToken cancellationToken)
    {
        IPEndPoint[] clients = StartProcesses(tool);
        await FindLeaderAsync(clients, cancellationToken);
    }

    /// <summary>A closed loop over as many connections as the table says.</summary>
    internal Measurement Measure(RowKey key, double warmSeconds, double seconds, CancellationToken cancellationToken)
    {
        int connections = ConnectionsFor(key.Outstanding);
        int pipeline = key.Outstanding / connections;
        RespCaller[] callers = [.. Enumerable.Range(0, connections)
            .Select(_ => new RespCaller(_leader, key.Payload, pipeline))];
        Array.ForEach(callers, static caller => caller.Start());
        var latencies = new Latencies();
        Stretch.Pass(warmSeconds, cancellationToken);

        (double cpuBefore, long writesBefore) = Costs();
        long doneBefore = callers.Sum(static caller => caller.Done);
        long started = Stopwatch.GetTimestamp();
        Array.ForEach(callers, caller => caller.Measure(latencies));
        Stretch.Pass(seconds, cancellationToken);
        Array.ForEach(callers, static caller => caller.Measure(null));
        long done = callers.Sum(static caller => caller.Done) - doneBefore;
        double elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        (double cpuAfter, long writesAfter) = Costs();
        Array.ForEach(callers, static caller => caller.Stop());
        Array.ForEach(callers, static caller => caller.Dispose());

        string error = callers.Select(static caller => caller.LastError)
            .FirstOrDefault(static text => text.Length > 0, "");
        return new Measurement
        {
            Key = key with { Outstanding = connections * pipeline },
            Rate = done / elapsed,
            P50Us = latencies.PercentileUs(0.5),
            P99Us = latencies.PercentileUs(0.99),
            MeanUs = latencies.MeanUs,
            BytesPerOp = -1,
            CpuUsPerOp = (cpuAfter - cpuBefore) / done,
            WritesPerSecond = (writesAfter - writesBefore) / elapsed,
            Durability = _durability,
            Refused = callers.Sum(static caller => caller.Refused),
            Unknown = callers.Sum(static caller => caller.Unknown),
            Remark = $"{connections} connections x {pipeline} pipelined {error}".Trim(),
        };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static int ConnectionsFor(int outstanding) => outstanding switch
    {
        < 16 => 1,
        < 256 => 4,
        _ => 16,
    };

    private IPEndPoint[] StartProcesses(string tool)
    {
        byte[] id = RandomNumberGenerator.GetBytes(ClusterId.Bytes);
        ClusterId cluster = ClusterId.Read(id);
        IPEndPoint[] ports = LoopbackPorts.Take(2 * Replicas);
        for (int i = 0; i < Replicas; i++)
        {
            string home = Path.Combine(_directory, $"replica-{i + 1}");
            Engine.Format(home, cluster, (uint)i + 1);
            string config = Path.Combine(_directory, $"replica-{i + 1}.json");
            File.WriteAllText(config, JsonSerializer.Serialize(new
            {
                replica = i + 1,
                directory = home,
                listen = ports[i].ToString(),
                client = ports[Replicas + i].ToString(),
                peers = Enumerable.Range(0, Replicas)
                    .Where(peer => peer != i)
                    .Select(peer => new { replica = peer + 1, address = ports[peer].ToString() }),
            }));
            _processes.Add(Start(tool, config));
        }

        return ports[Replicas..];
    }

    private static Process Start(string tool, string config)
    {
        // Its output goes to files beside the configuration, so that nobody must read it for it to go on.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (string argument in new[] { "-c", "exec \"$0\" run --config \"$1\" >\"$1.out\" 2>&1", tool, config })
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private async Task FindLeaderAsync(IPEndPoint[] clients, CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(PollPace);
        long deadline = Stopwatch.GetTimestamp() + (long)(StartPatience.TotalSeconds * Stopwatch.Frequency);
        do
        {
            if (_processes.Exists(static process => process.HasExited))
            {
                break;
            }

            if (Array.Find(clients, IsLeader) is { } leader)
            {
                _leader = leader;
                return;
            }
        }
        while (Stopwatch.GetTimestamp() < deadline && await pace.WaitForNextTickAsync(cancellationToken));

        throw new IOException($"the served cluster has no leader: {LastLines()}");
    }

    private bool IsLeader(IPEndPoint client)
    {
        try
        {
            using var link = new RespLink(client);
            link.Add("INFO");
            link.Flush();
            string[] lines = link.ReadBulk().Split('\n', StringSplitOptions.TrimEntries);
            _durability = lines.FirstOrDefault(IsAcknowledgement, ":").Split(':', 2)[1].Trim();
            return lines.Any(static line => line is "role:leader" or "role:Leader" or "role:master");
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool IsAcknowledgement(string line) =>
        line.StartsWith("acknowledgement:", StringComparison.Ordinal);

    private (double CpuUs, long Writes) Costs()
    {
        double cpu = 0;
        long writes = 0;
        foreach (Process process in _processes)
        {
            process.Refresh();
            cpu += process.TotalProcessorTime.TotalMicroseconds;
            writes += Counters.WritesOf(process.Id.ToString(CultureInfo.InvariantCulture));
        }

        return (cpu, writes);
    }

    private string LastLines() => string.Join(
        Environment.NewLine,
        Directory.EnumerateFiles(_directory, "*.out")
            .Order()
            .SelectMany(static file => File.ReadLines(file).TakeLast(5)));
}
