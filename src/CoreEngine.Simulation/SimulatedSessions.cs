using System.Buffers.Binary;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Simulation;

/// <summary>
/// Clients of a world that propose in sessions: they ask any replica, repeat what they do not know the end of and also
/// what they do, settle, forget their session and open another. What they do follows from the operation's value and
/// from what they were told.
/// </summary>
internal sealed class SimulatedSessions(World world)
{
    internal const int Clients = 4;

    private const int Actions = 16;
    private const int ValuesPerSessionMax = 400;

    private readonly Client[] _clients = [new(), new(), new(), new()];

    /// <summary>A client acts through a replica.</summary>
    internal void Act(SimulatedReplica replica, ulong value)
    {
        Client client = _clients[value % Clients];
        ulong action = value / Clients % Actions;
        if (client.Session == 0 || client.Values.Count >= ValuesPerSessionMax || value % 251 == 0)
        {
            _ = OpenAsync(client, replica, 1000 + (value % 7 * 700));
            return;
        }

        ulong newest = (ulong)client.Values.Count;
        ulong oldest = client.OldestOpen();
        switch (action)
        {
            case 0 or 1 or 2 when oldest != 0:
                Propose(client, replica, oldest);
                break;
            case 3 when newest > 0:
                Propose(client, replica, newest);
                break;
            case 4 when newest > 3:
                Propose(client, replica, newest - (value % 3));
                break;
            case 5 when oldest != 0:
                Settle(client, replica, oldest);
                break;
            default:
                client.Values.Add(value);
                client.Ended.Add(false);
                Propose(client, replica, newest + 1);
                break;
        }
    }

    /// <summary>Proposes a value under a sequence once, and watches the answer.</summary>
    internal Task<Receipt> ProposeAsync(
        SimulatedReplica replica, ulong session, ulong sequence, ulong value, bool isRetried = false) =>
        ProposeAsync(null, replica, session, sequence, value, isRetried);

    /// <summary>Settles a sequence, and watches the answer.</summary>
    internal Task<Receipt> SettleAsync(SimulatedReplica replica, ulong session, ulong sequence, ulong value)
    {
        var settle = EntryIdentity.OfControl(SessionControl.Settle, session, sequence);
        return AskAsync(null, replica, new ProposalTerms(settle), default, value);
    }

    /// <summary>Asks the session table for something else.</summary>
    internal static async Task<Receipt> ControlAsync(
        SimulatedReplica replica, SessionControl control, ulong session, ulong argument) =>
        await Ask(replica, control, session, argument).ConfigureAwait(false);

    // Only engine's answers are awaited, never tasks: those would go on in whatever thread the runner of a test has.
    private static ValueTask<Receipt> Ask(
        SimulatedReplica replica, SessionControl control, ulong session, ulong argument)
    {
        var identity = EntryIdentity.OfControl(control, session, argument);
        ValueTask<Receipt> pending = replica.Runtime.AskAsync(new ProposalTerms(identity), default, default, default);
        replica.Nudge();
        return pending;
    }

    private static async Task OpenAsync(Client client, SimulatedReplica replica, ulong timeoutMs)
    {
        client.Session = 0;
        int opening = ++client.Openings;
        Receipt receipt = await Ask(replica, SessionControl.Open, 0, timeoutMs).ConfigureAwait(false);
        if (receipt.Outcome == Outcome.Committed && opening == client.Openings)
        {
            client.Session = receipt.Coordinate.Index;
            client.Values.Clear();
            client.Ended.Clear();
        }
    }

    private void Propose(Client client, SimulatedReplica replica, ulong sequence)
    {
        ulong value = client.Values[(int)sequence - 1];
        _ = ProposeAsync(client, replica, client.Session, sequence, value, isRetried: value % 3 == 0);
    }

    private Task<Receipt> ProposeAsync(
        Client? client, SimulatedReplica replica, ulong session, ulong sequence, ulong value, bool isRetried)
    {
        world.Trace.Add(world.Now, TraceKind.Proposed, replica.Number, value, sequence);
        var terms = new ProposalTerms(EntryIdentity.OfSession(session, sequence), isRetried);
        return AskAsync(client, replica, terms, world.BytesOf(value), value);
    }

    private void Settle(Client client, SimulatedReplica replica, ulong sequence)
    {
        var settle = EntryIdentity.OfControl(SessionControl.Settle, client.Session, sequence);
        _ = AskAsync(client, replica, new ProposalTerms(settle), default, client.Values[(int)sequence - 1]);
    }

    private async Task<Receipt> AskAsync(
        Client? client, SimulatedReplica replica, ProposalTerms terms, byte[]? command, ulong value)
    {
        EntryIdentity identity = terms.Identity;
        byte[] reply = new byte[sizeof(ulong)];
        ValueTask<Receipt> pending = replica.Runtime.AskAsync(terms, command, reply, default);
        replica.Nudge();
        Receipt receipt = await pending.ConfigureAwait(false);
        world.Trace.Add(world.Now, TraceKind.Answered, replica.Number, value, (ulong)receipt.Outcome);
        world.Monitors.Sessions.Answered(
            replica, identity.Session, identity.Second, value, receipt, BinaryPrimitives.ReadUInt64LittleEndian(reply));
        if (client?.Session == identity.Session)
        {
            client.Told(identity.Second, receipt);
        }

        return receipt;
    }

    private sealed class Client
    {
        internal ulong Session { get; set; }

        /// <summary>Counts them: only the newest one that ends makes the session.</summary>
        internal int Openings { get; set; }

        /// <summary>What was proposed under each sequence, from 1.</summary>
        internal List<ulong> Values { get; } = [];

        /// <summary>The client knows what became of it.</summary>
        internal List<bool> Ended { get; } = [];

        internal void Told(ulong sequence, in Receipt receipt)
        {
            if (receipt.Refusal.Code == RefusalCode.SessionExpired)
            {
                Session = 0;
            }
            else if (receipt.Outcome == Outcome.Committed || receipt.Refusal.Code == RefusalCode.SequenceSettled)
            {
                Ended[(int)sequence - 1] = true;
            }
        }

        /// <summary>The first sequence whose end is not known; 0 when there is none.</summary>
        internal ulong OldestOpen() => (ulong)(Ended.IndexOf(false) + 1);
    }
}
