using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Diagnostics;
using CoreEngine.IO.Ring;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine;

/// <summary>What an operator sees of a group at this replica.</summary>
/// <param name="Role">Follower, PreCandidate, Candidate or Leader.</param>
/// <param name="Term">Current term.</param>
/// <param name="Leader">The leader of that term; 0 when unknown.</param>
/// <param name="Mode">How much the group may promise now.</param>
/// <param name="Frontiers">The boundaries.</param>
/// <param name="PendingProposals">Proposals whose callers wait, or have not taken their receipt.</param>
public readonly record struct GroupStatus(
    string Role, ulong Term, uint Leader, Mode Mode, FrontierValues Frontiers, int PendingProposals);

/// <summary>A Line history behind the host's machine. All members may be called from any thread.</summary>
public sealed partial class Group
{
    private readonly GroupRuntime _runtime;

    /// <summary>The loop's side of it, for tests and the simulation.</summary>
    internal GroupRuntime Runtime => _runtime;

    internal Group(GroupRuntime runtime) => _runtime = runtime;

    /// <summary>The group's name, as its first record holds it.</summary>
    public string Name => _runtime.Name;

    /// <summary>The group's number.</summary>
    public uint Number => _runtime.Number;

    /// <summary>Why the group stopped; null while it runs.</summary>
    public EngineFault? Fault => _runtime.Fault;

    /// <summary>When a proposal is acknowledged that says nothing of its own, and what that survives, e.g.
    /// <c>quorum/power</c>.</summary>
    public string Durability => new Contract
    {
        Durability = _runtime.Options.Durability,
        Medium = _runtime.Options.Durability == Model.Durability.Memory
            ? MediumClass.Process
            : _runtime.Contract.Medium,
    }.ToString();

    /// <summary>The boundaries E, D, A, C, T at this replica, as of the last turn.</summary>
    public FrontierValues Frontiers => _runtime.View.Read().Frontiers;

    /// <summary>Role, term, leader, mode and boundaries, as of the last turn.</summary>
    public GroupStatus Status
    {
        get
        {
            (FrontierValues frontiers, Protocol.CoreStatus status) = _runtime.View.Read();
            return new GroupStatus(
                status.Role.ToString(), status.Term, status.Leader, status.Mode, frontiers, _runtime.Slots.InUse);
        }
    }

    /// <summary>Why the group makes no progress here: which of the five conditions fails. Works also while the shard
    /// is stuck.</summary>
    public ProgressReport ExplainProgress() => StallExplainer.Explain(_runtime, MonotonicClock.Now());

    /// <summary>Proposes a command and waits until it is decided; the machine's reply is dropped.</summary>
    /// <inheritdoc cref="ProposeAsync(ReadOnlySpan{byte}, Memory{byte}, CancellationToken)"/>
    public ValueTask<Receipt> ProposeAsync(ReadOnlySpan<byte> command, CancellationToken cancellationToken = default) =>
        ProposeAsync(command, default, cancellationToken);

