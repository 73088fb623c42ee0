using System.Threading;

namespace CoreEngine.Cli.Workload;

/// <summary>What a client process has counted since it reported last.</summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();
    private TallyCounts _counts;

    /// <summary>How long single operations took.</summary>
    private readonly LatencyHistogram _single = new();

    /// <summary>How long pipelined operations took, from sending the batch to its last reply.</summary>
    private readonly LatencyHistogram _loaded = new();

    /// <summary>Counts a checked operation that was answered.</summary>
    internal void AddOk(bool isRead, long nanoseconds)
    {
        lock (_lock)
        {
            _counts.Ok++;
            _counts.Reads += isRead ? 1 : 0;
            _single.Add(nanoseconds);
        }
    }

    /// <summary>Counts a checked operation that surely had no effect.</summary>
    internal void AddFail()
    {
        lock (_lock)
        {
            _counts.Fail++;
        }
    }

    /// <summary>Counts a checked operation whose outcome nobody knows.</summary>
    internal void AddUnknown()
    {
        lock (_lock)
        {
            _counts.Unknown++;
        }
    }

    /// <summary>Counts a batch of unchecked operations.</summary>
    internal void AddLoad(int ok, int errors, long nanoseconds)
    {
        lock (_lock)
        {
            _counts.Load += ok;
            _counts.LoadErrors += errors;
            _loaded.Add(nanoseconds, ok);
        }
    }

    /// <summary>Moves what was counted to a line of progress.</summary>
    internal void MoveTo(ProgressLine line)
    {
        lock (_lock)
        {
            line.Counts = _counts;
            line.Single.Clear();
            line.Single.Add(_single);
            line.Loaded.Clear();
            line.Loaded.Add(_loaded);
            _counts = default;
            _single.Clear();
            _loaded.Clear();
        }
    }
}

/// <summary>Numbers of operations.</summary>
internal record struct TallyCounts
{
    /// <summary>Checked operations answered.</summary>
    internal long Ok;

    /// <summary>Reads among them.</summary>
    internal long Reads;

    /// <summary>Checked operations surely without effect; a cas that found another value is one.</summary>
    internal long Fail;

    /// <summary>Checked operations of unknown outcome.</summary>
    internal long Unknown;

    /// <summary>Unchecked operations answered.</summary>
    internal long Load;

    /// <summary>Unchecked operations answered by an error, or lost with their connection.</summary>
    internal long LoadErrors;

    internal void Add(in TallyCounts other)
    {
        Ok += other.Ok;
        Reads += other.Reads;
        Fail += other.Fail;
        Unknown += other.Unknown;
        Load += other.Load;
        LoadErrors += other.LoadErrors;
    }

    internal void Subtract(in TallyCounts earlier)
    {
        Ok -= earlier.Ok;
        Reads -= earlier.Reads;
        Fail -= earlier.Fail;
        Unknown -= earlier.Unknown;
        Load -= earlier.Load;
        LoadErrors -= earlier.LoadErrors;
    }
}
