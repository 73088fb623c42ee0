using System.Collections.Generic;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>A rule of Paxos that may be left out, to see that it is needed.</summary>
internal enum PaxosGap
{
    None,

    /// <summary>An acceptor takes any ballot, whatever it promised.</summary>
    PromiseForgotten,

    /// <summary>A proposer proposes its own value, whatever the promises say was accepted before.</summary>
    AcceptedIgnored,

    /// <summary>A proposer goes on after less than a majority of promises.</summary>
    QuorumTooSmall,
}

/// <summary>
/// Single-decree Paxos (Lamport, "Paxos Made Simple", 2.2): proposers and acceptors over a network that loses,
/// duplicates and reorders, and what watches them.
/// </summary>
internal sealed class PaxosRun(ulong seed, PaxosGap gap)
{
    internal const int Acceptors = 3;
    internal const int Proposers = 3;
    private const int Majority = (Acceptors / 2) + 1;
    private const int StepsMax = 400;
    private const int LossPercent = 10;
    private const int DuplicatePercent = 10;
    private const int RetryPercent = 8;

    private readonly Prng _chance = new(seed);
    private readonly List<PaxosMessage> _network = [];
    private readonly int[] _promised = new int[Acceptors];
    private readonly int[] _acceptedBallot = new int[Acceptors];
    private readonly int[] _acceptedValue = new int[Acceptors];
    private readonly PaxosProposer[] _proposers = new PaxosProposer[Proposers];

    /// <summary>By ballot: its value, and which acceptors took it.</summary>
    private readonly Dictionary<int, (int Value, int Takers)> _ballots = [];

    /// <summary>The value that a majority took in one ballot; 0 for none yet.</summary>
    internal int Chosen { get; private set; }

    /// <summary>What a monitor found wrong first; null when all is well.</summary>
    internal string? Violation { get; private set; }

    /// <summary>Sent until a value was chosen.</summary>
    internal int Messages { get; private set; }

    /// <summary>All proposers, at odds with each other, under faults.</summary>
    internal void Play()
    {
        for (int step = 0; step < StepsMax && Violation is null; step++)
        {
            if (_network.Count == 0 || _chance.Chance(RetryPercent, 100))
            {
                Begin((int)_chance.Between(0, Proposers));
                continue;
            }

            int place = (int)_chance.Between(0, _network.Count);
            PaxosMessage message = _network[place];
            if (!_chance.Chance(DuplicatePercent, 100))
            {
                _network.RemoveAt(place);
            }

            if (!_chance.Chance(LossPercent, 100))
            {
                Deliver(message);
            }
        }
    }

    /// <summary>One proposer alone, nothing lost: what a decision costs.</summary>
    internal void PlayCalm()
    {
        Begin(0);
        while (_network.Count > 0 && Chosen == 0)
        {
            PaxosMessage message = _network[0];
            _network.RemoveAt(0);
            Deliver(message);
        }
    }

    /// <summary>Phase 1a: a ballot that nobody else uses, above all of its own.</summary>
    private void Begin(int proposer)
    {
        int ballot = _proposers[proposer].Ballot == 0 ? proposer + 1 : _proposers[proposer].Ballot + Proposers;
        _proposers[proposer] = new PaxosProposer { Ballot = ballot, Value = proposer + 1 };
        for (int acceptor = 0; acceptor < Acceptors; acceptor++)
        {
            Send(new PaxosMessage(PaxosStep.Prepare, acceptor, proposer, ballot, 0, 0));
        }
    }

    private void Deliver(in PaxosMessage message)
    {
        switch (message.Step)
        {
            case PaxosStep.Prepare:
                OnPrepare(message);
                break;
            case PaxosStep.Promise:
                OnPromise(message);
                break;
            default:
                OnAccept(message);
                break;
        }
    }

    private void OnPrepare(in PaxosMessage message)
    {
        int acceptor = message.Acceptor;
        if (message.Ballot > _promised[acceptor])
        {
            _promised[acceptor] = message.Ballot;
            Send(message with
            {
                Step = PaxosStep.Promise,
                AcceptedBallot = _acceptedBallot[acceptor],
                Value = _acceptedValue[acceptor],
            });
        }
    }

    /// <summary>Phase 2a, once a majority has promised: the value of the newest ballot that any of them
    /// accepted.</summary>
    private void OnPromise(in PaxosMessage message)
    {
        ref PaxosProposer proposer = ref _proposers[message.Proposer];
        if (message.Ballot != proposer.Ballot || proposer.HasProposed)
        {
            return;
        }

        proposer.Promises |= 1 << message.Acceptor;
        if (message.AcceptedBallot > proposer.NewestBallot && gap != PaxosGap.AcceptedIgnored)
        {
            proposer.NewestBallot = message.AcceptedBallot;
            proposer.Value = message.Value;
        }

        int needed = gap == PaxosGap.QuorumTooSmall ? Majority - 1 : Majority;
        if (BitOperations.PopCount((uint)proposer.Promises) >= needed)
        {
            proposer.HasProposed = true;
            for (int acceptor = 0; acceptor < Acceptors; acceptor++)
            {
                Send(new PaxosMessage(
                    PaxosStep.Accept, acceptor, message.Proposer, proposer.Ballot, 0, proposer.Value));
            }
        }
    }

    private void OnAccept(in PaxosMessage message)
    {
        int acceptor = message.Acceptor;
        if (message.Ballot < _promised[acceptor] && gap != PaxosGap.PromiseForgotten)
        {
            return;
        }

        _promised[acceptor] = int.Max(_promised[acceptor], message.Ballot);
        _acceptedBallot[acceptor] = message.Ballot;
        _acceptedValue[acceptor] = message.Value;

        // The acceptor's word to whoever wants to learn: counted, its receiver is the monitor.
        Messages += Chosen == 0 ? 1 : 0;
        Watch(message);
    }

    /// <summary>Agreement, validity, one value for each ballot.</summary>
    private void Watch(in PaxosMessage message)
    {
        (int value, int takers) = _ballots.GetValueOrDefault(message.Ballot, (message.Value, 0));
        takers |= 1 << message.Acceptor;
        _ballots[message.Ballot] = (value, takers);
        if (value != message.Value)
        {
            Violation ??= "two values in one ballot";
        }

        if (message.Value is < 1 or > Proposers)
        {
            Violation ??= "a value that nobody proposed";
        }

        if (BitOperations.PopCount((uint)takers) >= Majority)
        {
            if (Chosen != 0 && Chosen != value)
            {
                Violation ??= "two values chosen";
            }

            Chosen = Chosen == 0 ? value : Chosen;
        }
    }

    private void Send(in PaxosMessage message)
    {
        Messages += Chosen == 0 ? 1 : 0;
        _network.Add(message);
    }
}

/// <summary>What a message is for.</summary>
internal enum PaxosStep
{
    Prepare,
    Promise,
    Accept,
}

/// <summary>A message between a proposer and an acceptor.</summary>
internal readonly record struct PaxosMessage(
    PaxosStep Step, int Acceptor, int Proposer, int Ballot, int AcceptedBallot, int Value);

/// <summary>A proposer in its newest ballot.</summary>
internal struct PaxosProposer
{
    internal int Ballot;
    internal int Promises;
    internal int NewestBallot;
    internal int Value;
    internal bool HasProposed;
}
