// Goal: a contract is named by its fingerprint: the same on every machine, another for each other contract, never zero.
// Method: each field is changed alone; the encoding and the fingerprint of the default are pinned as golden values.
using System;
using System.Globalization;
using System.Linq;
using System.Text;
using Xunit;

namespace CoreEngine.Model.Tests;

public class ContractTests
{
    private static readonly Contract[] Others =
    [
        Contract.Raft with { Faults = (FaultModel)2 },
        Contract.Raft with { Storage = (StorageModel)2 },
        Contract.Raft with { Network = (NetworkModel)2 },
        Contract.Raft with { Timing = (TimingModel)2 },
        Contract.Raft with { Quorum = (QuorumRule)2 },
        Contract.Raft with { Authority = (AuthorityRegime)2 },
        Contract.Raft with { Durability = Durability.Memory },
        Contract.Raft with { Durability = Durability.LocalDurable },
        Contract.Raft with { Medium = MediumClass.Process },
        Contract.Raft with { Medium = MediumClass.Os },
        Contract.Raft with { ApplyBeyondCommit = true },
        Contract.Raft with { LeaseNs = 300_000_000 },
        Contract.Raft with { Clock = new ClockBound(500, 1_000) },
    ];

    [Fact]
    public void Every_field_counts_in_the_fingerprint()
    {
        ulong[] all = [Contract.Raft.Fingerprint(), .. Others.Select(contract => contract.Fingerprint())];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.DoesNotContain(0ul, all);
        int fields = typeof(Contract).GetProperties().Count(property => property.CanWrite);
        Assert.Equal(fields, Others.Select(other => Changed(Contract.Raft, other)).Distinct().Count());
    }

    [Fact]
    public void Equal_contracts_have_equal_fingerprints() =>
        Assert.Equal(Contract.Raft.Fingerprint(), new Contract().Fingerprint());

    [Fact]
    public void The_encoding_and_the_fingerprint_of_the_default_never_change()
    {
        byte[] encoded = new byte[Contract.EncodedBytes];
        Contract.Raft.Encode(encoded);
        Assert.Equal("CoreEngine contract 1", Encoding.ASCII.GetString(encoded, 0, 21));
        Assert.Equal("010101010101020200", Convert.ToHexString(encoded, 21, 9));
        Assert.Equal(
            "446685b928ae781f", Contract.Raft.Fingerprint().ToString("x16", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(Durability.QuorumDurable, MediumClass.Power, "quorum/power")]
    [InlineData(Durability.LocalDurable, MediumClass.Os, "local/os")]
    [InlineData(Durability.Memory, MediumClass.Process, "memory/process")]
    public void It_prints_level_and_medium(Durability durability, MediumClass medium, string row) =>
        Assert.Equal(row, new Contract { Durability = durability, Medium = medium }.ToString());

    [Fact]
    public void It_describes_every_field() => Assert.Equal(
        "faults CrashRecovery, storage SyncedStays, network FairLoss, timing PartialSynchrony, quorum Majority, "
        + "authority ElectedTerm, acknowledgement quorum/power, apply at commit",
        Contract.Raft.Describe());

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    [InlineData(5, 3)]
    [InlineData(64, 33)]
    public void A_quorum_is_more_than_half(int voters, int quorum)
    {
        Assert.Equal(quorum, Contract.Raft.QuorumSize(voters));
        Assert.True(2 * quorum > voters);
    }

    [Fact]
    public void No_voters_have_no_quorum() =>
        Assert.Throws<InvariantException>(() => Contract.Raft.QuorumSize(0));

    private static string Changed(Contract left, Contract right) => typeof(Contract).GetProperties()
        .Where(property => property.CanWrite)
        .Single(property => !Equals(property.GetValue(left), property.GetValue(right)))
        .Name;
}
