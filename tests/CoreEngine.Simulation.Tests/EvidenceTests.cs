using System;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Simulation.Monitoring;
using Xunit;
using Monitor = CoreEngine.Simulation.Monitoring.Monitor;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: a certificate stands only when the recorded history bears it out. Method: a history of three replicas, the
/// certificate that it proves, and every forgery of one field; then a forged one shown in a living world.
/// </summary>
public sealed class EvidenceTests
{
    private static readonly CommitCertificate Proven = new(1, 1, 1, Term: 4, Index: 9, Voters: 0b011, Stamp: 1);

    [Fact]
    public void WhatTheHistoryShows_Stands()
    {
        Assert.Null(History().Refute(Proven));
        Assert.Null(History().Refute(Proven with { Index = 8 }));
        Assert.Null(History().Refute(Read(round: 3, voters: 0b110)));
    }

    [Theory]
    [InlineData(4, 10, 0b011, "never said that it held its index")]
    [InlineData(4, 9, 0b111, "replica 3 never said")]
    [InlineData(4, 9, 0b001, "no quorum")]
    [InlineData(4, 9, 0b1011, "no quorum")]
    [InlineData(5, 9, 0b011, "nobody was elected in its term 5")]
    [InlineData(3, 9, 0b011, "nobody was elected in its term 3")]
    public void EveryForgery_IsRefuted(ulong term, ulong index, ulong voters, string why)
    {
        string? refuted = History().Refute(Proven with { Term = term, Index = index, Voters = voters });
        Assert.Contains(why, refuted, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 0b110)]
    [InlineData(3, 0b011)]
    public void AReadBeyondWhatWasConfirmed_IsRefuted(ulong round, ulong voters) =>
        Assert.Contains("confirmed its round", History().Refute(Read(round, voters)), StringComparison.Ordinal);

    [Fact]
    public void AForgedCertificateInAWorld_IsCaught_AndHonestOnesAreNot()
    {
        using var world = new World(new WorldOptions { Seed = 31 });
        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a leader");
        Task<Receipt> receipt = world.Leader!.ProposeAsync(world.NextValue());
        world.RunUntil(() => receipt.IsCompleted, "an answer");
        Assert.True(world.Monitors.Certificates.Judged > 0);
        CommitCertificate honest = receipt.Result.Certificate;
        world.Monitors.Certificates.Shown(honest);
        world.RunFor(1_000_000_000);
        world.Monitors.Certificates.Shown(honest with { Index = honest.Index + 5 });
        var broken = Assert.Throws<InvariantException>(() => world.RunFor(1_000_000_000));
        Assert.Equal(Monitor.CommitCertificate, world.Violation!.Monitor);
        Assert.Contains("never said", broken.Message, StringComparison.Ordinal);
    }

    private static ReadCertificate Read(ulong round, ulong voters) =>
        new(1, 1, 1, Term: 4, Index: 9, round, voters, ReadProof.QuorumBarrier);

    private static Evidence History()
    {
        var history = new Evidence(static (_, epoch) => epoch == 1 ? Configuration.OfVoters([1, 2, 3]) : null);
        history.Voted(1, 0, 4, 1);
        history.Voted(3, 0, 5, 2);
        history.Voted(2, 0, 3, 3);
        history.Voted(2, 0, 4, 1);
        Assert.Null(history.Refute(new AuthorityCertificate(1, 1, 1, Term: 4, Leader: 1, Voters: 0b011)));
        Assert.NotNull(history.Refute(new AuthorityCertificate(1, 1, 1, Term: 5, Leader: 2, Voters: 0b110)));
        Assert.NotNull(history.Refute(new AuthorityCertificate(1, 1, 2, Term: 3, Leader: 3, Voters: 0b110)));
        history.HeldDurably(1, 0, 4, 9);
        history.HeldDurably(2, 0, 4, 9);
        history.HeldDurably(2, 0, 4, 7);
        history.HeldDurably(3, 0, 4, 8);
        history.HeldDurably(3, 0, 3, 20);
        history.Confirmed(2, 0, 4, 3);
        history.Confirmed(3, 0, 4, 3);
        history.Confirmed(1, 0, 4, 2);
        return history;
    }
}
