using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>What snapshots do to a replica's log (Raft paper, 7): the beginning is given up, or the whole is
/// replaced.</summary>
internal static class SnapshotRule
{
    private const int EpochBytes = 8;

    /// <summary>Gives up the beginning of the log.</summary>
    internal static void Trim(RaftState state, in TrimCertificate proof, Outputs outputs)
    {
        Invariant.Holds(proof.Commit.Contract == state.Options.Contract);
        Invariant.Holds(proof.Commit.Group == state.Options.Group);
        Invariant.Holds(state.Log.TermAt(proof.SnapshotIndex) == proof.SnapshotTerm);
        state.Frontiers.Trim(proof);
        ulong term = state.Log.TermAt(proof.Index);
        state.Log.TrimTo(proof.Index);
        Write(state, PersistKind.Trim, proof.Index, term, outputs);
    }

    /// <summary>The log holds the snapshot's last entry: what comes before it is the same, so it is committed (raft.md
    /// S40).</summary>
    /// <returns>False when the log ends before it or has another entry there.</returns>
    internal static bool TryFastForward(RaftState state, in TrimCertificate proof, Outputs outputs)
    {
        ulong index = proof.SnapshotIndex;
        if (index <= state.CommitIndex)
        {
            return true;
        }

        if (index > state.LastIndex || state.Log.TermAt(index) != proof.SnapshotTerm)
        {
            return false;
        }

        CommitCertificate commit = proof.CommitAtSnapshot;
        state.Frontiers.Commit(commit);
        state.CommitProof = commit;
        state.Log.Configurations.Commit(index);
        outputs.Committed(commit);
        return true;
    }

    /// <summary>The machine stands at the snapshot. A log that ends before it, or contradicts it, is replaced
    /// (raft.md S38).</summary>
    internal static bool Install(
        RaftState state, in TrimCertificate proof, ReadOnlyMemory<byte> section, Outputs outputs)
    {
        Invariant.Holds(proof.IsValid);
        if (!TryReadConfiguration(section.Span, out Configuration? configuration)
            || LevelRule.IsBeyond(state, configuration))
        {
            return false;
        }

        ulong index = proof.SnapshotIndex;
        if (TryFastForward(state, proof, outputs))
        {
            if (state.Frontiers.Applied < index)
            {
                state.Frontiers.Apply(new ApplyResult(index));
            }

            ulong covered = ulong.Min(index, state.Frontiers.Durable);
            if (state.Log.Holes.Touches(1, covered))
            {
                // What cannot be read stands in the snapshot: nobody needs to be asked for it any more.
                Trim(state, proof with { Index = covered }, outputs);
            }

            return true;
        }

        Invariant.Holds(state.Role != Role.Leader);
        outputs.VoidLog();
        state.Log.Reset(index, proof.SnapshotTerm);
        state.Appends.CapTo(0);
        state.Frontiers.Install(proof);
        state.CommitProof = proof.CommitAtSnapshot;
        state.Clock.Observe(proof.Commit.Stamp);
        if (configuration is not null && configuration.Epoch >= state.Log.Configurations.Base.Epoch)
        {
            state.Log.Configurations.SetBase(configuration);
        }

        ConfigurationRule.Follow(state);
        Write(state, PersistKind.Snapshot, index, proof.SnapshotTerm, outputs);
        Write(state, PersistKind.Trim, index, proof.SnapshotTerm, outputs);
        if (state.Role == Role.Follower && state.Leader != 0)
        {
            // What is committed is in every leader's log.
            state.Matched = ulong.Max(state.Matched, index);
            Following.AcknowledgeDurable(state, outputs);
        }

        return true;
    }

    /// <summary>The configuration at an index: <c>u64 epoch</c>, then the body of its entry.</summary>
    internal static bool TryConfigurationAt(RaftState state, ulong index, out ReadOnlyMemory<byte> section)
    {
        Configuration configuration = state.Log.Configurations.At(index);
        section = default;
        bool isLater = configuration.Epoch > index && configuration.Epoch > Configuration.FirstEpoch;
        if (isLater || configuration.Epoch == 0)
        {
            // Nor does who joins know the members before it has applied an entry that names them.
            return false;
        }

        byte[] body = ConfigurationBody.ToBytes(configuration);
        byte[] bytes = new byte[EpochBytes + body.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, configuration.Epoch);
        body.CopyTo(bytes, EpochBytes);
        section = bytes;
        return true;
    }

    /// <summary>Reads what <see cref="TryConfigurationAt"/> wrote.</summary>
    /// <param name="configuration">Null when the section is empty.</param>
    internal static bool TryReadConfiguration(ReadOnlySpan<byte> section, out Configuration? configuration)
    {
        configuration = null;
        if (section.IsEmpty)
        {
            return true;
        }

        if (section.Length < EpochBytes)
        {
            return false;
        }

        ulong epoch = BinaryPrimitives.ReadUInt64LittleEndian(section);
        bool isSound = ConfigurationBody.TryRead(section[EpochBytes..], epoch, out Configuration read);
        configuration = read;
        return isSound;
    }

    /// <summary>What every member, as far as a leader heard, holds durably; 0 for who does not lead.</summary>
    internal static ulong SlowestNeed(RaftState state)
    {
        if (state.Role != Role.Leader)
        {
            return 0;
        }

        ulong slowest = state.Frontiers.Durable;
        for (int i = 0; i < state.Peers.Length; i++)
        {
            slowest = i == state.Self ? slowest : ulong.Min(slowest, state.Peers[i].Match);
        }

        return slowest;
    }

    /// <summary>The entry before the next one that a follower needs is gone: only a snapshot helps.</summary>
    internal static bool IsBelowCliff(RaftState state, Progress peer) =>
        Cliff.Judge(peer.Next - 1, state.Log.BaseIndex).Code != RefusalCode.None;

    /// <summary>A member cannot read entries that our log has given up: as its leader we send it a snapshot.</summary>
    internal static void NoteLostBelowBase(RaftState state, int place)
    {
        bool isNeedy = state.Role == Role.Leader && state.Peers[place].Match < state.Log.BaseIndex;
        if (isNeedy && state.Peers[place].State != ProgressState.Snapshot)
        {
            state.Peers[place].BecomeSnapshot();
        }
    }

    /// <summary>Members that wait for a snapshot, by place.</summary>
    internal static ulong Waiting(RaftState state)
    {
        ulong waiting = 0;
        for (int i = 0; i < state.Peers.Length && state.Role == Role.Leader; i++)
        {
            bool isWaiting = i != state.Self && state.Peers[i].State == ProgressState.Snapshot;
            waiting |= isWaiting ? 1UL << i : 0;
        }

        return waiting;
    }

    private static void Write(RaftState state, PersistKind kind, ulong index, ulong term, Outputs outputs) =>
        outputs.Write(new PersistItem(kind, state.NextTicket++, term, 0, 0, 0, index));
}
