using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Three processes that agree on one bit by Ben-Or's protocol (1983), one of which may be arbitrarily slow. The coin is
/// the caller's: a constant one makes the protocol deterministic.
/// </summary>
/// <remarks>
/// Links are first in, first out and hold at most <see cref="LinkMax"/> messages: a process that would send more waits.
/// A round has two phases. Report: say your bit, hear one other; if both are equal propose the bit, else "unsure".
/// Proposal: hear one other; two equal proposals decide, one is adopted, none leaves it to the coin.
/// </remarks>
internal sealed class BenOrSystem
{
    internal const int Processes = 3;
    internal const int Links = 6;
    internal const int LinkMax = 2;

    /// <summary>In place of a bit: no proposal, no decision.</summary>
    internal const byte Unsure = 2;

    private readonly int[] _phase = new int[Processes];
    private readonly byte[] _bit = new byte[Processes];
    private readonly byte[] _said = new byte[Processes];
    private readonly byte[] _decided = new byte[Processes];
    private readonly List<byte>[] _links = new List<byte>[Links];

    internal BenOrSystem()
    {
        for (int link = 0; link < Links; link++)
        {
            _links[link] = [];
        }
    }

    /// <summary>The furthest round that any process is in, from 1.</summary>
    internal int Round => (int.Max(_phase[0], int.Max(_phase[1], _phase[2])) / 2) + 1;

    /// <summary>Everybody has decided.</summary>
    internal bool IsOver => Array.IndexOf(_decided, Unsure) < 0;

    /// <summary>Sender and receiver of a link.</summary>
    internal static (int From, int To) Ends(int link) => (link / 2, ((link / 2) + 1 + (link % 2)) % Processes);

    /// <summary>Bits that some process has decided: bit 0 of the result for 0, bit 1 for 1.</summary>
    internal static int DecidedIn(ulong state)
    {
        int values = 0;
        for (int process = 0; process < Processes; process++)
        {
            byte decided = (byte)((state >> ((9 * process) + 7)) & 3);
            values |= decided == Unsure ? 0 : 1 << decided;
        }

        return values;
    }

    /// <summary>Everybody begins with its bit and has said it.</summary>
    internal void Begin(int bits)
    {
        for (int process = 0; process < Processes; process++)
        {
            _phase[process] = 0;
            _bit[process] = (byte)((bits >> process) & 1);
            _decided[process] = Unsure;
        }

        foreach (List<byte> link in _links)
        {
            link.Clear();
        }

        for (int process = 0; process < Processes; process++)
        {
            Say(process, _bit[process]);
        }
    }

    /// <summary>Delivers the oldest message of a link.</summary>
    /// <returns>False when there is none, or the receiver would have to send into a full link.</returns>
    internal bool TryDeliver(int link, Func<int, byte> coin)
    {
        (int from, int to) = Ends(link);
        List<byte> messages = _links[link];
        if (messages.Count == 0)
        {
            return false;
        }

        int phase = _phase[from] - messages.Count + 1;
        Invariant.Holds(phase <= _phase[to]);
        if (phase == _phase[to] && !MaySay(to))
        {
            return false;
        }

        byte heard = messages[0];
        messages.RemoveAt(0);
        if (phase == _phase[to])
        {
            Hear(to, heard, coin);
        }

        return true;
    }

    /// <summary>The configuration as a number; equal exactly when nothing tells two apart but the count of
    /// rounds.</summary>
    internal ulong Pack()
    {
        int lowest = int.Min(_phase[0], int.Min(_phase[1], _phase[2])) & ~1;
        ulong state = 0;
        for (int process = Processes - 1; process >= 0; process--)
        {
            int phase = _phase[process] - lowest;
            Invariant.Holds(phase < 16);
            int cell = phase | (_bit[process] << 4) | (_said[process] << 5) | (_decided[process] << 7);
            state |= (ulong)cell << (9 * process);
        }

        for (int link = 0; link < Links; link++)
        {
            (int from, int to) = Ends(link);
            List<byte> messages = _links[link];
            ulong cell = (ulong)messages.Count;
            for (int i = 0; i < messages.Count; i++)
            {
                // What comes too late is not looked at: its content makes no difference.
                bool isLate = _phase[from] - messages.Count + 1 + i < _phase[to];
                cell |= (ulong)(isLate ? 0 : messages[i]) << (2 + (2 * i));
            }

            state |= cell << ((9 * Processes) + (6 * link));
        }

        return state;
    }

    internal void Unpack(ulong state)
    {
        for (int process = 0; process < Processes; process++)
        {
            int cell = (int)((state >> (9 * process)) & 511);
            _phase[process] = cell & 15;
            _bit[process] = (byte)((cell >> 4) & 1);
            _said[process] = (byte)((cell >> 5) & 3);
            _decided[process] = (byte)((cell >> 7) & 3);
        }

        for (int link = 0; link < Links; link++)
        {
            ulong cell = (state >> ((9 * Processes) + (6 * link))) & 63;
            _links[link].Clear();
            for (int i = 0; i < (int)(cell & 3); i++)
            {
                _links[link].Add((byte)((cell >> (2 + (2 * i))) & 3));
            }
        }
    }

    /// <summary>Bits and phases, for a reader.</summary>
    public override string ToString()
    {
        string text = string.Empty;
        for (int process = 0; process < Processes; process++)
        {
            string said = _said[process] == Unsure ? "?" : $"{_said[process]}";
            string step = _phase[process] % 2 == 0 ? "reports" : "proposes";
            string decided = _decided[process] == Unsure ? string.Empty : $", decided {_decided[process]}";
            text += $"{(process > 0 ? "; " : string.Empty)}{(char)('P' + process)} {step} {said}{decided}";
        }

        return text;
    }

    private void Hear(int process, byte heard, Func<int, byte> coin)
    {
        byte own = _said[process];
        if (_phase[process] % 2 == 0)
        {
            _phase[process]++;
            Say(process, own == heard ? own : Unsure);
            return;
        }

        Invariant.Holds(own == Unsure || heard == Unsure || own == heard);
        if (own != Unsure && own == heard && _decided[process] == Unsure)
        {
            _decided[process] = own;
        }

        _bit[process] = own != Unsure ? own : heard != Unsure ? heard : coin(_phase[process] / 2);
        _phase[process]++;
        Say(process, _bit[process]);
    }

    private bool MaySay(int process) =>
        _links[2 * process].Count < LinkMax && _links[(2 * process) + 1].Count < LinkMax;

    private void Say(int process, byte value)
    {
        _said[process] = value;
        _links[2 * process].Add(value);
        _links[(2 * process) + 1].Add(value);
    }
}
