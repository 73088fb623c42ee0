// Goal: the boundaries keep their lattice; an illegal move, or a proof that proves nothing here, stops the group.
// Method: each move is tried legal and illegal, then random moves against a model of the rules.
using System;
using System.Linq;
using System.Reflection;
using CoreEngine.Model.Certificates;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CoreEngine.Model.Tests;

public class FrontiersTests
{
    [Fact]
    public void Legal_moves_move_what_they_say()
    {
        Frontiers frontiers = Opened();
        Assert.Equal(new FrontierValues(10, 8, 3, 6, 0), frontiers.Values);
        Assert.Equal(
            (10ul, 8ul, 3ul, 6ul),
            (frontiers.Appended, frontiers.Durable, frontiers.Applied, frontiers.Committed));
        Assert.Equal(Proof(6), frontiers.Proof);
    }

    [Fact]
    public void Recovery_sets_appended_and_durable_once()
    {
        var frontiers = new Frontiers();
        frontiers.Recover(new SyncCompletion(5));
        Assert.Equal(new FrontierValues(5, 5, 0, 0, 0), frontiers.Values);
        Refused(frontiers, f => f.Recover(new SyncCompletion(6)));
    }

    [Fact]
    public void Appended_does_not_fall_by_an_append() => Refused(Opened(), f => f.Append(new AppendTicket(9)));

    [Fact]
    public void Durable_does_not_pass_appended() => Refused(Opened(), f => f.Persist(new SyncCompletion(11)));

    [Fact]
    public void A_completion_that_proves_less_changes_nothing()
    {
        Frontiers frontiers = Opened();
        frontiers.Persist(new SyncCompletion(2));
        Assert.Equal(8ul, frontiers.Durable);
    }

    [Fact]
    public void Applied_does_not_pass_committed() => Refused(Opened(), f => f.Apply(new ApplyResult(7)));

    [Fact]
    public void Applied_does_not_fall() => Refused(Opened(), f => f.Apply(new ApplyResult(2)));

    [Fact]
    public void Committed_does_not_fall() => Refused(Opened(), f => f.Commit(Proof(5)));

    [Fact]
    public void Committed_does_not_pass_appended() => Refused(Opened(), f => f.Commit(Proof(11)));

    [Fact]
    public void Committed_may_lead_the_local_durable()
    {
        Frontiers frontiers = Opened();
        frontiers.Commit(Proof(10));
        Assert.Equal(10ul, frontiers.Committed);
        Assert.Equal(8ul, frontiers.Durable);
    }

    [Fact]
    public void A_default_certificate_commits_nothing() => Refused(Opened(), f => f.Commit(default));

    [Theory]
    [InlineData(nameof(CommitCertificate.Contract))]
    [InlineData(nameof(CommitCertificate.Term))]
    [InlineData(nameof(CommitCertificate.Voters))]
    public void A_certificate_without_contract_term_or_voters_commits_nothing(string missing)
    {
        CommitCertificate proof = missing switch
        {
            nameof(CommitCertificate.Contract) => Proof(7) with { Contract = 0 },
            nameof(CommitCertificate.Term) => Proof(7) with { Term = 0 },
            _ => Proof(7) with { Voters = 0 },
        };
        Refused(Opened(), f => f.Commit(proof));
    }

    [Fact]
    public void A_certificate_of_another_contract_or_group_commits_nothing()
    {
        Refused(Opened(), f => f.Commit(Proof(7) with { Contract = 2 }));
        Refused(Opened(), f => f.Commit(Proof(7) with { Group = 9 }));
    }

    [Fact]
    public void Truncation_takes_durable_along_and_stops_at_committed()
    {
        Frontiers frontiers = Opened();
        frontiers.Truncate(7);
        Assert.Equal(new FrontierValues(7, 7, 3, 6, 0), frontiers.Values);
        frontiers.Truncate(6);
        Refused(frontiers, f => f.Truncate(5));
        Refused(frontiers, f => f.Truncate(7));
    }

    [Fact]
    public void No_boundary_moves_by_a_bare_number()
    {
        Type[] bare = [typeof(ulong), typeof(long), typeof(int), typeof(uint)];
        string[] movers = [.. typeof(Frontiers)
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => !method.IsSpecialName && method.Name != nameof(Frontiers.Truncate))
            .Where(method => method.GetParameters().Any(parameter => bare.Contains(parameter.ParameterType)))
            .Select(method => method.Name)];
        Assert.Empty(movers);
        Assert.All(
            typeof(Frontiers).GetProperties(),
            property => Assert.False(property.SetMethod?.IsPublic ?? false));
    }

    [Fact]
    public void Random_moves_never_break_the_lattice_and_refused_moves_change_nothing() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(
            Gen.ArrayOf(from kind in Gen.Choose(0, 4) from index in Gen.Choose(0, 12) select (kind, (ulong)index))
                .ToArbitrary(),
            moves =>
            {
                var frontiers = new Frontiers();
                return moves.All(move => Step(frontiers, move.kind, move.Item2));
            }));

    private static bool Step(Frontiers frontiers, int kind, ulong index)
    {
        FrontierValues before = frontiers.Values;
        bool legal = IsLegal(before, kind, index);
        bool moved = Try(() => Move(frontiers, kind, index));
        FrontierValues after = frontiers.Values;
        bool lattice = after.Trimmed <= after.Committed && after.Durable <= after.Appended
            && after.Applied <= after.Committed && after.Applied <= after.Appended
            && after.Committed <= after.Appended && after.Committed >= before.Committed;
        return moved == legal && (!moved ? after == before : lattice);
    }

    private static bool IsLegal(FrontierValues f, int kind, ulong index) => kind switch
    {
        0 => index >= f.Appended,
        1 => index <= f.Appended,
        2 => index >= f.Applied && index <= f.Committed,
        3 => index >= f.Committed && index <= f.Appended,
        _ => index >= f.Committed && index <= f.Appended,
    };

    private static void Move(Frontiers frontiers, int kind, ulong index)
    {
        switch (kind)
        {
            case 0: frontiers.Append(new AppendTicket(index)); break;
            case 1: frontiers.Persist(new SyncCompletion(index)); break;
            case 2: frontiers.Apply(new ApplyResult(index)); break;
            case 3: frontiers.Commit(Proof(index)); break;
            default: frontiers.Truncate(index); break;
        }
    }

    private static bool Try(Action move)
    {
        try
        {
            move();
            return true;
        }
        catch (InvariantException)
        {
            return false;
        }
    }

    private static Frontiers Opened()
    {
        var frontiers = new Frontiers();
        frontiers.Append(new AppendTicket(10));
        frontiers.Persist(new SyncCompletion(8));
        frontiers.Commit(Proof(6));
        frontiers.Apply(new ApplyResult(3));
        return frontiers;
    }

    private static CommitCertificate Proof(ulong index) => new(1, 4, 0, 2, index, 0b011, 0);

    private static void Refused(Frontiers frontiers, Action<Frontiers> move)
    {
        FrontierValues before = frontiers.Values;
        Assert.Throws<InvariantException>(() => move(frontiers));
        Assert.Equal(before, frontiers.Values);
    }
}
