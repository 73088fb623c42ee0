using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Workload;

/// <summary>One operation of a checked client, as history and wire need it.</summary>
/// <param name="Function">What it does.</param>
/// <param name="Key">On which key.</param>
/// <param name="Value">The argument of write and append, the new value of cas; else null.</param>
/// <param name="Expected">The expected value of cas; else null.</param>
internal readonly record struct CheckedOperation(
    HistoryFunction Function, string Key, string? Value = null, string? Expected = null)
{
    /// <summary>The command that performs it.</summary>
    internal string[] Command => Function switch
    {
        HistoryFunction.Read => ["GET", Key],
        HistoryFunction.Write => ["SET", Key, Value!],
        HistoryFunction.Cas => ["CAS", Key, Expected!, Value!],
        HistoryFunction.Append => ["APPEND", Key, Value!],
        _ => ["DEL", Key],
    };
}
