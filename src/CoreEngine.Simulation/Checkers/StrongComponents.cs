using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Checkers;

/// <summary>Strongly connected components (Tarjan 1972), without recursion: histories are long.</summary>
internal static class StrongComponents
{
    private const int Open = -1;

    /// <summary>The component of each transaction, over edges of the given kinds.</summary>
    internal static int[] Find(DependencyGraph graph, Dependencies kinds)
    {
        int count = graph.Leaving.Length;
        int[] component = new int[count];
        int[] order = new int[count];
        int[] low = new int[count];
        Array.Fill(component, Open);
        Array.Fill(order, Open);
        var path = new Stack<int>();
        var calls = new Stack<(int Node, int Edge)>();
        int next = 0;
        int components = 0;
        for (int root = 0; root < count; root++)
        {
            if (order[root] == Open)
            {
                calls.Push((root, 0));
            }

            while (calls.TryPop(out (int Node, int Edge) call))
            {
                (int node, int edge) = call;
                if (edge == 0)
                {
                    order[node] = low[node] = next++;
                    path.Push(node);
                }

                edge = Advance(graph.Leaving[node], edge, kinds, node, order, low, component);
                if (edge > 0)
                {
                    // The edge is looked at once more when its end is done, to take over its lowest.
                    calls.Push((node, edge));
                    calls.Push((graph.Leaving[node][edge - 1].To, 0));
                }
                else if (low[node] == order[node])
                {
                    Close(path, node, component, components++);
                }
            }
        }

        return component;
    }

    /// <summary>
    /// Goes on over a node's edges. Returns 1 + the edge whose end must be walked first, 0 when all are done.
    /// </summary>
    private static int Advance(
        List<Dependency> edges, int edge, Dependencies kinds, int node, int[] order, int[] low, int[] component)
    {
        for (int i = Math.Max(edge - 1, 0); i < edges.Count; i++)
        {
            int to = edges[i].To;
            if ((edges[i].Kind & kinds) == 0)
            {
                continue;
            }

            if (order[to] == Open)
            {
                return i + 1;
            }

            low[node] = component[to] == Open ? Math.Min(low[node], low[to]) : low[node];
        }

        return 0;
    }

    private static void Close(Stack<int> path, int root, int[] component, int number)
    {
        int node;
        do
        {
            node = path.Pop();
            component[node] = number;
        }
        while (node != root);
    }
}
