// Goal: proposals that are proposed again, as those of sessions are, take one place among the waiting however often
// they stand in the log, and none is forgotten. Method: the ring alone, with places for a few proposals, each appended
// many times.
using System.Collections.Generic;
using CoreEngine.Loop;
using Xunit;

namespace CoreEngine.Tests;

public sealed class PendingEntriesTests
{
    private const int Capacity = 8;
    private const ulong Term = 3;

    [Fact]
    public void PendingEntries_HoldEachProposalOnce_HoweverOftenItIsAppended()
    {
        var slots = new ProposalSlots(null!, new ProposalPlaces(), Capacity);
        var pending = new PendingEntries(slots);
        var sources = new List<ProposalSource>();
        for (int i = 0; i < Capacity; i++)
        {
            ProposalSource source = slots.Rent()!;
            source.Rent(default, isTicket: true);
            source.Stage = ProposalStage.InLog;
            sources.Add(source);
        }

        ulong index = 0;
        for (int round = 0; round < 5; round++)
        {
            foreach (ProposalSource source in sources)
            {
                index++;
                source.LastEntry = (index, Term);
                pending.Add(new PendingEntry(index, Term, source.Correlation));
                Assert.InRange(pending.Count, 1, Capacity);
            }
        }

        // The newest copy of each is found, in the order of the log.
        var waiting = new List<PendingEntry>();
        while (pending.TryTake(index, out PendingEntry entry))
        {
            waiting.Add(entry);
        }

        foreach (ProposalSource source in sources)
        {
            Assert.Contains(new PendingEntry(source.LastEntry.Index, Term, source.Correlation), waiting);
        }

        for (int i = 1; i < waiting.Count; i++)
        {
            Assert.True(waiting[i].Index > waiting[i - 1].Index);
        }
    }

    [Fact]
    public void PendingEntries_KeepWhoWaits_WhenOthersHaveEnded()
    {
        var slots = new ProposalSlots(null!, new ProposalPlaces(), Capacity);
        var pending = new PendingEntries(slots);
        ProposalSource first = slots.Rent()!;
        first.Rent(default, isTicket: true);
        first.Stage = ProposalStage.InLog;
        first.LastEntry = (1, Term);
        pending.Add(new PendingEntry(1, Term, first.Correlation));
        for (ulong index = 2; index < 10 * Capacity; index++)
        {
            ProposalSource other = slots.Rent()!;
            other.Rent(default, isTicket: true);
            other.Stage = ProposalStage.InLog;
            other.LastEntry = (index, Term);
            pending.Add(new PendingEntry(index, Term, other.Correlation));
            Assert.InRange(pending.Count, 1, Capacity);

            // Timed out: its place is another's, its entry is not applied.
            other.Stage = ProposalStage.Free;
            slots.Return(other);
        }

        Assert.True(pending.TryTake(1, out PendingEntry entry));
        Assert.Equal(new PendingEntry(1, Term, first.Correlation), entry);
    }
}
