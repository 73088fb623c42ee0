// Goal: faults of all kinds, one after another and on top of what the last one left. Method: a schedule drawn from a
// seed, the same that "build.sh nemesis" runs for any length.
using System;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Nemesis.Mixed;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Nemesis;

public sealed class MixedTests(ITestOutputHelper notes)
{
    [Fact]
    public async Task Nemesis_mixed_faults_by_a_seeded_schedule() =>
        notes.WriteLine(await MixedRun.RunAsync(1, TimeSpan.FromSeconds(8), notes.WriteLine, CancellationToken.None));
}
