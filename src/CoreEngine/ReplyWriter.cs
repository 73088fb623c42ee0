using System;
using CoreEngine.Loop;
using CoreEngine.Model;

namespace CoreEngine;

/// <summary>Takes the machine's replies while a batch is applied.</summary>
public readonly ref struct ReplyWriter
{
    private readonly ReplyBuffer? _buffer;

    internal ReplyWriter(ReplyBuffer? buffer) => _buffer = buffer;

    /// <summary>False when nobody at this replica waits for replies: building one is wasted work.</summary>
    public bool IsWanted => _buffer is not null;

    /// <summary>
    /// Sets the reply of one entry. Entries without a call get an empty reply; calls come in the order of the
    /// entries.
    /// </summary>
    /// <param name="bytes">Copied; at most <see cref="Limits.ReplyBytesMax"/> bytes.</param>
    /// <exception cref="ArgumentException">The reply is too large: it stops the group, since replicas would disagree
    /// about it.</exception>
    public void Reply(in CommittedEntry entry, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Limits.ReplyBytesMax)
        {
            throw new ArgumentException(
                $"a reply of {bytes.Length} bytes exceeds {Limits.ReplyBytesMax}", nameof(bytes));
        }

        _buffer?.Add(entry.Index, bytes);
    }
}
