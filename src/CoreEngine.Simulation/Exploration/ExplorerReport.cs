using System;
using System.Collections.Generic;
using System.Globalization;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What an exploration found.</summary>
internal sealed record ExplorerReport
{
    internal required ExplorerBounds Bounds { get; init; }

    /// <summary>Distinct states; up to the replicas' names with <see cref="ExplorerBounds.Symmetry"/>.</summary>
    internal required int States { get; init; }

    /// <summary>Distinct states up to the replicas' names.</summary>
    internal required int Classes { get; init; }

    /// <summary>Steps taken, those to known states included.</summary>
    internal required long Transitions { get; init; }

    /// <summary>Steps from the start to the last states.</summary>
    internal required int Depth { get; init; }

    /// <summary>States whose steps were not tried; none when the exploration is complete.</summary>
    internal required int Frontier { get; init; }

    /// <summary>Steps not taken because too many messages would be on their way.</summary>
    internal required long Crowded { get; init; }

    /// <summary>Distinct states of one replica, and steps that the real core was run for.</summary>
    internal required int LocalStates { get; init; }

    internal required int LocalSteps { get; init; }

    internal required int Messages { get; init; }

    /// <summary>States in which a commit certificate exists.</summary>
    internal required int StatesCommitted { get; init; }

    /// <summary>States in which other members are committed.</summary>
    internal required int StatesChanged { get; init; }

    /// <summary>States in which some leader goes by a joint configuration.</summary>
    internal required int StatesJoint { get; init; }

    /// <summary>States in which some machine takes in a snapshot.</summary>
    internal required int StatesRestoring { get; init; }

    internal required TimeSpan Elapsed { get; init; }

    /// <summary>What is wrong; null when nothing.</summary>
    internal required string? Violation { get; init; }

    /// <summary>The steps that lead to it.</summary>
    internal required IReadOnlyList<string> Schedule { get; init; }

    /// <summary>Every reachable state within the bounds was judged.</summary>
    internal bool IsComplete => Violation is null && Frontier == 0;

    /// <summary>The odds that two different states had one hash, and one of them was left out.</summary>
    internal double CollisionOdds => (double)States * States / Math.Pow(2, 65);

    /// <summary>As a person reads it.</summary>
    internal IEnumerable<string> Lines()
    {
        double seconds = double.Max(Elapsed.TotalSeconds, 0.001);
        string renaming = Bounds.Symmetry ? " (up to renaming)" : string.Empty;
        yield return Text($"states {States:N0}{renaming}, transitions {Transitions:N0}, depth {Depth}, ")
            + Text($"{seconds:F1} s, {States / seconds:N0} states/s, {Transitions / seconds:N0} transitions/s");
        yield return Text($"states with a commit certificate {StatesCommitted:N0}; one replica: {LocalStates:N0} ")
            + Text($"states, {LocalSteps:N0} steps of the real core, {Messages:N0} distinct messages");
        if (StatesChanged + StatesJoint + StatesRestoring > 0)
        {
            yield return Text($"states with other members committed {StatesChanged:N0}, with a leader in a joint ")
                + Text($"configuration {StatesJoint:N0}, with a machine that takes in a snapshot {StatesRestoring:N0}");
        }

        yield return "bounds: " + BoundsText();
        yield return Text($"odds that a hash of 64 bits hid a state: {CollisionOdds:E1}");
        if (Crowded > 0)
        {
            yield return Text($"not taken: {Crowded:N0} steps to more than {Bounds.InFlightMax} messages on their way");
        }

        if (Violation is not null)
        {
            yield return Text($"VIOLATION after {Schedule.Count} steps: {Violation}");
            for (int i = 0; i < Schedule.Count; i++)
            {
                yield return Text($"  {i + 1,3} {Schedule[i]}");
            }
        }
        else
        {
            yield return IsComplete
                ? "COMPLETE: no reachable state within the bounds breaks a rule"
                : Text($"NOT COMPLETE: {Frontier:N0} states of depth {Depth} were not followed; ")
                    + Text($"complete to depth {Depth - 1}; no rule broken so far");
        }
    }

    private string BoundsText()
    {
        ExplorerBounds b = Bounds;
        string drops = b.Drops == 0 ? string.Empty : Text($"{b.Drops} drops, ");
        string depth = b.DepthMax == int.MaxValue ? "no limit of depth" : Text($"depth {b.DepthMax}");
        string members = b.Members.Changes.Length == 0
            ? string.Empty
            : Text($"members \"{b.Members.Name}\", {b.Changes} changes, ");
        string snapshots = b.Snapshots == 0
            ? string.Empty
            : Text($"{b.Snapshots} snapshots with trim, {b.Transfers} of them sent, ");
        return Text($"{b.Members.Replicas} replicas, {members}{snapshots}")
            + Text($"terms to {b.TermMax}, {b.Timeouts} timeouts, {b.Entries} commands beside the ")
            + Text($"anchors, {b.Crashes} crashes, {b.Duplicates} duplicates, loss without limit (never delivered), ")
            + drops + Text($"{b.Heartbeats} heartbeats, {b.Resends} resends, {b.InFlightMax} messages on their way, ")
            + Text($"{b.AppendEntriesMax} entries a message, ")
            + (b.WritesApart ? "writes complete apart, " : "writes complete within their step or are lost by a crash, ")
            + (b.PreVotes ? "pre-votes explored, " : "pre-votes always granted, ") + depth;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
