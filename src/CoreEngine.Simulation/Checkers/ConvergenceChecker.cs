using System;
using System.Collections.Generic;
using System.Text;

namespace CoreEngine.Simulation.Checkers;

/// <summary>Where a replica ended.</summary>
/// <param name="Replica">Its name.</param>
/// <param name="State">Its state: a digest or a canonical text.</param>
/// <param name="Delivered">What was delivered to it; order and repetition do not matter.</param>
public sealed record ReplicaFinal(string Replica, string State, IReadOnlyList<string> Delivered);

/// <summary>Replicas that were delivered the same and ended in different states.</summary>
/// <param name="Delivered">How many distinct deliveries each of them had.</param>
/// <param name="Camps">The replicas, one list per state.</param>
public sealed record Divergence(int Delivered, IReadOnlyList<IReadOnlyList<string>> Camps);

/// <summary>The outcome of a check of convergence.</summary>
public sealed record ConvergenceVerdict
{
    /// <summary>The outcome.</summary>
    public required Judgement Judgement { get; init; }

    /// <summary>Why, in sentences; names the replicas that differ.</summary>
    public required string Explanation { get; init; }

    /// <summary>Every group of replicas that differ.</summary>
    public IReadOnlyList<Divergence> Divergences { get; init; } = Array.Empty<Divergence>();

    /// <summary>Pairs of replicas with equal deliveries. 0 means that nothing was compared.</summary>
    public long Pairs { get; init; }
}

/// <summary>
/// Judges strong convergence (Shapiro et al. 2011): replicas that were delivered the same set have equal states.
/// </summary>
/// <remarks>Replicas with different sets are not compared: <see cref="ConvergenceVerdict.Pairs"/> tells.</remarks>
public static class ConvergenceChecker
{
    /// <summary>Checks the final states. Two entries of one name are Undecided.</summary>
    public static ConvergenceVerdict Check(IReadOnlyList<ReplicaFinal> replicas)
    {
        ArgumentNullException.ThrowIfNull(replicas);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var groups = new List<Group>();
        foreach (ReplicaFinal replica in replicas)
        {
            if (!names.Add(replica.Replica))
            {
                return new ConvergenceVerdict
                {
                    Judgement = Judgement.Undecided,
                    Explanation = $"Replica {replica.Replica} stands there twice.",
                };
            }

            var delivered = new HashSet<string>(replica.Delivered, StringComparer.Ordinal);
            Group? same = groups.Find(group => group.Delivered.SetEquals(delivered));
            if (same is null)
            {
                same = new Group(delivered);
                groups.Add(same);
            }

            same.Replicas.Add(replica);
        }

        return Judge(groups);
    }

    private static ConvergenceVerdict Judge(List<Group> groups)
    {
        var divergences = new List<Divergence>();
        var text = new StringBuilder();
        long pairs = 0;
        foreach (Group group in groups)
        {
            pairs += group.Replicas.Count * (group.Replicas.Count - 1L) / 2;
            List<List<string>> camps = group.Camps();
            if (camps.Count > 1)
            {
                divergences.Add(new Divergence(group.Delivered.Count, camps));
                text.Append("With the same ").Append(group.Delivered.Count)
                    .Append(" deliveries, replicas ended in ").Append(camps.Count).Append(" states:");
                foreach (List<string> camp in camps)
                {
                    text.Append(" {").AppendJoin(", ", camp).Append('}');
                }

                text.Append(". ");
            }
        }

        string holds = pairs > 0
            ? "Replicas that were delivered the same have equal states."
            : "No two replicas were delivered the same: nothing was compared.";
        return new ConvergenceVerdict
        {
            Judgement = divergences.Count > 0 ? Judgement.Violated : Judgement.Holds,
            Explanation = divergences.Count > 0 ? text.ToString().TrimEnd() : holds,
            Divergences = divergences,
            Pairs = pairs,
        };
    }

    /// <summary>Replicas with equal deliveries.</summary>
    private sealed class Group(HashSet<string> delivered)
    {
        internal HashSet<string> Delivered { get; } = delivered;

        internal List<ReplicaFinal> Replicas { get; } = [];

        /// <summary>The replicas by state, states in the order of first appearance.</summary>
        internal List<List<string>> Camps()
        {
            var camps = new List<List<string>>();
            var places = new Dictionary<string, List<string>>(StringComparer.Ordinal);
            foreach (ReplicaFinal replica in Replicas)
            {
                if (!places.TryGetValue(replica.State, out List<string>? camp))
                {
                    camp = [];
                    places.Add(replica.State, camp);
                    camps.Add(camp);
                }

                camp.Add(replica.Replica);
            }

            return camps;
        }
    }
}
