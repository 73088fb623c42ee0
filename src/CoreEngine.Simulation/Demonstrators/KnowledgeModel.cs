using System.Collections.Generic;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// All runs of all protocols of two generals with a given number of messages, and what each of them knows in each run:
/// he knows what is true in every run that looks the same to him.
/// </summary>
/// <remarks>
/// A run is a number: bit 0 is A's decision, bit i + 1 whether message i arrived. A protocol is a number: bit i is the
/// sender of message i. Messages carry all that their sender has seen.
/// </remarks>
internal static class KnowledgeModel
{
    private const int Generals = 2;

    internal static KnowledgeRow Judge(int messages)
    {
        int runs = 2 << messages;
        int protocols = 1 << messages;
        int deepest = 0;
        int common = 0;
        for (int protocol = 0; protocol < protocols; protocol++)
        {
            int[][] views = Views(protocol, messages);
            bool[] known = Attacks(runs);
            for (int level = 1; ; level++)
            {
                bool[] next = EverybodyKnows(known, views);
                if (!Any(next))
                {
                    break;
                }

                deepest = int.Max(deepest, level);
                if (level > runs)
                {
                    // More levels than runs: the set has stopped shrinking, and what is left is common knowledge.
                    common += Count(next);
                    break;
                }

                known = next;
            }
        }

        return new KnowledgeRow(messages, protocols, protocols * runs, deepest, common);
    }

    /// <summary>Runs of the protocol that answers in turn, each looking like the next to one general.</summary>
    internal static List<string> Chain(int messages)
    {
        int protocol = 0;
        for (int i = 0; i < messages; i++)
        {
            protocol |= (i % 2) << i;
        }

        int[][] views = Views(protocol, messages);
        var lines = new List<string>();
        for (int arrived = messages; arrived >= 0; arrived--)
        {
            int run = 1 | (((1 << arrived) - 1) << 1);
            int next = arrived == 0 ? 0 : 1 | (((1 << (arrived - 1)) - 1) << 1);
            string pattern = new string('+', arrived) + new string('-', messages - arrived);
            string same = views[0][run] == views[0][next] ? "to A"
                : views[1][run] == views[1][next] ? "to B"
                : "to nobody";
            string then = arrived == 0 ? "one in which A does not attack" : "the next";
            lines.Add($"attack, {pattern}   looks {same} like {then}");
        }

        return lines;
    }

    /// <summary>By general and run: a number for what he has seen, the same exactly when it is the same.</summary>
    private static int[][] Views(int protocol, int messages)
    {
        int runs = 2 << messages;
        var names = new Dictionary<(int Before, int Heard), int>();
        int[][] views = [new int[runs], new int[runs]];
        for (int run = 0; run < runs; run++)
        {
            // A sees the decision; B sees nothing yet.
            int[] seen = [run & 1, 2];
            for (int i = 0; i < messages; i++)
            {
                int sender = (protocol >> i) & 1;
                bool hasArrived = (run >> (i + 1) & 1) != 0;
                int heard = hasArrived ? seen[sender] : -1;
                int receiver = 1 - sender;
                seen[receiver] = NameOf(names, (seen[receiver], heard));
            }

            views[0][run] = seen[0];
            views[1][run] = seen[1];
        }

        return views;
    }

    private static int NameOf(Dictionary<(int Before, int Heard), int> names, (int Before, int Heard) seen)
    {
        if (!names.TryGetValue(seen, out int name))
        {
            name = names.Count + 3;
            names.Add(seen, name);
        }

        return name;
    }

    private static bool[] Attacks(int runs)
    {
        bool[] attacks = new bool[runs];
        for (int run = 1; run < runs; run += 2)
        {
            attacks[run] = true;
        }

        return attacks;
    }

    private static bool[] EverybodyKnows(bool[] fact, int[][] views)
    {
        bool[] known = new bool[fact.Length];
        System.Array.Fill(known, true);
        for (int general = 0; general < Generals; general++)
        {
            var doubtful = new HashSet<int>();
            for (int run = 0; run < fact.Length; run++)
            {
                if (!fact[run])
                {
                    doubtful.Add(views[general][run]);
                }
            }

            for (int run = 0; run < fact.Length; run++)
            {
                known[run] &= !doubtful.Contains(views[general][run]);
            }
        }

        return known;
    }

    private static bool Any(bool[] set) => System.Array.IndexOf(set, true) >= 0;

    private static int Count(bool[] set)
    {
        int count = 0;
        foreach (bool one in set)
        {
            count += one ? 1 : 0;
        }

        return count;
    }
}
