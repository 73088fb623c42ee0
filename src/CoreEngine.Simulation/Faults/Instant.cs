using System;

namespace CoreEngine.Simulation.Faults;

/// <summary>When something is done to a world: virtual time, and which of the steps at that time.</summary>
/// <param name="Ns">Virtual nanoseconds since the start.</param>
/// <param name="Pass">Steps already made at the same virtual time, so that a plan repeats a run exactly.</param>
internal readonly record struct Instant(long Ns, int Pass) : IComparable<Instant>
{
    public int CompareTo(Instant other)
    {
        int time = Ns.CompareTo(other.Ns);
        return time != 0 ? time : Pass.CompareTo(other.Pass);
    }

    public static bool operator <(Instant left, Instant right) => left.CompareTo(right) < 0;

    public static bool operator >(Instant left, Instant right) => left.CompareTo(right) > 0;

    public static bool operator <=(Instant left, Instant right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Instant left, Instant right) => left.CompareTo(right) >= 0;
}
