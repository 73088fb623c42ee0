namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Linearizable reads of the number of commands: at least what was acknowledged before the call, at least what any read
/// that ended before the call has seen, at most what was ever proposed.
/// </summary>
internal sealed class ReadChecker(World world)
{
    private int _highest;

    /// <summary>Reads that were answered with a value.</summary>
    internal long Granted { get; private set; }

    /// <summary>The least that a read which starts now may return.</summary>
    internal int Floor => int.Max(_highest, world.Trunk.Acknowledged.Count);

    /// <summary>A granted read has ended.</summary>
    internal void Ended(uint replica, int floor, in QueryResult<int> result)
    {
        Granted++;
        int value = result.Value;
        world.Check(
            Monitor.LinearizableRead,
            value >= floor,
            $"stale read: replica {replica} counted {value}, {floor} were there before the call");
        world.Check(
            Monitor.LinearizableRead,
            (ulong)value <= world.Proposed,
            $"read of nothing: replica {replica} counted {value}, too many");
        world.Check(
            Monitor.ReadEvidence,
            result.Point.Certificate.IsValid,
            $"replica {replica} granted a read without a certificate");
        _highest = int.Max(_highest, value);
    }
}
