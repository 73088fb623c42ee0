// Goal: an acknowledgement stands on a durable write, and after a failed one nothing is acknowledged or written any
// more. Method: strace on a replica in a process of its own: it counts, orders and fails the very calls that reach
// the kernel.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Tests;

public sealed class DurabilityTests(ITestOutputHelper notes)
{
    private const string Calls = "pwritev2,pwrite64,fdatasync,fsync,write";

    [NeedsFact(Need.Strace)]
    public async Task Io_after_an_injected_EIO_the_shard_stops_and_nothing_more_is_acknowledged_or_written()
    {
        using var scratch = new ScratchDirectory();
        string directory = scratch.Sub("r1");
        HostProcess.Format(directory);
        var acks = new Dictionary<ulong, ulong>();
        using (HostProcess host = await HostProcess.StartAsync(directory))
        {
            // Two spare segments are prepared in the background after the start; this is longer.
            host.Run(200, 1);
            Assert.Equal("done 200", await host.ReadAcksAsync(acks));
            (Strace? trace, string reason) = await Strace.AttachAsync(
                host.Id, scratch.Sub("trace"), Calls, "pwritev2:error=EIO:when=5");
            Assert.True(trace is not null, reason);
            using (trace)
            {
                host.Run(100_000, 1);
                string? fault = await host.ReadAcksAsync(acks);
                Assert.StartsWith("fault ", fault, StringComparison.Ordinal);
                Assert.Contains("acknowledges nothing more", fault, StringComparison.Ordinal);

                // A stopped shard refuses; it does not come back to life.
                host.Run(10, 1);
                Assert.StartsWith("fault ", await host.ReadAcksAsync(acks), StringComparison.Ordinal);
                await host.KillAsync();
                string[] lines = await trace.ReadAsync();
                int failed = Array.FindIndex(
                    lines, static line => line.Contains("(INJECTED)", StringComparison.Ordinal));
                Assert.True(failed >= 0, "nothing was injected");
                string[] after = lines[(failed + 1)..];
                Assert.DoesNotContain(after, static line => Strace.IsStart(line, "pwritev2"));
                Assert.DoesNotContain(after, static line => Strace.IsStart(line, "pwrite64"));
                Assert.DoesNotContain(after, static line => Strace.IsStart(line, "fdatasync"));
                Assert.DoesNotContain(after, static line => Strace.IsStart(line, "fsync"));
                Assert.DoesNotContain(after, static line => line.Contains("\"ack ", StringComparison.Ordinal));
                Assert.Contains(after, static line => line.Contains("\"fault ", StringComparison.Ordinal));
            }
        }

        Assert.True(acks.Count > 200);
        await HostProcess.VerifyAsync(directory, acks);
    }

    [NeedsFact(Need.Strace)]
    public async Task Io_every_acknowledgement_follows_a_durable_write_of_its_own_turn()
    {
        const int Count = 100;
        string[] lines = await TraceAsync(Count, 1);
        int durable = 0;
        int acknowledged = 0;
        foreach (string line in lines)
        {
            durable += Strace.IsSuccess(line, "pwritev2") ? 1 : 0;
            if (Strace.IsStart(line, "write") && line.Contains("\"ack ", StringComparison.Ordinal))
            {
                // One outstanding: no two of them can share a write.
                acknowledged++;
                Assert.True(
                    durable >= acknowledged, $"acknowledgement {acknowledged} after {durable} durable writes: {line}");
            }
        }

        Assert.Equal(Count, acknowledged);
    }

    [NeedsFact(Need.Strace)]
    public async Task Io_many_outstanding_proposals_share_durable_writes()
    {
        const int Count = 4000;
        string[] lines = await TraceAsync(Count, 64);
        int durable = lines.Count(static line => Strace.IsSuccess(line, "pwritev2"));
        notes.WriteLine($"{durable} durable writes for {Count} proposals");
        Assert.InRange(durable, 1, Count / 2);
    }

    private async Task<string[]> TraceAsync(int count, int outstanding)
    {
        using var scratch = new ScratchDirectory();
        string directory = scratch.Sub("r1");
        HostProcess.Format(directory);
        var acks = new Dictionary<ulong, ulong>();
        using HostProcess host = await HostProcess.StartAsync(directory);
        Assert.Contains("RWF_DSYNC,", host.Backends, StringComparison.Ordinal);
        (Strace? trace, string reason) = await Strace.AttachAsync(
            host.Id, scratch.Sub("trace"), "pwritev2,write", null);
        Assert.True(trace is not null, reason);
        using (trace)
        {
            host.Run(count, outstanding);
            Assert.Equal($"done {count}", await host.ReadAcksAsync(acks));
            await host.KillAsync();
            return await trace.ReadAsync();
        }
    }
}
