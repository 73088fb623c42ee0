using System.Buffers;

namespace CoreEngine.Simulation.Hosting;

/// <summary>A host's machine inside a world: sees its own commands only, and its invariant is asked after each
/// batch.</summary>
internal abstract class HostedMachine
{
    private readonly ArrayBufferWriter<byte> _records = new();
    private readonly BatchProgress _progress = new();

    internal abstract IStateMachine Machine { get; }

    /// <summary>What the host's invariant has complained of first; null while it holds.</summary>
    internal string? Complaint { get; private set; }

    /// <summary>Gives the machine a batch of sealed commands.</summary>
    internal void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        int count = CommandEnvelope.Unseal(batch, _records);
        if (count > 0)
        {
            var opened = new CommittedBatch(_records.WrittenSpan, batch.First, batch.Count, _progress);
            Machine.Apply(opened, ref replies);
            Complaint ??= Judge();
        }
    }

    private protected abstract string? Judge();
}

/// <inheritdoc/>
internal sealed class HostedMachine<TMachine>(TMachine machine, System.Func<TMachine, string?>? invariant)
    : HostedMachine
    where TMachine : class, IStateMachine
{
    internal override IStateMachine Machine => machine;

    private protected override string? Judge() => invariant?.Invoke(machine);
}
