using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace CoreEngine.Load;

/// <summary>How busy the machine was with the work of others while the load ran.</summary>
/// <param name="Total">Ticks of all cores, idle or not.</param>
/// <param name="Busy">Ticks in which they worked.</param>
/// <param name="Own">Ticks of this process and of the children that have ended.</param>
internal readonly record struct MachineLoad(long Total, long Busy, long Own)
{
    /// <summary>Above this the latencies of the table are those of a shared machine.</summary>
    private const double ShareMax = 0.2;

    /// <summary>Reads the counters of this moment.</summary>
    internal static MachineLoad Read()
    {
        long[] cores = Numbers(File.ReadLines("/proc/stat").First()["cpu".Length..]);
        string own = File.ReadAllText("/proc/self/stat");

        // Behind the name in brackets: state, then numbers; among them user and system time of the process and of its
        // ended children.
        long[] times = Numbers(own[(own.LastIndexOf(')') + 3)..]);
        const int FirstTime = 10;
        const int Idle = 3;
        const int Waiting = 4;
        long total = cores[..8].Sum();
        return new MachineLoad(total, total - cores[Idle] - cores[Waiting], times[FirstTime..(FirstTime + 4)].Sum());
    }

    /// <summary>What others used since, for people.</summary>
    internal string OthersSince(in MachineLoad earlier)
    {
        long others = Busy - earlier.Busy - (Own - earlier.Own);
        double share = (double)long.Max(0, others) / long.Max(1, Total - earlier.Total);
        string advice = share > ShareMax ? ": BUSY, measure again on an idle machine" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"others used {share:P0} of the machine meanwhile, kernel threads included{advice}");
    }

    private static long[] Numbers(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(static word => long.TryParse(word, CultureInfo.InvariantCulture, out long number) ? number : 0)];
}
