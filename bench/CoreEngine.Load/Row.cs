using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CoreEngine.Load;

/// <summary>The repetitions of a row, and their medians.</summary>
internal sealed class Row(RowKey key)
{
    private readonly List<Measurement> _repetitions = [];

    internal RowKey Key { get; } = key;

    internal IReadOnlyList<Measurement> Repetitions => _repetitions;

    internal double Rate => Median(static m => m.Rate);

    internal double P50Us => Median(static m => m.P50Us);

    internal double P99Us => Median(static m => m.P99Us);

    internal double BytesPerOp => Median(static m => m.BytesPerOp);

    internal double FollowerBytesPerOp => Median(static m => m.FollowerBytesPerOp);

    internal double CpuUsPerOp => Median(static m => m.CpuUsPerOp);

    internal double WritesPerSecond => Median(static m => m.WritesPerSecond);

    internal int Collections => _repetitions.Sum(static m => m.Collections);

    internal string Durability => _repetitions[0].Durability;

    internal (double Min, double Max) RateRange =>
        (_repetitions.Min(static m => m.Rate), _repetitions.Max(static m => m.Rate));

    internal (double Min, double Max) P50Range =>
        (_repetitions.Min(static m => m.P50Us), _repetitions.Max(static m => m.P50Us));

    /// <summary>Everything that a reader must know before he believes the row; empty when all is well.</summary>
    internal string Remarks
    {
        get
        {
            var remarks = new List<string>();
            AddCount(remarks, _repetitions.Sum(static m => m.Refused), "refused");
            AddCount(remarks, _repetitions.Sum(static m => m.Unknown), "unknown");
            Measurement[] contradicting = [.. _repetitions.Where(static m => m.ContradictsItself)];
            if (contradicting.Length > 0)
            {
                string seen = string.Join(", ", contradicting.Select(static m => Rounded(m.ConcurrencySeen)));
                remarks.Add($"LITTLE: under way by rate and latency {seen}");
            }

            remarks.AddRange(_repetitions.Select(static m => m.Remark).Where(static r => r.Length > 0).Distinct());
            remarks.AddRange(
                _repetitions.Where(static m => m.Violation is not null).Select(static m => $"BROKEN: {m.Violation}"));
            return string.Join("; ", remarks);
        }
    }

    internal bool IsBroken => _repetitions.Exists(static m => m.Violation is not null);

    internal void Add(Measurement repetition) => _repetitions.Add(repetition);

    private static string Rounded(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static void AddCount(List<string> remarks, long count, string word)
    {
        if (count > 0)
        {
            remarks.Add(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {word}"));
        }
    }

    private double Median(Func<Measurement, double> of)
    {
        double[] sorted = [.. _repetitions.Select(of).Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
