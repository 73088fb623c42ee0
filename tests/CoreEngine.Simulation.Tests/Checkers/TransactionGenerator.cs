using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>Makes histories by running transactions one after another; each is its completion event.</summary>
internal sealed class TransactionGenerator(ulong seed)
{
    private readonly Prng _prng = new(seed);
    private readonly Dictionary<string, List<long>> _state = new() { ["x"] = [], ["y"] = [] };
    private long _element;

    internal List<TransactionEvent> Make(int count)
    {
        var ends = new List<TransactionEvent>();
        for (int i = 0; i < count; i++)
        {
            HistoryEventType type = _prng.Chance(1, 6) ? HistoryEventType.Fail
                : _prng.Chance(1, 6) ? HistoryEventType.Info
                : HistoryEventType.Ok;
            bool hasEffect = type == HistoryEventType.Ok || (type == HistoryEventType.Info && _prng.Chance(1, 2));
            ends.Add(new TransactionEvent(i, i, i, type, Run(type == HistoryEventType.Ok, hasEffect)));
        }

        return ends;
    }

    /// <summary>
    /// One lie or two: a read returns a shorter, longer or turned list, steps or outcomes of transactions change.
    /// </summary>
    internal void Mutate(List<TransactionEvent> ends)
    {
        for (int times = (int)_prng.Between(1, 3); times > 0; times--)
        {
            int chosen = (int)_prng.Between(0, ends.Count);
            TransactionEvent end = ends[chosen];
            int at = (int)_prng.Between(0, end.Steps.Count);
            TransactionStep step = end.Steps[at];
            if (step.List is not null)
            {
                TransactionStep[] steps = [.. end.Steps];
                steps[at] = step with { List = Lie(step.List, _prng.Between(0, 4)) };
                ends[chosen] = end with { Steps = steps };
            }
            else if (step.Function == TransactionFunction.Append && _prng.Chance(1, 4))
            {
                bool isAborted = end.Type == HistoryEventType.Fail;
                HistoryEventType type = isAborted ? HistoryEventType.Info : HistoryEventType.Fail;
                ends[chosen] = end with
                {
                    Type = type,
                    Steps = [.. end.Steps.Select(static other => other with { List = null })],
                };
            }
        }
    }

    private List<long> Lie(IReadOnlyList<long> list, long kind)
    {
        List<long> lie = [.. list];
        if (kind == 0)
        {
            lie.Add(_prng.Between(1, _element + 2));
        }
        else if (kind == 1 && lie.Count > 1)
        {
            (lie[^1], lie[^2]) = (lie[^2], lie[^1]);
        }
        else if (lie.Count > 0)
        {
            lie.RemoveAt(lie.Count - 1);
        }

        return lie;
    }

    private List<TransactionStep> Run(bool isKnown, bool hasEffect)
    {
        var steps = new List<TransactionStep>();
        var state = _state.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToList());
        for (int count = (int)_prng.Between(1, 5); count > 0; count--)
        {
            string key = _prng.Chance(1, 2) ? "x" : "y";
            if (_prng.Chance(1, 2))
            {
                _element++;
                state[key].Add(_element);
                steps.Add(new TransactionStep(TransactionFunction.Append, key, _element, null));
            }
            else
            {
                List<long>? seen = isKnown ? [.. state[key]] : null;
                steps.Add(new TransactionStep(TransactionFunction.Read, key, 0, seen));
            }
        }

        foreach ((string key, List<long> list) in state)
        {
            _state[key] = hasEffect ? list : _state[key];
        }

        return steps;
    }
}
