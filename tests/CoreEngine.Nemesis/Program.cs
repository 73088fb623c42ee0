using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;
using CoreEngine.Nemesis.Machine;
using CoreEngine.Nemesis.Mixed;

namespace CoreEngine.Nemesis;

/// <summary>Mixed faults for any length: <c>build.sh nemesis [--minutes M] [--seed S]</c>.</summary>
/// <remarks>
/// A run is a row of episodes, each with a cluster and disks of its own, so that no length of run lets a log or a
/// history grow without end. The exit code is 0 when every episode passed, 1 on a find, 2 for senseless arguments.
/// </remarks>
internal static class Program
{
    private const string Usage = "use: build.sh nemesis [--minutes M] [--seed S], M from 1 to 100000, S from 1";
    private const int MinutesMax = 100_000;

    private static readonly TimeSpan Episode = TimeSpan.FromSeconds(60);

    internal static async Task<int> Main(string[] arguments)
    {
        int minutes = 2;
        int seed = 1;
        for (int i = 0; i < arguments.Length; i += 2)
        {
            bool isNumber = i + 1 < arguments.Length
                && int.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number >= 1
                && Take(arguments[i], number, ref minutes, ref seed);
            if (!isNumber)
            {
                await Console.Error.WriteLineAsync($"\"{arguments[i]}\" and what follows make no sense; {Usage}");
                return 2;
            }
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, key) =>
        {
            // The first asks for an orderly end: namespaces and mounts are taken down.
            key.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        };
        return await RunAsync(TimeSpan.FromMinutes(minutes), (ulong)seed, stop.Token);
    }

    private static bool Take(string option, int number, ref int minutes, ref int seed)
    {
        minutes = option == "--minutes" ? number : minutes;
        seed = option == "--seed" ? number : seed;
        return option == "--seed" || (option == "--minutes" && number <= MinutesMax);
    }

    private static async Task<int> RunAsync(TimeSpan length, ulong seed, CancellationToken stop)
    {
        foreach (Need need in Enum.GetValues<Need>())
        {
            if (Needs.Missing(need) is string reason)
            {
                Say($"left out: {reason}");
            }
        }

        long start = Stopwatch.GetTimestamp();
        int episodes = 0;
        for (; Stopwatch.GetElapsedTime(start) < length && !stop.IsCancellationRequested; episodes++)
        {
            TimeSpan left = length - Stopwatch.GetElapsedTime(start);
            Say($"episode {episodes + 1}, seed {seed + (ulong)episodes}");
            try
            {
                TimeSpan part = left < Episode ? left : Episode;
                Say("  " + await MixedRun.RunAsync(seed + (ulong)episodes, part, Say, stop));
            }
            catch (Exception error) when (error is NemesisException or DemoException or TimeoutException)
            {
                Say($"FOUND with seed {seed + (ulong)episodes}: {error.Message}");
                return 1;
            }
        }

        Say($"verdict: {episodes} episodes passed in {Stopwatch.GetElapsedTime(start).TotalMinutes:0.0} minutes");
        return 0;
    }

    private static void Say(string line) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss} {line}"));
}
