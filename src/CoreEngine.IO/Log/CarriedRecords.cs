using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// The last record of each kind that is not on a line (hard state, descriptor, peers, trim marks ...): what must be
/// written forward before the segment in which it stands is given up.
/// </summary>
/// <remarks>
/// Shard's thread only. One record per group, kind and, for peers, number: the newest counts, so an older one may go.
/// Bounded by the groups; a record of the same length overwrites in place, so elections allocate nothing.
/// </remarks>
internal sealed class CarriedRecords
{
    private readonly Dictionary<(uint Group, RecordType Type, ulong Key), Carried> _records = [];

    /// <summary>Takes note of a record at its place in the log.</summary>
    internal void Note(in RecordHeader header, ReadOnlySpan<byte> record, ulong lsn)
    {
        // Entries are on their line; what marks a place on it stands behind what it speaks of, and goes with it.
        if (header.Type is RecordType.Entry or RecordType.Truncate or RecordType.Seal or RecordType.Snapshot
            or RecordType.Repair)
        {
            return;
        }

        ulong key = header.Type == RecordType.Peer ? header.Index : 0;
        if (!_records.TryGetValue((header.Group, header.Type, key), out Carried? carried))
        {
            carried = new Carried();
            _records.Add((header.Group, header.Type, key), carried);
        }

        carried.Lsn = lsn;
        int size = RecordHeader.SizeOf(header.BodyLength);
        if (carried.Bytes.Length != size)
        {
            carried.Bytes = new byte[size];
        }

        record[..size].CopyTo(carried.Bytes);
    }

    /// <summary>Collects what stands before a position.</summary>
    internal void AddBefore(ulong lsn, Queue<Carried> found)
    {
        foreach (Carried carried in _records.Values)
        {
            if (carried.Lsn < lsn)
            {
                found.Enqueue(carried);
            }
        }
    }

    /// <summary>Collects what stands from one position up to another.</summary>
    internal void AddWithin(ulong lsn, ulong end, Queue<Carried> found)
    {
        foreach (Carried carried in _records.Values)
        {
            if (carried.Lsn >= lsn && carried.Lsn < end)
            {
                found.Enqueue(carried);
            }
        }
    }

    /// <summary>A record and where it stands now; both change when a newer one comes.</summary>
    internal sealed class Carried
    {
        internal byte[] Bytes { get; set; } = [];

        internal ulong Lsn { get; set; }
    }
}
