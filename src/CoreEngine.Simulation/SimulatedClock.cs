using System;

namespace CoreEngine.Simulation;

/// <summary>
/// The monotonic clock of one replica: goes faster or slower than the world's by some parts in a million, never back.
/// </summary>
internal sealed class SimulatedClock
{
    private const long Million = 1_000_000;

    private long _worldBase;
    private long _localBase;
    private long _rate;

    /// <summary>Changes the rate from now on.</summary>
    internal void Drift(long now, long partsPerMillion)
    {
        long local = Local(now);
        _worldBase = now;
        _localBase = local;
        _rate = partsPerMillion;
    }

    /// <summary>What the replica's clock shows at a time of the world.</summary>
    internal long Local(long now) => _rate == 0
        ? _localBase + now - _worldBase
        : _localBase + (long)((Int128)(now - _worldBase) * (Million + _rate) / Million);

    /// <summary>The first time of the world at which the replica's clock shows this or more.</summary>
    internal long WorldOf(long local)
    {
        if (local == long.MaxValue || _rate == 0)
        {
            return local == long.MaxValue ? local : _worldBase + local - _localBase;
        }

        var span = (Int128)(local - _localBase) * Million;
        Int128 divisor = Million + _rate;
        return _worldBase + (long)((span + divisor - 1) / divisor);
    }
}
