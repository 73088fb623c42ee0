namespace CoreEngine.Model;

/// <summary>
/// Every bound of the engine, unit and qualifier last. Relations between limits are asserted once, by
/// <see cref="Verify"/>.
/// </summary>
public static class Limits
{
    /// <summary>Replicas in one group, voters and learners: a voter bitmap is one ulong.</summary>
    public const int ReplicasMax = 64;

    /// <summary>Bytes of one host command.</summary>
    public const int EntryBytesMax = 512 * 1024;

    /// <summary>Bytes of a record's body: a command with its stamp and origin.</summary>
    public const int RecordBodyBytesMax = EntryBytesMax + 64;

    /// <summary>Bytes of a frame on the wire, header included.</summary>
    public const int FrameBytesMax = 1024 * 1024;

    /// <summary>Bytes of a handshake frame, header included.</summary>
    public const int HelloFrameBytesMax = 4096;

    /// <summary>Bytes of a group's name in UTF-8.</summary>
    public const int GroupNameBytesMax = 128;

    /// <summary>Bytes of one reply of a state machine.</summary>
    public const int ReplyBytesMax = 64 * 1024;

    /// <summary>Bytes of entries that a leader may hold uncommitted before it refuses proposals.</summary>
    public const int UncommittedBytesMax = 16 * 1024 * 1024;

    /// <summary>Entries that a leader may hold uncommitted before it refuses proposals.</summary>
    public const int UncommittedEntriesMax = 128 * 1024;

    /// <summary>Bytes of entries in flight to one follower.</summary>
    public const int InflightBytesMax = 8 * 1024 * 1024;

    /// <summary>AppendEntries messages in flight to one follower.</summary>
    public const int InflightMessagesMax = 256;

    /// <summary>Entries in one AppendEntries message.</summary>
    public const int AppendEntriesMax = 16 * 1024;

    /// <summary>Bytes of records in one AppendEntries message.</summary>
    public const int AppendBytesMax = 768 * 1024;

    /// <summary>Proposals, awaited or ticketed, that one group holds at a time.</summary>
    public const int ProposalsMax = 32 * 1024;

    /// <summary>Client sessions that one group holds open at a time.</summary>
    public const int SessionsMax = 1024;

    /// <summary>Sequences, from the newest one down, that a session remembers: a power of two.</summary>
    public const int SessionWindow = 256;

    /// <summary>Bytes of replies that a session keeps for repeats, the newest first.</summary>
    public const int SessionReplyBytesMax = 16 * 1024;

    /// <summary>Shortest time after which an idle session may be expired.</summary>
    public const int SessionTimeoutMsMin = 1000;

    /// <summary>Longest such time: a week.</summary>
    public const int SessionTimeoutMsMax = 7 * 24 * 60 * 60 * 1000;

    /// <summary>Idempotency keys that one group remembers at a time.</summary>
    public const int IdempotencyKeysMax = 16 * 1024;

    /// <summary>Bytes of replies that a group keeps for its idempotency keys, the newest first.</summary>
    public const int KeyReplyBytesMax = 1024 * 1024;

    /// <summary>Bytes of a durable write.</summary>
    public const int BatchBytesMax = 1024 * 1024;

    /// <summary>Asserts the relations between the limits. Called once when an engine opens.</summary>
    public static void Verify()
    {
        Invariant.Holds(AppendBytesMax + 4096 <= FrameBytesMax);
        Invariant.Holds(RecordHeader.SizeOf(RecordBodyBytesMax) <= AppendBytesMax);
        Invariant.Holds(RecordHeader.SizeOf(RecordBodyBytesMax) <= BatchBytesMax / 2 + 4096);
        Invariant.Holds(InflightBytesMax <= UncommittedBytesMax);
        Invariant.Holds(UncommittedEntriesMax >= ProposalsMax);
        Invariant.Holds(System.Numerics.BitOperations.IsPow2(SessionWindow));
    }
}
