using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CoreEngine.Load;

/// <summary>The bars that the cluster must pass, each with both of its sides, measured in the same run.</summary>
internal static class Bars
{
    private const double RateMin = 250_000;
    private const double RatioMax = 2;

    /// <summary>One line per bar whose rows were all measured.</summary>
    internal static IEnumerable<string> Of(IEnumerable<Row> rows)
    {
        var byKey = rows.ToDictionary(static row => row.Key);
        if (byKey.TryGetValue(new RowKey("cluster", 16, 1024), out Row? loaded))
        {
            (double min, double max) = loaded.RateRange;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"bar 1 {Verdict(loaded.Rate >= RateMin)}: 16 B awaited at 1,024 outstanding: {loaded.Rate:N0}/s "
                + $"({min:N0}-{max:N0}), wanted {RateMin:N0}/s ({loaded.Rate / RateMin:N2} of it)");
        }

        if (byKey.TryGetValue(new RowKey("cluster", 16, 1), out Row? single)
            && byKey.TryGetValue(new RowKey("tcp", 64, 1), out Row? trip)
            && byKey.TryGetValue(new RowKey("disk", 4096, 3), out Row? disk))
        {
            double floor = trip.P50Us + disk.P50Us;
            double ratio = single.P50Us / floor;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"bar 2 {Verdict(ratio <= RatioMax)}: p50 at one outstanding {single.P50Us:N1} us "
                + $"({single.P50Range.Min:N1}-{single.P50Range.Max:N1}); 64 B round trip {trip.P50Us:N1} us + "
                + $"durable write of three files at once {disk.P50Us:N1} us = {floor:N1} us; "
                + $"ratio {ratio:N2}, wanted at most {RatioMax:N2}");
        }
    }

    private static string Verdict(bool passed) => passed ? "passed" : "MISSED";
}
