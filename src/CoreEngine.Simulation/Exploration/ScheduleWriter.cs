using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation.Exploration;

/// <summary>Writes a path as a person reads it: what happened, and what each replica was afterwards.</summary>
internal static class ScheduleWriter
{
    internal static IReadOnlyList<string> Write(
        IEnumerable<Origin> path, MemberPlan plan, LocalTable locals, MessageTable messages, LogTable logs)
    {
        var lines = new List<string>();
        int[] at = new int[plan.Replicas];
        for (int i = 0; i < at.Length; i++)
        {
            at[i] = locals.Start((uint)i + 1);
        }

        foreach (Origin origin in path)
        {
            Input input = origin.Input;
            string what = input.Kind switch
            {
                InputKind.Deliver => (origin.IsDrop ? "lost: " : "arrives: ") + messages[input.Operand].Text,
                InputKind.Propose => Text($"command {input.Operand} is proposed"),
                InputKind.TimeOut => "the election timeout ends",
                InputKind.StepDown => "no quorum is heard: steps down",
                InputKind.Heartbeat => "the heartbeat is due",
                InputKind.Resend => "the heartbeat is due, and nothing moved: starts again",
                InputKind.Persist => "a write completes",
                InputKind.Settle => "a turn passes",
                InputKind.Change => $"asked for other members: {Describe(plan.Changes[input.Operand])}",
                InputKind.TakeSnapshot => "a snapshot is durable, the log before it is given up",
                InputKind.SendSnapshot => Text($"sends its snapshot to replica {input.Operand}"),
                InputKind.Restored => "the machine has taken in the snapshot",
                _ => "crash and restart",
            };
            what += input.LosesWrites ? ", and crash before it is written" : string.Empty;
            if (!origin.IsDrop)
            {
                LocalStep step = locals.Step(at[origin.Place], input);
                at[origin.Place] = step.Next;
                what += step.Proof.IsValid ? Text($"; commits {logs.Describe(step.Committed)}") : string.Empty;
            }

            lines.Add(Text($"replica {origin.Place + 1}: {what} -> {Describe(locals[at[origin.Place]], logs)}"));
        }

        return lines;
    }

    private static string Describe(MemberChange change) => change.IsLeave
        ? "the end of the joint configuration"
        : Text($"without [{string.Join(' ', change.Remove)}], ")
            + Text($"with [{string.Join(' ', change.Set.Select(static member => member.Replica))}]");

    private static string Describe(LocalState state, LogTable logs)
    {
        string role = state.Role == Role.Leader ? "LEADER" : state.Role.ToString();
        string durable = state.Durable == state.Memory ? string.Empty : $", durable {logs.Describe(state.Durable)}";
        return Text($"{role} t{state.Term} {logs.Describe(state.Memory)}{durable}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
