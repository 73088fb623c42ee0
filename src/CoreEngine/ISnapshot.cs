using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine;

/// <summary>A view of a machine's state at one index, written to a file while the machine goes on.</summary>
/// <remarks>
/// Made by <see cref="IStateMachine.Capture"/>. The engine calls <see cref="WriteAsync"/> once, then disposes it when
/// it can be disposed; until then the view must not change, whatever the machine applies: by copy-on-write, by
/// versions, or by a copy.
/// </remarks>
public interface ISnapshot
{
    /// <summary>Writes the whole state. Runs on a worker, beside <see cref="IStateMachine.Apply"/>.</summary>
    /// <param name="writer">Takes the bytes; flush often, since each flush waits while the disk is behind. The engine
    /// completes it.</param>
    /// <param name="cancellationToken">Fires when the snapshot is not wanted any more.</param>
    ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken);
}
