// Goal: the consensus matrix is complete, rises in what it allows and promises, and keeps what X-09 demands.
// Method: the data is walked row by row.
using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model.Guarantees;
using CoreEngine.Model.Modes;
using Xunit;

namespace CoreEngine.Model.Tests;

public class ModeMatrixTests
{
    [Fact]
    public void Every_mode_has_one_complete_row()
    {
        Assert.Equal(Enum.GetValues<Mode>(), ModeMatrix.Consensus.Rows.Select(row => row.Mode));
        Assert.All(ModeMatrix.Consensus.Rows, row =>
        {
            Assert.Same(row, ModeMatrix.Consensus.Row(row.Mode));
            Assert.NotEmpty(row.Entry);
            Assert.DoesNotContain(row.Entry, string.IsNullOrWhiteSpace);
            Assert.NotEmpty(row.Exits);
            Assert.DoesNotContain(row.Exits, exit => string.IsNullOrWhiteSpace(exit.Evidence) || exit.To == row.Mode);
            Assert.False(string.IsNullOrWhiteSpace(row.Promise));
        });
    }

    [Fact]
    public void A_higher_mode_allows_and_promises_at_least_as_much()
    {
        foreach ((ModeRow low, ModeRow high) in ModeMatrix.Consensus.Rows.Zip(ModeMatrix.Consensus.Rows.Skip(1)))
        {
            Assert.Equal(low.Allowed, low.Allowed & high.Allowed);
            Assert.NotEqual(low.Allowed, high.Allowed);
            Assert.True(high.Guarantee.IsAtLeast(low.Guarantee));
        }
    }

    [Fact]
    public void Degraded_loses_reads_by_lease_and_nothing_else()
    {
        ModeRow degraded = ModeMatrix.Consensus.Row(Mode.Degraded);
        ModeRow target = ModeMatrix.Consensus.Row(Mode.Target);
        Assert.Equal(ModeOperations.LeaseRead, target.Allowed & ~degraded.Allowed);
        Assert.Equal(target.Guarantee, degraded.Guarantee);
    }

    [Fact]
    public void Idempotence_and_auth_are_the_same_in_every_mode()
    {
        Guarantee target = ModeMatrix.Consensus.Row(Mode.Target).Guarantee;
        Assert.All(ModeMatrix.Consensus.Rows, row =>
        {
            Assert.Equal(target.Idempotence, row.Guarantee.Idempotence);
            Assert.Equal(target.Auth, row.Guarantee.Auth);
        });
    }

    [Fact]
    public void Nothing_is_decided_below_degraded_and_nothing_is_allowed_on_the_floor()
    {
        Assert.Equal(ModeOperations.None, ModeMatrix.Consensus.Row(Mode.Floor).Allowed);
        Assert.False(ModeMatrix.Consensus.Row(Mode.Recovery).Allowed.HasFlag(ModeOperations.Propose));
        Assert.False(ModeMatrix.Consensus.Row(Mode.Recovery).Allowed.HasFlag(ModeOperations.LinearizableRead));
    }

    [Fact]
    public void Target_is_reached_from_every_mode()
    {
        foreach (ModeRow start in ModeMatrix.Consensus.Rows)
        {
            var reached = new HashSet<Mode> { start.Mode };
            for (int step = 0; step < ModeMatrix.Consensus.Rows.Count; step++)
            {
                ModeExit[] exits = [.. reached.SelectMany(mode => ModeMatrix.Consensus.Row(mode).Exits)];
                reached.UnionWith(exits.Select(exit => exit.To));
            }

            Assert.Contains(Mode.Target, reached);
        }
    }
}
