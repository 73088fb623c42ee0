using System.Collections.Generic;

namespace CoreEngine.Simulation.Checkers;

/// <summary>A history as one list of operations per process.</summary>
internal static class ProcessPrograms
{
    /// <summary>The processes in the order of their ids, the operations of each in the order of invocation.</summary>
    internal static List<List<HistoryOperation>> Split(IReadOnlyList<HistoryOperation> operations)
    {
        var places = new SortedDictionary<int, List<HistoryOperation>>();
        foreach (HistoryOperation operation in operations)
        {
            if (!places.TryGetValue(operation.Process, out List<HistoryOperation>? program))
            {
                program = [];
                places.Add(operation.Process, program);
            }

            program.Add(operation);
        }

        var programs = new List<List<HistoryOperation>>(places.Values);
        foreach (List<HistoryOperation> program in programs)
        {
            program.Sort(static (a, b) => a.Invoked.CompareTo(b.Invoked));
        }

        return programs;
    }
}
