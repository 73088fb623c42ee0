namespace CoreEngine.Load;

/// <summary>Names a row of the table.</summary>
/// <param name="Layer">disk, tcp, log, cluster, cluster-ticket or cluster-resp.</param>
/// <param name="Payload">Bytes of one operation's payload.</param>
/// <param name="Outstanding">Operations under way at a time.</param>
internal readonly record struct RowKey(string Layer, int Payload, int Outstanding)
{
    /// <summary>As <c>--only</c> takes it.</summary>
    public override string ToString() => $"{Layer}/{Payload}/{Outstanding}";
}

/// <summary>One repetition of one row.</summary>
internal sealed record Measurement
{
    internal required RowKey Key { get; init; }

    /// <summary>Operations per second.</summary>
    internal required double Rate { get; init; }

    internal required double P50Us { get; init; }

    internal required double P99Us { get; init; }

    internal required double MeanUs { get; init; }

    /// <summary>
    /// Managed bytes per operation in the process that drives the load; negative when it cannot be known.
    /// </summary>
    internal required double BytesPerOp { get; init; }

    /// <summary>The same in the follower that allocates most; negative where there is none.</summary>
    internal double FollowerBytesPerOp { get; init; } = -1;

    /// <summary>Collections during the measured time, in all processes that can be asked.</summary>
    internal int Collections { get; init; }

    /// <summary>CPU microseconds per operation, summed over all processes that do the work.</summary>
    internal required double CpuUsPerOp { get; init; }

    /// <summary>Durable writes per second, summed over all replicas.</summary>
    internal required double WritesPerSecond { get; init; }

    /// <summary>What an acknowledged operation survives.</summary>
    internal required string Durability { get; init; }

    internal long Refused { get; init; }

    internal long Unknown { get; init; }

    /// <summary>What must be known to read the row, such as the number of connections.</summary>
    internal string Remark { get; init; } = "";

    /// <summary>A broken promise that the load has noticed; null when all held.</summary>
    internal string? Violation { get; init; }

    /// <summary>
    /// Operations under way by Little's law: rate times mean latency. Far from the stated number, the row lies.
    /// </summary>
    internal double ConcurrencySeen => Rate * MeanUs / 1e6;

    /// <summary>True when the measured numbers contradict each other by more than 5 %.</summary>
    internal bool ContradictsItself =>
        double.Abs(Key.Outstanding - ConcurrencySeen) > 0.05 * Key.Outstanding;
}
