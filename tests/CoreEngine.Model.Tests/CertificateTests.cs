// Goal: a default certificate proves nothing, and each needed field, missing alone, makes a certificate void.
// Method: one sound certificate of each kind, then each needed field taken away.
using System.Text.Json;
using CoreEngine.Model.Certificates;
using Xunit;

namespace CoreEngine.Model.Tests;

public class CertificateTests
{
    [Fact]
    public void Defaults_are_no_certificates()
    {
        Assert.False(default(AuthorityCertificate).IsValid);
        Assert.False(default(CommitCertificate).IsValid);
        Assert.False(default(ReadCertificate).IsValid);
    }

    [Fact]
    public void Authority_needs_contract_term_and_voters()
    {
        var sound = new AuthorityCertificate(1, 0, 0, 5, 2, 0b110);
        Assert.True(sound.IsValid);
        Assert.False((sound with { Contract = 0 }).IsValid);
        Assert.False((sound with { Term = 0 }).IsValid);
        Assert.False((sound with { Voters = 0 }).IsValid);
    }

    [Fact]
    public void Commit_needs_contract_term_and_voters()
    {
        var sound = new CommitCertificate(1, 0, 0, 5, 9, 0b110, 0);
        Assert.True(sound.IsValid);
        Assert.False((sound with { Contract = 0 }).IsValid);
        Assert.False((sound with { Term = 0 }).IsValid);
        Assert.False((sound with { Voters = 0 }).IsValid);
    }

    [Fact]
    public void Commit_prints_the_level_that_it_proves()
    {
        var sound = new CommitCertificate(1, 0, 0, 5, 9, 0b110, 0);
        Assert.Contains("Level = QuorumDurable", sound.ToString(), System.StringComparison.Ordinal);
        Assert.Equal(2, JsonSerializer.SerializeToElement(sound).GetProperty("Level").GetInt32());
        Assert.Null(default(CommitCertificate).Level);
    }

    [Fact]
    public void Read_needs_a_proof_too()
    {
        var sound = new ReadCertificate(1, 0, 0, 5, 9, 3, 0b110, ReadProof.QuorumBarrier);
        Assert.True(sound.IsValid);
        Assert.False((sound with { Contract = 0 }).IsValid);
        Assert.False((sound with { Term = 0 }).IsValid);
        Assert.False((sound with { Voters = 0 }).IsValid);
        Assert.False((sound with { Proof = ReadProof.None }).IsValid);
    }
}
