// Goal: in its steady state a proposal allocates nothing, on no thread of leader, followers or callers.
// Method: three engines in this process with real durable writes; 256 proposals under way; the runtime's exact count
// of allocated bytes over three times 100,000 proposals after a warm-up, of which the one in the middle counts. Tiered
// compilation is off, see test.env.
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;
using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace CoreEngine.Allocation.Tests;

public sealed class AllocationTests
{
    private const int OperationsMin = 90_000;

    [Fact]
    public async Task An_awaited_proposal_allocates_nothing_on_leader_and_followers() =>
        AssertFree(await AllocationMeter.MeasureAsync(static () => new LedgerMachine(), CallForm.Awaited));

    [Fact]
    public async Task A_ticketed_proposal_allocates_nothing_on_leader_and_followers() =>
        AssertFree(await AllocationMeter.MeasureAsync(static () => new LedgerMachine(), CallForm.Ticket));

    [Fact]
    public async Task A_machine_that_allocates_per_entry_is_noticed()
    {
        AllocationCost cost =
            await AllocationMeter.MeasureAsync(static () => new AllocatingMachine(), CallForm.Awaited);

        // An array of 16 bytes takes 40; three machines waste one per entry.
        Assert.Null(cost.Violation);
        Assert.True(cost.BytesPerOperation > 80, $"measured {cost.BytesPerOperation} bytes per operation: {cost}");
    }

    private static void AssertFree(AllocationCost cost)
    {
        Assert.Null(cost.Violation);
        Assert.True(cost.Operations >= OperationsMin, cost.ToString());
        Assert.Equal(0, cost.Tally.Refused);
        Assert.Equal(0, cost.Tally.Unknown);
        Assert.True(cost.BytesPerOperation < 1, $"{cost.BytesPerOperation} bytes per operation: {cost}");
        Assert.Equal(0, cost.Collections);
    }
}
