using System;
using System.Collections.Generic;
using System.Linq;

namespace CoreEngine.Load;

/// <summary>What a run of the load tool is to do.</summary>
internal sealed record LoadSettings
{
    internal static readonly string[] AllLayers = ["disk", "tcp", "log", "cluster", "cluster-ticket", "cluster-resp"];

    /// <summary>
    /// Measured seconds of one repetition of a cluster row; raw and log rows take a sixth, served rows two thirds.
    /// </summary>
    internal required double Seconds { get; init; }

    internal required int Repetitions { get; init; }

    /// <summary>
    /// Seconds of heavy load before the first row of a fresh cluster: the JIT compiles anew what has become hot.
    /// </summary>
    internal double WarmSeconds { get; init; } = 2;

    internal required IReadOnlyList<string> Layers { get; init; }

    internal required IReadOnlyList<int> Payloads { get; init; }

    internal required IReadOnlyList<int> Outstanding { get; init; }

    /// <summary>Rows to run, by name; empty for all.</summary>
    internal required IReadOnlyList<string> Only { get; init; }

    /// <summary>Where data directories are made; they are removed at the end.</summary>
    internal required string Directory { get; init; }

    /// <summary>How logs reach the disk, in log and cluster rows.</summary>
    internal DiskRing Ring { get; init; }

    /// <summary>Accept a directory that no power failure survives.</summary>
    internal bool AllowMemory { get; init; }

    /// <summary>Where the rows go as JSON; null for nowhere.</summary>
    internal string? JsonPath { get; init; }

    /// <summary>The command-line tool that serves RESP; null when there is none.</summary>
    internal string? RespTool { get; init; }

    internal double RawSeconds => Seconds / 6;

    internal double LogSeconds => Seconds / 6;

    internal double RespSeconds => Seconds * 2 / 3;

    /// <summary>Is this row wanted?</summary>
    internal bool Wants(RowKey key) =>
        Layers.Contains(key.Layer) && (Only.Count == 0 || Only.Contains(key.ToString(), StringComparer.Ordinal));

    /// <summary>The rows of a layer that depends on payload and outstanding.</summary>
    internal IEnumerable<RowKey> RowsOf(string layer, int payload) =>
        Outstanding.Select(outstanding => new RowKey(layer, payload, outstanding)).Where(Wants);
}
