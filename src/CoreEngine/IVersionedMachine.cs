using System;

namespace CoreEngine;

/// <summary>A machine that can show its state as it was at earlier indexes: for
/// <see cref="Read.AsOf(ulong)"/>.</summary>
public interface IVersionedMachine : IStateMachine
{
    /// <summary>The oldest index whose state can still be shown; 0 for none but the present one. Never falls while the
    /// machine lives.</summary>
    ulong OldestVersion { get; }

    /// <summary>The state as it was after the entry at an index, all before it and none after it.</summary>
    /// <remarks>Called on the machine's own thread, between batches, for an index that was applied; the query runs on
    /// the view before the next batch.</remarks>
    /// <param name="index">At least <see cref="OldestVersion"/>.</param>
    /// <returns>A machine of the type that queries ask for, only to be read; null when the version is gone.</returns>
    IStateMachine? ViewAsOf(ulong index);
}

/// <summary>A machine that can tell from a command which keys it may touch: for <see cref="Read.ForKey"/>.</summary>
public interface IKeyedMachine : IStateMachine
{
    /// <summary>True when applying the command might change what a read of the key returns.</summary>
    /// <remarks>Must not look at the machine's state: it is asked about entries that are not applied, from another
    /// thread than Apply's. When in doubt: true.</remarks>
    /// <param name="command">The command's bytes, as proposed; valid during the call only.</param>
    /// <param name="key">The key, as <see cref="Read.ForKey"/> was given it.</param>
    bool MayTouch(ReadOnlySpan<byte> command, ulong key);
}
