using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>
/// What the shard has counted since it started. Written by the shard's thread, read by anybody, without ceremony.
/// </summary>
internal sealed class LoopCounters
{
    internal long Turns;
    internal long Parks;
    internal long Proposals;
    internal long Applied;
    internal long FramesSent;
    internal long FramesDropped;
    internal long BeatsSent;
    internal long FramesForUnknownGroup;
    internal long MessagesStale;
    internal long MessagesFromStrangers;
    internal long MessagesMalformed;
    internal long Contradictions;
    internal long ViewChanges;
    internal long Superseded;
    internal long SnapshotPiecesDamaged;
    internal long SnapshotBytesCaptured;
    internal long SnapshotBytesWritten;
    internal long ScrubbedBytes;
    internal long ScrubPasses;
    internal long DamageFound;
    internal long DamageRepaired;
    internal long DigestDivergences;
    internal long DigestTies;

    internal void Count(ReceiveResult result)
    {
        switch (result)
        {
            case ReceiveResult.Stale:
                MessagesStale++;
                break;
            case ReceiveResult.Stranger:
                MessagesFromStrangers++;
                break;
            case ReceiveResult.Malformed:
                MessagesMalformed++;
                break;
            case ReceiveResult.Contradiction:
                Contradictions++;
                break;
            default:
                break;
        }
    }
}
