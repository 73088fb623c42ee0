using System;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;
using Xunit.Sdk;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Random schedules: the harness asserts safety after every turn; afterwards the cluster must come to life
/// again.</summary>
public sealed class RandomTests
{
    // Goal: election safety, log matching, leader completeness, committed entries never change, no stale read, under
    // loss, repetition,
    // reordering, crashes at any write and restarts. Method: a seed makes the schedule; a failure names it.
    [Theory]
    [InlineData(3, 1, 150)]
    [InlineData(3, 151, 300)]
    [InlineData(5, 301, 400)]
    [InlineData(4, 401, 430)]
    public void Raft_S14_RandomSchedulesKeepEverySafetyProperty(int replicas, ulong first, ulong last)
    {
        for (ulong seed = first; seed <= last; seed++)
        {
            try
            {
                Explore(replicas, seed, 500);
            }
            catch (Exception e) when (e is XunitException or InvariantException or InvalidOperationException)
            {
                throw new XunitException($"seed {seed}, {replicas} replicas: {e.Message}\n{e.StackTrace}");
            }
        }
    }

    [Fact]
    public void Random_SameSeedGivesTheSameMessages()
    {
        string One() => string.Join(
            '\n', Explore(3, 99, 300).History.Select(m => $"{m.Header} {Convert.ToHexString(m.Body)}"));
        Assert.Equal(One(), One());
    }

    private static Cluster Explore(int replicas, ulong seed, int steps)
    {
        var chance = new Prng(seed);

        // Half of the seeds have a small memory, so that followers are served from the log.
        int capacity = seed % 2 == 0 ? 1024 * 1024 : 2048;
        var cluster = new Cluster(replicas, seed, 512, capacity, o => o with
        {
            InflightMessagesMax = 4,
            AppendEntriesMax = 5,
            UncommittedEntriesMax = 20,
        });
        ulong ids = 0;
        int calm = 0;
        for (int i = 0; i < steps; i++)
        {
            // Phases of calm between the storms, or nothing would ever commit.
            calm = calm > 0 ? calm - 1 : chance.Chance(1, 60) ? 40 : 0;
            Node node = cluster.Nodes[(int)chance.Between(0, replicas)];
            Step(cluster, node, chance, calm > 0, ref ids);
        }

        Recover(cluster);
        return cluster;
    }

    private static void Step(Cluster cluster, Node node, Prng chance, bool isCalm, ref ulong ids)
    {
        if (!node.IsUp)
        {
            if (chance.Chance(1, 4))
            {
                cluster.Restart(node.Id);
            }

            return;
        }

        switch (chance.Between(0, isCalm ? 80 : 100))
        {
            case < 12:
                node.NowNs += chance.Between(1, 60) * 1_000_000;
                node.Tick();
                break;
            case < 45:
                DeliverSome(cluster, chance, isCalm);
                break;
            case < 58:
                node.Persist((int)chance.Between(1, 4));
                node.AnswerLoads();
                break;
            case < 70:
                int count = (int)chance.Between(1, 5);
                node.Propose([.. Enumerable.Range(0, count).Select(i => $"{node.Id}-{i}-{chance.Next() % 1000}")]);
                break;
            case < 80:
                cluster.Read(node.Id, ++ids);
                break;
            case < 85:
                node.Crash();
                break;
            case < 90:
                node.NowNs += chance.Between(1, 700) * 1_000_000;
                node.Tick();
                break;
            case < 96:
                cluster.Drop(_ => chance.Chance(1, 3));
                break;
            default:
                cluster.Settle();
                break;
        }
    }

    private static void DeliverSome(Cluster cluster, Prng chance, bool isCalm)
    {
        for (int i = 0; i < 4 && cluster.Wire.Count > 0; i++)
        {
            // Any message may be next; some stay on the wire and arrive again.
            int at = isCalm ? 0 : (int)chance.Between(0, Math.Min(cluster.Wire.Count, 12));
            Mail mail = cluster.Wire[at];
            if (isCalm || !chance.Chance(1, 8))
            {
                cluster.Wire.RemoveAt(at);
            }

            if (cluster[mail.To].IsUp)
            {
                cluster[mail.To].Deliver(mail);
            }
        }
    }

    private static void Recover(Cluster cluster)
    {
        cluster.CheckLogMatching();
        foreach (Node node in cluster.Nodes.Where(n => !n.IsUp))
        {
            cluster.Restart(node.Id);
        }

        // Clocks may stand far apart; only their pace matters.
        ulong before = cluster.MaxCommitted;
        for (int i = 0; i < 5; i++)
        {
            cluster.Run(2_000, 50);
        }

        Node leader = Assert.Single(cluster.Nodes, n => n.Role == Role.Leader);
        Assert.Equal(1, leader.Propose("last").Accepted);
        cluster.Run(1_000, 50);
        Assert.True(cluster.MaxCommitted > before);
        Assert.All(cluster.Nodes, n => Assert.Equal(leader.LastIndex, n.Commit));
        cluster.CheckLogMatching();
    }
}
