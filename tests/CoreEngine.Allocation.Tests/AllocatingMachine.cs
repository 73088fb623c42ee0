using CoreEngine.Load.Cluster;

namespace CoreEngine.Allocation.Tests;

/// <summary>A ledger that wastes one small object per entry: what the meter must notice.</summary>
internal sealed class AllocatingMachine : IStateMachine
{
    private readonly LedgerMachine _ledger = new();
    private object? _waste;

    public bool InlineSafe => true;

    public ulong StateDigest => _ledger.StateDigest + (_waste is null ? 0UL : 1UL);

    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        _ledger.Apply(batch, ref replies);
        foreach (CommittedEntry entry in batch)
        {
            // Kept in a field: otherwise the compiler may put it on the stack.
            _waste = new byte[entry.Command.Length];
        }
    }
}
