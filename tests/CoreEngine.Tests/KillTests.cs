// Goal: what was acknowledged survives SIGKILL. Method: a replica in a process of its own, killed twenty times in the
// middle of its proposals; its printed acknowledgements are compared with what a fresh machine replays from the
// directory.
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class KillTests
{
    [Fact]
    public async Task Io_every_acknowledged_proposal_survives_twenty_kills()
    {
        using var scratch = new ScratchDirectory();
        string directory = scratch.Sub("r1");
        HostProcess.Format(directory);
        var acks = new Dictionary<ulong, ulong>();
        var chance = new Prng(20);
        for (int round = 0; round < 20; round++)
        {
            int before = acks.Count;
            using (HostProcess host = await HostProcess.StartAsync(directory))
            {
                host.Run(int.MaxValue, 1 + (int)(chance.Next() % 100));

                // The moment: after some acknowledgements, wherever the process is then; what it still prints counts
                // too.
                await host.ReadAcksAsync(acks, 1 + (int)(chance.Next() % 2000));
                Task killed = host.KillAsync();
                await host.ReadAcksAsync(acks);
                await killed;
            }

            Assert.True(acks.Count > before);
            await HostProcess.VerifyAsync(directory, acks);
        }
    }
}
