using System;
using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>One replica's directory: its files, and which names a power cut would leave.</summary>
internal sealed class SimulatedDisk(PageArena arena)
{
    /// <summary>Pages at the end of the log that may still be part of writes under way, generously.</summary>
    private const int NewPages = 32;

    private readonly SortedDictionary<string, SimulatedFile> _names = new(StringComparer.Ordinal);
    private readonly List<Action<SortedDictionary<string, SimulatedFile>>> _unsynced = [];
    private SortedDictionary<string, SimulatedFile> _durableNames = new(StringComparer.Ordinal);

    /// <summary>Bytes that may still be added before the disk is full.</summary>
    internal long BytesFree { get; set; } = long.MaxValue;

    /// <summary>Another segment may find no room.</summary>
    internal bool IsFull => BytesFree < long.MaxValue;

    /// <summary>Beyond the contract: acknowledges durable writes and keeps them in its cache only.</summary>
    internal bool IsLying { get; set; }

    /// <summary>What goes wrong here beyond crashes.</summary>
    internal DiskMishaps Mishaps { get; } = new();

    internal IReadOnlyCollection<string> Names => _names.Keys;

    /// <summary>The number of the segment that a file holds; 0 for another file.</summary>
    internal ulong SegmentOf(SimulatedFile file)
    {
        foreach ((string name, SimulatedFile each) in _names)
        {
            if (each == file && LogFormat.TryParseSegment(name, out ulong segment))
            {
                return segment;
            }
        }

        return 0;
    }

    internal SimulatedFile? Find(string name) => _names.GetValueOrDefault(name);

    internal SimulatedFile Create(string name)
    {
        var file = new SimulatedFile(arena);
        Change(names => names[name] = file);
        return file;
    }

    internal bool Rename(string name, string target)
    {
        if (!_names.TryGetValue(name, out SimulatedFile? file))
        {
            return false;
        }

        Change(names =>
        {
            names.Remove(name);
            names[target] = file;
        });
        return true;
    }

    internal bool Delete(string name)
    {
        if (!_names.ContainsKey(name))
        {
            return false;
        }

        Change(names => names.Remove(name));
        return true;
    }

    /// <summary>Every name is on the medium.</summary>
    internal void SyncNames()
    {
        _durableNames = new SortedDictionary<string, SimulatedFile>(_names, StringComparer.Ordinal);
        _unsynced.Clear();
    }

    /// <summary>
    /// The power failed: a prefix of the unsynced name changes happened, and of each file what its medium holds.
    /// </summary>
    internal void PowerCut(Prng chance)
    {
        int kept = (int)chance.Between(0, _unsynced.Count + 1);
        for (int i = 0; i < kept; i++)
        {
            _unsynced[i](_durableNames);
        }

        _names.Clear();
        foreach ((string name, SimulatedFile file) in _durableNames)
        {
            file.PowerCut(chance);
            _names[name] = file;
        }

        SyncNames();
    }

    /// <summary>Flips some bits in pages of log segments that were written a while ago, and of snapshots.</summary>
    /// <returns>False when there is none: the end of a log is spared, where damage looks like a write that a crash cut
    /// off.</returns>
    internal bool TryRot(Prng chance)
    {
        var pages = new List<(SimulatedFile File, long Offset)>();
        foreach ((string name, SimulatedFile file) in _durableNames)
        {
            if (LogFormat.TryParseSegment(name, out _))
            {
                file.AddWritten(pages);
            }
        }

        pages.RemoveRange(int.Max(0, pages.Count - NewPages), int.Min(pages.Count, NewPages));
        if (pages.Count == 0 || chance.Chance(1, 2))
        {
            AddSnapshots(pages);
        }

        int old = pages.Count;
        if (old == 0)
        {
            return false;
        }

        for (long flips = chance.Between(1, 9); flips > 0; flips--)
        {
            (SimulatedFile file, long offset) = pages[(int)chance.Between(0, old)];
            file.FlipBit((offset * 8) + chance.Between(0, SimulatedFile.PageBytes * 8));
        }

        Mishaps.Harm |= DiskHarm.Rotten;
        return true;
    }

    /// <summary>Puts the pages of snapshots in the place of the log's, when there are any.</summary>
    private void AddSnapshots(List<(SimulatedFile File, long Offset)> pages)
    {
        bool any = false;
        foreach ((string name, SimulatedFile file) in _durableNames)
        {
            if (SnapshotFormat.TryParse(name, out _, out _))
            {
                pages.RemoveRange(0, any ? 0 : pages.Count);
                any = true;
                file.AddWritten(pages);
            }
        }
    }

    /// <summary>What the medium alone holds at this instant, as a disk of its own.</summary>
    internal SimulatedDisk OfMedium()
    {
        var copy = new SimulatedDisk(arena);
        foreach ((string name, SimulatedFile file) in _durableNames)
        {
            copy._names[name] = file.OfMedium();
        }

        copy.SyncNames();
        return copy;
    }

    private void Change(Action<SortedDictionary<string, SimulatedFile>> change)
    {
        change(_names);
        _unsynced.Add(change);
    }
}
