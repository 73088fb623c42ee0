using System;
using System.Buffers.Binary;
using System.Text;

namespace CoreEngine.Model;

/// <summary>Which faults of a replica the group survives.</summary>
public enum FaultModel : byte
{
    /// <summary>Replicas stop and come back with what their medium holds; they never lie.</summary>
    CrashRecovery = 1,
}

/// <summary>What a medium may do.</summary>
public enum StorageModel : byte
{
    /// <summary>
    /// What was synced stays; the unsynced tail may be lost or torn; damage is seen by checksum and stops the
    /// replica; a failed sync
    /// is final.
    /// </summary>
    SyncedStays = 1,
}

/// <summary>What the network may do.</summary>
public enum NetworkModel : byte
{
    /// <summary>
    /// Delays, drops, duplicates and reorders, and sometimes delivers; damage is seen by checksum; it does not forge.
    /// </summary>
    FairLoss = 1,
}

/// <summary>What clocks are trusted for.</summary>
public enum TimingModel : byte
{
    /// <summary>
    /// Safety trusts no clock; progress needs delays that are bounded eventually (Dwork, Lynch, Stockmeyer 1988).
    /// </summary>
    PartialSynchrony = 1,

    /// <summary>The same, and reads by lease trust that clocks measure a lease's duration within a bound.</summary>
    BoundedDrift = 2,
}

/// <summary>Which sets of voters decide.</summary>
public enum QuorumRule : byte
{
    /// <summary>More than half: any two meet in one replica at least.</summary>
    Majority = 1,
}

/// <summary>Who may append.</summary>
public enum AuthorityRegime : byte
{
    /// <summary>The one leader that a quorum elected for the term; older terms are refused everywhere.</summary>
    ElectedTerm = 1,
}

/// <summary>
/// Under which faults, media, network and clocks a group's promises hold, and what its acknowledgement means (S0 1.4,
/// 5.5).
/// </summary>
/// <remarks>
/// Part of every certificate by its <see cref="Fingerprint"/>: a proof counted under another contract proves nothing
/// here. Membership
/// is left out; it changes, and the config epoch names it. The defaults are a complete contract.
/// </remarks>
public sealed record Contract
{
    /// <summary>Bytes of the canonical encoding: the tag, then one byte for each field.</summary>
    internal const int EncodedBytes = 30;

    private const int FieldCount = 9;
    private const int LeaseBytes = 20;

    /// <summary>Which faults are survived.</summary>
    public FaultModel Faults { get; init; } = FaultModel.CrashRecovery;

    /// <summary>What media may do.</summary>
    public StorageModel Storage { get; init; } = StorageModel.SyncedStays;

    /// <summary>What the network may do.</summary>
    public NetworkModel Network { get; init; } = NetworkModel.FairLoss;

    /// <summary>What clocks are trusted for.</summary>
    public TimingModel Timing { get; init; } = TimingModel.PartialSynchrony;

    /// <summary>Which sets of voters decide.</summary>
    public QuorumRule Quorum { get; init; } = QuorumRule.Majority;

    /// <summary>Who may append.</summary>
    public AuthorityRegime Authority { get; init; } = AuthorityRegime.ElectedTerm;

    /// <summary>What holds an entry when it is acknowledged.</summary>
    public Durability Durability { get; init; } = Durability.QuorumDurable;

    /// <summary>What the medium survives.</summary>
    public MediumClass Medium { get; init; } = MediumClass.Power;

    /// <summary>
    /// True when the state machine may run ahead of the commit (A &gt; C). The frontiers forbid it: always false so
    /// far.
    /// </summary>
    public bool ApplyBeyondCommit { get; init; }

    /// <summary>How long an entry serves as a lease, in nanoseconds; 0 without leases.</summary>
    public long LeaseNs { get; init; }

    /// <summary>What is trusted of clocks; means something with leases only.</summary>
    public ClockBound Clock { get; init; } = ClockBound.Default;

    /// <summary>The contract of a Raft group as the engine opens it: quorum/power.</summary>
    public static Contract Raft { get; } = new();

    /// <summary>The same contract with leases.</summary>
    public Contract WithLease(long durationNs, ClockBound clock)
    {
        Invariant.Holds(durationNs > 0);
        Invariant.Holds(clock.IsSound);
        return this with { Timing = TimingModel.BoundedDrift, LeaseNs = durationNs, Clock = clock };
    }

    /// <summary>Voters that must agree.</summary>
    /// <param name="voters">Voters of the configuration, at least one.</param>
    public int QuorumSize(int voters)
    {
        Invariant.Holds(voters > 0);
        Invariant.Holds(Quorum == QuorumRule.Majority);
        return (voters / 2) + 1;
    }

    /// <summary>
    /// The contract in eight bytes, as every certificate carries it: from the SHA-256 of its canonical encoding,
    /// never 0.
    /// </summary>
    /// <remarks>Equal contracts give equal fingerprints on every machine and in every version.</remarks>
    public ulong Fingerprint()
    {
        Span<byte> encoded = stackalloc byte[EncodedBytes + LeaseBytes];
        Encode(encoded[..EncodedBytes]);
        int length = EncodedBytes;
        if (LeaseNs != 0 || Clock != ClockBound.Default)
        {
            BinaryPrimitives.WriteInt64LittleEndian(encoded[length..], LeaseNs);
            BinaryPrimitives.WriteInt32LittleEndian(encoded[(length + 8)..], Clock.DriftPartsPerMillion);
            BinaryPrimitives.WriteInt64LittleEndian(encoded[(length + 12)..], Clock.GranularityNs);
            length += LeaseBytes;
        }

        ulong fingerprint = Digest.Of(encoded[..length]).First;
        return fingerprint == 0 ? 1 : fingerprint;
    }

    /// <summary>All fields, for people.</summary>
    public string Describe() =>
        $"faults {Faults}, storage {Storage}, network {Network}, timing {Timing}, quorum {Quorum}, "
        + $"authority {Authority}, acknowledgement {this}, apply {(ApplyBeyondCommit ? "beyond" : "at")} commit"
        + (LeaseNs == 0 ? string.Empty : $", leases of {LeaseNs / 1_000_000} ms under clocks within {Clock}");

    /// <summary>Acknowledgement level and medium class, such as quorum/power.</summary>
    public override string ToString()
    {
        string level = Durability switch
        {
            Durability.Memory => "memory",
            Durability.LocalDurable => "local",
            _ => "quorum",
        };
        string medium = Medium switch
        {
            MediumClass.Process => "process",
            MediumClass.Os => "os",
            _ => "power",
        };
        return $"{level}/{medium}";
    }

    /// <summary>Writes the canonical encoding. A field is added at the end, under a new tag, or not at all.</summary>
    internal void Encode(Span<byte> target)
    {
        Invariant.Holds(target.Length == EncodedBytes);
        int tag = Encoding.ASCII.GetBytes("CoreEngine contract 1", target);
        Invariant.Holds(tag == EncodedBytes - FieldCount);
        Span<byte> fields = target[tag..];
        fields[0] = (byte)Faults;
        fields[1] = (byte)Storage;
        fields[2] = (byte)Network;
        fields[3] = (byte)Timing;
        fields[4] = (byte)Quorum;
        fields[5] = (byte)Authority;
        fields[6] = (byte)Durability;
        fields[7] = (byte)Medium;
        fields[8] = ApplyBeyondCommit ? (byte)1 : (byte)0;
    }
}
