using System;
using System.Globalization;
using System.Text;

namespace CoreEngine.Simulation.Faults;

/// <summary>
/// A plan as text, one line per fault and operation, for people and for <c>coreengine simulate --plan</c>: a word that
/// says what the line is, then names and values. Times are virtual seconds since the start; +N behind one is the step
/// at that time. Lines that start with # are remarks.
/// </summary>
internal static class PlanText
{
    /// <summary>First line of every plan.</summary>
    internal const string Title = "coreengine plan 1";

    /// <summary>The plan in lines; <see cref="PlanTextReader"/> reads it back to an equal plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="remarks">Lines that say what it is; may hold anything but line ends.</param>
    internal static string Write(FaultPlan plan, params ReadOnlySpan<string> remarks)
    {
        var text = new StringBuilder(Title).Append('\n');
        foreach (string remark in remarks)
        {
            Line(text, $"# {remark}");
        }

        Line(text, $"seed {plan.Seed}");
        Line(text, $"replicas {plan.Replicas}");
        if (plan.Founders != plan.Replicas)
        {
            Line(text, $"founders {plan.Founders}");
        }

        Line(text, $"faults-for {Time(plan.FaultsNs)}");
        NetworkFaults network = plan.Network;
        _ = text.Append(
            CultureInfo.InvariantCulture,
            $"network loss {network.LossPercent} duplicate {network.DuplicatePercent} "
            + $"delay-min {Time(network.DelayMinNs)} delay-max {Time(network.DelayMaxNs)} "
            + $"slow {network.SlowPercent} slow-max {Time(network.SlowMaxNs)}\n");
        _ = text.Append(
            CultureInfo.InvariantCulture,
            $"disk write-min {Time(plan.Disk.WriteMinNs)} write-max {Time(plan.Disk.WriteMaxNs)} "
            + $"read {Time(plan.Disk.ReadNs)}\n");
        if (plan.Core.Count > 0)
        {
            Line(text, $"core {string.Join(' ', plan.Core)}");
        }

        foreach (Fault fault in plan.Faults)
        {
            WriteFault(text, fault);
        }

        foreach (Operation operation in plan.Operations)
        {
            string value = operation is { Kind: OperationKind.Read, Value: 0 } ? "" : $" value {operation.Value}";
            Line(text, $"operation {Time(operation.At)} {operation.Kind} {operation.Replica}{value}");
        }

        return text.ToString();
    }

    private static void WriteFault(StringBuilder text, in Fault fault)
    {
        _ = text.Append(CultureInfo.InvariantCulture, $"fault {Time(fault.At)} {fault.Kind} {fault.Replica}");
        _ = text.Append(CultureInfo.InvariantCulture, $" for {Time(fault.DurationNs)}");
        if (fault.Other != 0)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $" other {fault.Other}");
        }

        if (fault.Amount != 0)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $" amount {fault.Amount}");
        }

        if (fault.Site is { } site)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $" site {site}");
        }

        _ = text.Append('\n');
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        _ = text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Time(Instant at) =>
        at.Pass == 0 ? Time(at.Ns) : string.Create(CultureInfo.InvariantCulture, $"{Time(at.Ns)}+{at.Pass}");

    private static string Time(long nanoseconds) =>
        (nanoseconds / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture);
}
