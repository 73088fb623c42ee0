using System;

namespace CoreEngine.Model;

/// <summary>
/// A seeded source of chance (SplitMix64, Steele and others 2014): the same seed gives the same numbers on every
/// machine.
/// </summary>
/// <remarks>Not thread-safe, not for secrets.</remarks>
public sealed class Prng(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15;
            ulong z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>A number in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public long Between(long low, long high)
    {
        Invariant.Holds(low < high);
        ulong span = unchecked((ulong)(high - low));
        ulong scaled = (ulong)(((UInt128)Next() * span) >> 64);
        return unchecked(low + (long)scaled);
    }

    /// <summary>True with the odds <paramref name="numerator"/> in <paramref name="denominator"/>.</summary>
    public bool Chance(int numerator, int denominator) => Between(0, denominator) < numerator;
}
