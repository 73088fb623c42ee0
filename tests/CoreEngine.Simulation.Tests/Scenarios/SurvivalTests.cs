using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Simulation.Scenarios;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the README's table of what survives which crash at which level is what happens. Method: every blow at every
/// level, at the instant of an acknowledgement, in many worlds; S14 and S15 of raft.md section 8 for the weak levels.
/// </summary>
public sealed class SurvivalTests(ITestOutputHelper output)
{
    private const ulong Seeds = 12;

    [Fact]
    public void Raft_S14_S15_TheTableOfWhatSurvivesIsWhatHappens()
    {
        var rows = new List<string>();
        foreach (Blow blow in SurvivalTable.Blows)
        {
            List<Survival> cells =
                [.. SurvivalTable.Levels.Select(level => SurvivalTable.Try(blow, level, Seeds))];
            rows.Add(SurvivalTable.Row(blow, cells));
            output.WriteLine($"{rows[^1]} lost of acknowledged: "
                + string.Join(", ", cells.Select(static cell => $"{cell.Lost}/{cell.Acknowledged}")));
            Assert.All(cells, static cell => Assert.True(cell.Acknowledged >= (int)Seeds));

            // A quorum's media lose nothing, whatever is struck; a level below it loses with its leader.
            Assert.Equal(0, cells[(int)Durability.QuorumDurable].Lost);
            // With the leader gone a quarter of all worlds show it, whoever else was struck: no cell hangs on one seed.
            foreach (Durability weak in new[] { Durability.Memory, Durability.LocalDurable })
            {
                int lost = cells[(int)weak].Lost;
                Assert.True(
                    blow.HasLeader ? lost >= (int)Seeds / 4 : lost == 0, $"{blow.Words}, {weak}: {lost} were lost");
            }
        }

        string readme = File.ReadAllText(Path.Combine(Root(), "README.md"));
        Assert.All(rows, row => Assert.Contains(row, readme, StringComparison.Ordinal));
    }

    private static string Root()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "CoreEngine.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        return at ?? throw new DirectoryNotFoundException("no directory above the tests holds CoreEngine.sln");
    }
}
