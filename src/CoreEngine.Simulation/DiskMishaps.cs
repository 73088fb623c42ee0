using System;
using System.Collections.Generic;
using CoreEngine.IO.Log;

namespace CoreEngine.Simulation;

/// <summary>What was done to a disk that a restart does not cure.</summary>
[Flags]
internal enum DiskHarm
{
    None = 0,

    /// <summary>Bits have flipped in bytes that were written long ago: a checksum must tell.</summary>
    Rotten = 1,

    /// <summary>
    /// A write was acknowledged and is not where it belongs. At the end of a log that cannot be told from a write that
    /// a crash cut off, so no engine is blamed for it: such a replica is not let in again.
    /// </summary>
    LostWrite = 2,

    /// <summary>Formatted anew under the old number: it has forgotten its promises.</summary>
    Wiped = 4,

    /// <summary>Another disk stands in its place, never formatted.</summary>
    Replaced = 8,
}

/// <summary>What becomes of one durable write.</summary>
internal enum WriteFate
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>It is acknowledged and done nowhere.</summary>
    Lost,

    /// <summary>It is acknowledged and done elsewhere in the file.</summary>
    Misdirected,
}

/// <summary>What is to go wrong on one disk, and what has.</summary>
internal sealed class DiskMishaps
{
    private WriteFate _fate;
    private int _writesBefore;

    /// <summary>What no restart cures.</summary>
    internal DiskHarm Harm { get; set; }

    internal bool IsHarmed => Harm != DiskHarm.None;

    /// <summary>Reads that fail from now on.</summary>
    internal int ReadsToFail { get; set; }

    /// <summary>Decides where a misdirected write lands.</summary>
    internal long Amount { get; private set; }

    /// <summary>Arms a fate for the durable write that comes after some others.</summary>
    internal void Arm(WriteFate fate, int writesBefore, long amount)
    {
        _fate = fate;
        _writesBefore = writesBefore;
        Amount = amount;
        Harm |= DiskHarm.LostWrite;
    }

    /// <summary>Where the write should have gone that was lost: file and bytes.</summary>
    internal (ulong Segment, long Offset, long Length) Lost { get; set; }

    /// <summary>Recovery has seen that a write is missing, and names what it held.</summary>
    internal bool IsLossFound(IReadOnlyList<LogDamage> damages)
    {
        foreach (LogDamage damage in damages)
        {
            long bytes = (long)((damage.EndLsn - damage.Lsn) / LogFormat.StreamBytes) * LogFormat.PageBytes;
            bool covers = damage.Segment == Lost.Segment && Lost.Length > 0 && damage.Offset <= Lost.Offset
                && Lost.Offset + Lost.Length <= damage.Offset + bytes;
            if (covers)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Some read has failed.</summary>
    internal bool HasFailedReads { get; private set; }

    internal void ForgetFailedReads() => HasFailedReads = false;

    internal bool TakeReadFailure()
    {
        bool fails = ReadsToFail > 0;
        HasFailedReads |= fails;
        ReadsToFail -= fails ? 1 : 0;
        return fails;
    }

    internal WriteFate TakeFate()
    {
        if (_fate == WriteFate.Done || _writesBefore-- > 0)
        {
            return WriteFate.Done;
        }

        WriteFate fate = _fate;
        _fate = WriteFate.Done;
        return fate;
    }
}
