using System;
using System.Globalization;

namespace CoreEngine.IO.Snapshots;

/// <summary>What a chunk of a snapshot belongs to.</summary>
internal enum SnapshotSection : byte
{
    /// <summary>The group's configuration, as its core writes it.</summary>
    Configuration = 1,

    /// <summary>Client sessions.</summary>
    Sessions = 2,

    /// <summary>The host's machine.</summary>
    Machine = 3,
}

/// <summary>Sizes and names of snapshot files: a page with the manifest, then chunks, one behind the other.</summary>
/// <remarks>
/// The manifest is written last, into the first page of a file under a temporary name; then file, name and directory
/// are made durable in this order. So a file under its own name is whole.
/// </remarks>
internal static class SnapshotFormat
{
    internal const uint Version = 1;

    /// <summary>Where the first chunk stands.</summary>
    internal const int FirstChunk = 4096;

    /// <summary>Bytes of a chunk's contents before compression, at most.</summary>
    internal const int ChunkBytesMax = 128 * 1024;

    /// <summary>Bytes of a slab that holds any chunk with its header.</summary>
    internal const int SlabBytes = ChunkBytesMax + 4096;

    /// <summary>Bytes of the sessions at most: they are read into memory. The configuration is one chunk.</summary>
    internal const int SmallSectionBytesMax = 64 * 1024 * 1024;

    private const string Prefix = "snap-";
    private const string TemporarySuffix = ".tmp";
    private const string IncomingSuffix = ".in";

    /// <summary>Name of a whole snapshot.</summary>
    internal static string NameOf(uint group, ulong index) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{group:x8}-{index:x16}");

    /// <summary>Name of a group's own snapshot while it is written.</summary>
    internal static string TemporaryOf(uint group) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{group:x8}{TemporarySuffix}");

    /// <summary>Name of a snapshot while it comes from another replica.</summary>
    internal static string IncomingOf(uint group) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{group:x8}{IncomingSuffix}");

    /// <summary>True for what a crash left half made.</summary>
    internal static bool IsHalfMade(string name) => name.StartsWith(Prefix, StringComparison.Ordinal)
        && (name.EndsWith(TemporarySuffix, StringComparison.Ordinal)
            || name.EndsWith(IncomingSuffix, StringComparison.Ordinal));

    /// <summary>Reads group and index from the name of a whole snapshot.</summary>
    internal static bool TryParse(string name, out uint group, out ulong index)
    {
        group = 0;
        index = 0;
        return name.Length == Prefix.Length + 8 + 1 + 16
            && name.StartsWith(Prefix, StringComparison.Ordinal)
            && name[Prefix.Length + 8] == '-'
            && uint.TryParse(
                name.AsSpan(Prefix.Length, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out group)
            && ulong.TryParse(
                name.AsSpan(Prefix.Length + 9),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out index);
    }
}
