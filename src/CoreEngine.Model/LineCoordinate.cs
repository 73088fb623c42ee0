using System;
using System.Globalization;

namespace CoreEngine.Model;

/// <summary>
/// A place on a Line history (S0 2.3): which group, under which configuration, under which leader, at which index.
/// </summary>
/// <remarks>
/// Coordinates of one group are totally ordered by (config epoch, leader epoch, index); across groups they do not
/// compare.
/// </remarks>
/// <param name="Group">The group's number.</param>
/// <param name="ConfigEpoch">Index of the last configuration record at or before this place.</param>
/// <param name="LeaderEpoch">Raft: the term.</param>
/// <param name="Index">Position in the log, from 1.</param>
public readonly record struct LineCoordinate(uint Group, ulong ConfigEpoch, ulong LeaderEpoch, ulong Index)
    : IComparable<LineCoordinate>
{
    /// <summary>Orders two coordinates of one group.</summary>
    /// <exception cref="ArgumentException">The coordinates belong to different groups.</exception>
    public int CompareTo(LineCoordinate other)
    {
        if (Group != other.Group)
        {
            throw new ArgumentException("coordinates of different groups do not compare", nameof(other));
        }

        int epochs = ConfigEpoch.CompareTo(other.ConfigEpoch);
        if (epochs != 0)
        {
            return epochs;
        }

        int terms = LeaderEpoch.CompareTo(other.LeaderEpoch);
        return terms != 0 ? terms : Index.CompareTo(other.Index);
    }

    /// <summary>Earlier on the same line.</summary>
    public static bool operator <(LineCoordinate left, LineCoordinate right) => left.CompareTo(right) < 0;

    /// <summary>Later on the same line.</summary>
    public static bool operator >(LineCoordinate left, LineCoordinate right) => left.CompareTo(right) > 0;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(LineCoordinate left, LineCoordinate right) => left.CompareTo(right) <= 0;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(LineCoordinate left, LineCoordinate right) => left.CompareTo(right) >= 0;

    /// <summary>Group, config epoch, term, index, as operators read them.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"g{Group}/c{ConfigEpoch}/t{LeaderEpoch}/i{Index}");
}
