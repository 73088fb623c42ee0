using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// Every configuration that <see cref="BenOrSystem"/> can reach when its coin always falls on 0, and which decisions
/// are still possible from each (Fischer, Lynch, Paterson 1985, section 3).
/// </summary>
internal sealed class ValenceGraph
{
    private readonly Dictionary<ulong, int> _places = [];
    private readonly List<ulong> _states = [];
    private readonly List<int[]> _next = [];
    private readonly int[] _roots = new int[1 << BenOrSystem.Processes];
    private int[] _valence = [];

    internal ValenceGraph()
    {
        Explore();
        Judge();
    }

    internal int Configurations => _states.Count;

    /// <summary>Steps between them.</summary>
    internal int Deliveries { get; private set; }

    /// <summary>Configurations in which two processes have decided differently.</summary>
    internal int Disagreements { get; private set; }

    /// <summary>How many configurations have a valence: bit 0 set when 0 can be decided, bit 1 when 1 can.</summary>
    internal int Count(int valence)
    {
        int count = 0;
        foreach (int one in _valence)
        {
            count += one == valence ? 1 : 0;
        }

        return count;
    }

    /// <summary>Of the initial configuration in which process i has bit i of <paramref name="bits"/>.</summary>
    internal int InitialValence(int bits) => _valence[_roots[bits]];

    /// <summary>
    /// The shortest schedule that leads from an initial configuration back to itself, through bivalent configurations
    /// only, with a delivery on every link.
    /// </summary>
    /// <remarks>Links are first in, first out: when every link delivers in every turn of the cycle, every message
    /// arrives and every process takes steps for ever. That is what fair means.</remarks>
    /// <returns>The links in order; null when there is no such cycle.</returns>
    internal List<int>? FairCycle(int bits)
    {
        const int All = (1 << BenOrSystem.Links) - 1;
        var cameFrom = new Dictionary<(int Place, int Seen), (int Place, int Seen, int Link)>();
        var open = new Queue<(int Place, int Seen)>();
        int root = _roots[bits];
        open.Enqueue((root, 0));
        while (open.TryDequeue(out (int Place, int Seen) at))
        {
            for (int link = 0; link < BenOrSystem.Links; link++)
            {
                int next = _next[at.Place][link];
                (int Place, int Seen) then = (next, at.Seen | (1 << link));
                if (next < 0 || _valence[next] != 3 || !cameFrom.TryAdd(then, (at.Place, at.Seen, link)))
                {
                    continue;
                }

                if (then == (root, All))
                {
                    return Trace(cameFrom, then, root);
                }

                open.Enqueue(then);
            }
        }

        return null;
    }

    private static List<int> Trace(
        Dictionary<(int Place, int Seen), (int Place, int Seen, int Link)> cameFrom,
        (int Place, int Seen) end,
        int root)
    {
        var links = new List<int>();
        (int Place, int Seen) at = end;
        do
        {
            (int place, int seen, int link) = cameFrom[at];
            links.Add(link);
            at = (place, seen);
        }
        while (at != (root, 0));

        links.Reverse();
        return links;
    }

    private void Explore()
    {
        var system = new BenOrSystem();
        for (int bits = 0; bits < _roots.Length; bits++)
        {
            system.Begin(bits);
            _roots[bits] = PlaceOf(system.Pack());
        }

        for (int place = 0; place < _states.Count; place++)
        {
            int[] next = new int[BenOrSystem.Links];
            for (int link = 0; link < next.Length; link++)
            {
                system.Unpack(_states[place]);
                next[link] = system.TryDeliver(link, static _ => 0) ? PlaceOf(system.Pack()) : -1;
                Deliveries += next[link] >= 0 ? 1 : 0;
            }

            _next.Add(next);
        }

        Invariant.Holds(_next.Count == _states.Count);
    }

    private int PlaceOf(ulong state)
    {
        if (!_places.TryGetValue(state, out int place))
        {
            place = _states.Count;
            _places.Add(state, place);
            _states.Add(state);
        }

        return place;
    }

    /// <summary>Walks back from every decision to the configurations from which it can be reached.</summary>
    private void Judge()
    {
        var before = new List<int>[_states.Count];
        for (int place = 0; place < before.Length; place++)
        {
            before[place] = [];
        }

        for (int place = 0; place < before.Length; place++)
        {
            foreach (int next in _next[place])
            {
                if (next >= 0)
                {
                    before[next].Add(place);
                }
            }
        }

        _valence = new int[_states.Count];
        for (int value = 1; value <= 2; value++)
        {
            var open = new Stack<int>();
            for (int place = 0; place < before.Length; place++)
            {
                int decided = BenOrSystem.DecidedIn(_states[place]);
                Disagreements += value == 1 && decided == 3 ? 1 : 0;
                Mark(place, (decided & value) != 0, value, open);
            }

            while (open.TryPop(out int place))
            {
                foreach (int earlier in before[place])
                {
                    Mark(earlier, true, value, open);
                }
            }
        }
    }

    private void Mark(int place, bool reaches, int value, Stack<int> open)
    {
        if (reaches && (_valence[place] & value) == 0)
        {
            _valence[place] |= value;
            open.Push(place);
        }
    }
}
