using CoreEngine.Model;

namespace CoreEngine.Protocol.Reads;

/// <summary>What a replica knows of leases: its own while it leads, and since when its log has ended as it
/// does.</summary>
/// <remarks>All times are monotonic nanoseconds of this replica's own clock.</remarks>
internal sealed class LeaseState
{
    /// <summary>No time.</summary>
    internal const long Unknown = -1;

    private const int MarksMax = 64;

    private (ulong Index, long AppendedNs)[] _marks = [];
    private int _first;
    private int _count;

    /// <summary>Of all groups without leases and without closing of time: never written to.</summary>
    internal static LeaseState None { get; } = new(0);

    internal LeaseState(int readsMax) => Waiting = new ReadQueue(readsMax);

    /// <summary>The log's end at the last tick, and the first tick that saw it there.</summary>
    internal ulong SeenIndex = ulong.MaxValue;
    internal ulong SeenTerm;
    internal long SeenNs = Unknown;

    /// <summary>Leader: a predecessor may still hold a lease; nothing is committed until it has surely ended.</summary>
    internal bool IsInherited;

    /// <summary>Leader: from when that lease counts at the latest.</summary>
    internal long InheritedFromNs = Unknown;

    /// <summary>Leader: before this, the newest committed entry of our term was appended.</summary>
    internal long FromNs = Unknown;

    /// <summary>Leader: no lease is used until it is resumed.</summary>
    internal bool IsRenounced;

    /// <summary>Leader: entries up to here give no lease.</summary>
    internal ulong Floor;

    /// <summary>Leader: a lease is kept up until then, because reads ask for one.</summary>
    internal long WantedUntilNs = Unknown;

    /// <summary>Leader: reads that wait for the lease to be renewed.</summary>
    internal readonly ReadQueue Waiting;

    /// <summary>A new leadership.</summary>
    internal void Reset()
    {
        _count = 0;
        FromNs = Unknown;
        IsRenounced = false;
        Floor = 0;
        WantedUntilNs = Unknown;
        IsInherited = false;
        InheritedFromNs = Unknown;
    }

    /// <summary>Forgets what gave the lease; entries up to the floor give none again.</summary>
    internal void Forget(ulong floor)
    {
        _count = 0;
        FromNs = Unknown;
        Floor = floor;
    }

    /// <summary>Entries up to an index were appended after a time. When too many are uncommitted at once the newest are
    /// not noted: the lease is shorter then, never longer.</summary>
    internal void Mark(ulong index, long appendedNs)
    {
        if (_marks.Length == 0)
        {
            _marks = new (ulong, long)[MarksMax];
        }

        if (index > Floor && _count < MarksMax)
        {
            _marks[(_first + _count) % MarksMax] = (index, appendedNs);
            _count++;
        }
    }

    /// <summary>Entries up to an index are committed.</summary>
    internal void Commit(ulong index)
    {
        while (_count > 0 && _marks[_first].Index <= index)
        {
            Invariant.Holds(_marks[_first].AppendedNs >= FromNs);
            FromNs = _marks[_first].AppendedNs;
            _first = (_first + 1) % MarksMax;
            _count--;
        }
    }
}