    /// <summary>Proposes a command and waits until it is decided. On a follower it is handed to the leader.</summary>
    /// <param name="command">Copied before the call returns; at most <see cref="Limits.EntryBytesMax"/> bytes.</param>
    /// <param name="reply">Receives the machine's reply before the await ends; the caller's until then only if it
    /// leaves it alone.</param>
    /// <param name="cancellationToken">Stops the wait, not the proposal: it may still commit.</param>
    /// <returns>
    /// Committed: durable at a quorum and applied here. Refused: surely without effect. Unknown: not decided in time.
    /// Await it once.
    /// </returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<Receipt> ProposeAsync(
        ReadOnlySpan<byte> command, Memory<byte> reply, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ProposalSource? source = _runtime.TryEnqueue(
            command, reply, default, out Refusal refusal, out ValueTask<Receipt> result, cancellationToken);
        return source is null ? new ValueTask<Receipt>(Refused(refusal)) : result;
    }

    /// <summary>Proposes a command that is acknowledged at a level of its own.</summary>
    /// <param name="command">As for a plain proposal.</param>
    /// <param name="durability">Below a quorum the answer is Acknowledged as soon as the leader alone holds the entry,
    /// in memory or on its medium: it carries no reply and no certificate, and the entry may be lost with that
    /// leader.</param>
    /// <param name="reply">Receives the machine's reply when the answer is Committed.</param>
    /// <param name="cancellationToken">Stops the wait, not the proposal.</param>
    /// <exception cref="ArgumentException">There is no such level.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<Receipt> ProposeAsync(
        ReadOnlySpan<byte> command,
        Model.Durability durability,
        Memory<byte> reply = default,
        CancellationToken cancellationToken = default)
    {
        OptionsCheck.Verify(durability);
        cancellationToken.ThrowIfCancellationRequested();
        var terms = new ProposalTerms(default, Level: durability);
        ProposalSource? source = _runtime.TryEnqueue(
            command, reply, terms, out Refusal refusal, out ValueTask<Receipt> result, cancellationToken);
        return source is null ? new ValueTask<Receipt>(Refused(refusal)) : result;
    }

    /// <summary>Proposes a command under a name of the host's: within the key's retention it takes effect once, however
    /// often it is proposed.</summary>
    /// <param name="command">As for a plain proposal; a repeat must be the same command.</param>
    /// <param name="key">The name.</param>
    /// <param name="reply">Receives the reply of the one time.</param>
    /// <param name="cancellationToken">Stops the wait, not the proposal.</param>
    /// <returns>As for a plain proposal. Unknown may be proposed again under the same key.</returns>
    /// <exception cref="ArgumentException">The key is <c>default</c>: it has no retention.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<Receipt> ProposeAsync(
        ReadOnlySpan<byte> command,
        in IdempotencyKey key,
        Memory<byte> reply = default,
        CancellationToken cancellationToken = default)
    {
        if (key.RetentionSeconds == 0)
        {
            throw new ArgumentException("a key needs a retention: make it by its constructor", nameof(key));
        }

        cancellationToken.ThrowIfCancellationRequested();
        var identity = EntryIdentity.OfKey(key.High, key.Low, key.RetentionSeconds, key.RetentionEntries);
        ProposalSource? source = _runtime.TryEnqueue(
            command,
            reply,
            new ProposalTerms(identity),
            out Refusal refusal,
            out ValueTask<Receipt> result,
            cancellationToken);
        return source is null ? new ValueTask<Receipt>(Refused(refusal)) : result;
    }

    /// <summary>Opens a client session: what is proposed in it takes effect exactly once.</summary>
    /// <param name="options">Null takes the defaults.</param>
    /// <param name="cancellationToken">Stops the wait; a session that is opened all the same expires.</param>
    /// <returns>The session. When <see cref="Session.Opening"/> is not Committed it is not open, and the refusal says
    /// why.</returns>
    /// <exception cref="ArgumentException">The timeout is too short or too long.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<Session> OpenSessionAsync(
        SessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SessionOptions();
        OptionsCheck.Verify(options);
        cancellationToken.ThrowIfCancellationRequested();
        var open = EntryIdentity.OfControl(SessionControl.Open, 0, options.TimeoutMs);
        Receipt receipt = await _runtime.AskAsync(
            new ProposalTerms(open), default, default, cancellationToken).ConfigureAwait(false);
        return new Session(_runtime, options, receipt, receipt.Coordinate.Index, next: 1);
    }

    /// <summary>Goes on with a session that this client opened in an earlier life, or at another replica.</summary>
    /// <param name="number">The session's number.</param>
    /// <param name="nextSequence">The first sequence that the client has not used; 1 when it does not know: then those
    /// that the group has seen are left out.</param>
    /// <param name="options">Null takes the defaults; the timeout stays as it was opened with.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>The session; not open, with the refusal, when it has expired.</returns>
    /// <exception cref="ArgumentException">Number or sequence is 0, or the options make no sense.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<Session> ResumeSessionAsync(
        ulong number,
        ulong nextSequence,
        SessionOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(number);
        ArgumentOutOfRangeException.ThrowIfZero(nextSequence);
        options ??= new SessionOptions();
        OptionsCheck.Verify(options);
        cancellationToken.ThrowIfCancellationRequested();
        byte[] highest = new byte[sizeof(ulong)];
        var alive = EntryIdentity.OfControl(SessionControl.KeepAlive, number, 0);
        Receipt receipt = await _runtime.AskAsync(
            new ProposalTerms(alive, IsRetried: true), default, highest, cancellationToken).ConfigureAwait(false);
        ulong next = ulong.Max(nextSequence, BinaryPrimitives.ReadUInt64LittleEndian(highest) + 1);
        return new Session(_runtime, options, receipt, number, next);
    }

    /// <summary>Proposes without a task: the receipt is polled by <see cref="TryTake"/>. Allocates nothing.</summary>
    /// <param name="command">Copied before the call returns.</param>
    /// <param name="ticket">Names the proposal; every ticket must be taken, its place is free only then.</param>
    /// <param name="refusal">Why not: typed back-pressure.</param>
    /// <returns>False when the proposal was refused at once.</returns>
    public bool TryPropose(ReadOnlySpan<byte> command, out ProposalTicket ticket, out Refusal refusal)
    {
        ProposalSource? source = _runtime.TryEnqueue(
            command, default, new ProposalTerms(default, IsTicket: true), out refusal, out _, default);
        ticket = source is null ? default : new ProposalTicket(source.Slot, source.Generation);
        return source is not null;
    }

    /// <summary>Takes the receipt of a ticket, once.</summary>
    /// <param name="reply">Receives as much of the machine's reply as it has room for.</param>
    /// <returns>False while the proposal is undecided, and for a ticket taken before.</returns>
    public bool TryTake(in ProposalTicket ticket, Span<byte> reply, out Receipt receipt)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ticket.Slot, nameof(ticket));
        receipt = default;
        ProposalSource? source = _runtime.Slots.At(ticket.Slot);
        return source is not null && source.TryTake(ticket.Generation, reply, out receipt);
    }

    /// <summary>Waits for a read point: afterwards this replica's machine reflects everything up to it.</summary>
    /// <returns>The point with its certificate; or a refusal that names the missing evidence.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadResult> ReadAsync(Read level, CancellationToken cancellationToken = default)
    {
        QueryResult<bool> result = await QueryAsync<IStateMachine, bool, bool>(
            static (_, argument) => argument, true, level, cancellationToken).ConfigureAwait(false);
        return result.Point;
    }

    /// <summary>
    /// Runs a query against the machine between two batches, when a read point of the wanted freshness is reached.
    /// </summary>
    /// <typeparam name="TMachine">The host's machine, as given to the group.</typeparam>
    /// <typeparam name="TArgument">What the query needs; passed along to avoid a closure.</typeparam>
    /// <typeparam name="TResult">What it returns; must not refer to the machine's own memory.</typeparam>
    /// <param name="query">Must not change the machine. Runs on the machine's thread; an exception reaches this
    /// caller only.</param>
    /// <param name="argument">Handed to the query.</param>
    /// <param name="level">How fresh.</param>
    /// <param name="cancellationToken">Stops the wait; the query may still run.</param>
    public ValueTask<QueryResult<TResult>> QueryAsync<TMachine, TArgument, TResult>(
        Func<TMachine, TArgument, TResult> query,
        TArgument argument,
        Read level = default,
        CancellationToken cancellationToken = default)
        where TMachine : IStateMachine
    {
        ArgumentNullException.ThrowIfNull(query);
        if (_runtime.Machine is not TMachine)
        {
            throw new ArgumentException(
                $"the machine is a {_runtime.Machine.GetType().Name}, the query wants a {typeof(TMachine).Name}",
                nameof(query));
        }

        if (level.Group != 0 && level.Group != Number)
        {
            throw new ArgumentException(
                $"the place belongs to group {level.Group}, this one is {Number}: a token is good for its own group",
                nameof(level));
        }

        cancellationToken.ThrowIfCancellationRequested();
        var source = QuerySource<TMachine, TArgument, TResult>.Rent(query, argument, level);
        ValueTask<QueryResult<TResult>> result = source.Await(cancellationToken);
        if (!_runtime.TryEnqueue(source, out Refusal refusal))
        {
            source.Run(_runtime.Machine, ReadResult.Refused(refusal));
            source.Resume();
        }

        return result;
    }

    /// <summary>
    /// Hands leadership to another replica, from whichever replica this is called on. Proposals wait meanwhile; none is
    /// lost.
    /// </summary>
    /// <param name="target">A voter of the group; null: the fittest other one.</param>
    /// <param name="deadline">After this the old leader goes on. Positive, at most an hour.</param>
    /// <param name="cancellationToken">Stops the wait, not the transfer.</param>
    /// <returns>Done, also when the target led already; or a refusal that says why not.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The deadline or the target makes no sense.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<TransferResult> TransferLeadershipAsync(
        uint? target, TimeSpan deadline, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(deadline, TimeSpan.FromHours(1));
        ArgumentOutOfRangeException.ThrowIfEqual(target ?? uint.MaxValue, 0u, nameof(target));
        cancellationToken.ThrowIfCancellationRequested();
        ValueTask<TransferResult> result = _runtime.TransferAsync(target ?? 0, deadline.Ticks * 100);
        return cancellationToken.CanBeCanceled
            ? new ValueTask<TransferResult>(result.AsTask().WaitAsync(cancellationToken))
            : result;
    }

    /// <summary>Waits until a boundary of this replica has reached an index.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <exception cref="InvalidOperationException">The group stopped first; the message names the fault.</exception>
    public Task WaitAsync(Frontier frontier, ulong index, CancellationToken cancellationToken = default) =>
        _runtime.Waiters.WaitAsync(frontier, index, cancellationToken);

    /// <summary>Takes a snapshot now, whatever the policy says, and waits until it is durable and the log is trimmed as
    /// far as the members allow.</summary>
    /// <returns>What it covers; or why there is none.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async ValueTask<SnapshotResult> SnapshotAsync(CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource<SnapshotResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.Snapshots.Ask(done);
        return await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether this replica's log still holds everything behind a position (the cliff theorem).</summary>
    /// <param name="index">The last index that the asker holds.</param>
    /// <param name="refusal">Otherwise: BelowTrim, with the position and T.</param>
    public bool CanReplayFrom(ulong index, out Refusal refusal)
    {
        refusal = Protocol.Raft.Cliff.Judge(index, Frontiers.Trimmed);
        return refusal.Code == RefusalCode.None;
    }

    private static Receipt Refused(Refusal refusal) => Receipts.Refused(refusal);
}
