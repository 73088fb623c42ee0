using System;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;

namespace CoreEngine.IO.Scrub;

/// <summary>What a look at a whole snapshot came to.</summary>
internal enum SnapshotFinding : byte
{
    /// <summary>Not through yet.</summary>
    None,

    /// <summary>Every byte is what the manifest says.</summary>
    Sound,

    /// <summary>Some are not, or cannot be read.</summary>
    Damaged,
}

/// <summary>Reads one snapshot's file and checks the manifest, every chunk, and that together they are what the
/// manifest says.</summary>
/// <remarks>Shard's thread only. Nothing is decompressed: the checksums are over what is stored.</remarks>
internal sealed class SnapshotScrub(ScrubReader reader, SnapshotFile file)
{
    /// <summary>Holds any chunk wherever in a page it begins.</summary>
    internal const int WindowBytes = SnapshotFormat.SlabBytes + LogFormat.PageBytes;

    private long _next;
    private uint _ordinal;
    private ulong _content;
    private bool _isAsked;
    private bool _hasFailed;

    internal SnapshotFile File => file;

    /// <summary>Goes on as far as the bytes at hand reach, and starts at most one read.</summary>
    internal SnapshotFinding Step()
    {
        if (reader.IsBusy)
        {
            return SnapshotFinding.None;
        }

        SnapshotFinding finding = _isAsked ? Look() : SnapshotFinding.None;
        if (finding == SnapshotFinding.None)
        {
            Ask();
        }
        else
        {
            reader.Release();
        }

        return finding;
    }

    private void Ask()
    {
        long from = _next / LogFormat.PageBytes * LogFormat.PageBytes;
        long pages = (file.Manifest.FileBytes - from + LogFormat.PageBytes - 1) / LogFormat.PageBytes;
        _isAsked = true;
        reader.Read(file.Name, from, (int)long.Min(WindowBytes, pages * LogFormat.PageBytes));
    }

    private SnapshotFinding Look()
    {
        ReadOnlySpan<byte> bytes = reader.Bytes;
        long end = long.Min(reader.Offset + WindowBytes, file.Manifest.FileBytes);
        if (reader.Offset + bytes.Length < end)
        {
            // A read may fail once and go well the next time.
            bool isSecond = _hasFailed;
            _hasFailed = true;
            return isSecond ? SnapshotFinding.Damaged : SnapshotFinding.None;
        }

        _hasFailed = false;
        if (_next == 0)
        {
            if (!SnapshotManifest.TryRead(bytes, out SnapshotManifest manifest) || manifest != file.Manifest)
            {
                return SnapshotFinding.Damaged;
            }

            _next = SnapshotFormat.FirstChunk;
        }

        return LookAtChunks(bytes[..(int)(end - reader.Offset)]);
    }

    private SnapshotFinding LookAtChunks(ReadOnlySpan<byte> bytes)
    {
        while (_ordinal < file.Manifest.Chunks)
        {
            int place = (int)(_next - reader.Offset);
            ReadOnlySpan<byte> rest = place < bytes.Length ? bytes[place..] : default;
            bool isWhole = SnapshotChunk.TryReadHeader(rest, out SnapshotChunk chunk) && chunk.Size <= rest.Length;
            bool mayFollow = reader.Offset + bytes.Length < file.Manifest.FileBytes && place > LogFormat.PageBytes;
            if (!isWhole && mayFollow)
            {
                // Its end is not in the window; once it begins in the window's first page, it must be.
                return SnapshotFinding.None;
            }

            if (!isWhole || !SnapshotChunk.TryRead(rest, out chunk, out _) || chunk.Ordinal != _ordinal)
            {
                return SnapshotFinding.Damaged;
            }

            _ordinal++;
            _next += chunk.Size;
            _content = chunk.ChainTo(_content);
        }

        bool isAll = _content == file.Manifest.Content && _next == file.Manifest.FileBytes;
        return isAll ? SnapshotFinding.Sound : SnapshotFinding.Damaged;
    }
}
