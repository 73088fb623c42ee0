using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Faults;

/// <summary>
/// What one seed's world is like: drawn once, so that seeds differ in kind and not only in order (swarm testing, Groce
/// and others 2012). Periods are mean virtual nanoseconds; 0 means never.
/// </summary>
internal sealed record Swarm
{
    private const long Millisecond = 1_000_000;

    /// <summary>Who found the group.</summary>
    internal required int Founders { get; init; }

    /// <summary>Replicas that wait to be added.</summary>
    internal required int Spares { get; init; }

    /// <summary>All of them.</summary>
    internal int Replicas => Founders + Spares;

    /// <summary>Between two changes of the members that operators ask for; 0: never.</summary>
    internal required long ChangePeriodNs { get; init; }

    internal required NetworkFaults Network { get; init; }

    internal required DiskTiming Disk { get; init; }

    internal required int ProposalTimeoutMs { get; init; }

    /// <summary>Between two faults of any kind.</summary>
    internal required long FaultPeriodNs { get; init; }

    /// <summary>How long a partition, pause, crash or slow disk lasts.</summary>
    internal required long StabilityNs { get; init; }

    /// <summary>Weights of the kinds of faults, by <see cref="FaultKind"/>; some are 0.</summary>
    internal required int[] Weights { get; init; }

    /// <summary>Between two bursts of operations.</summary>
    internal required long BurstPeriodNs { get; init; }

    /// <summary>Operations that a client starts at once: 1 makes batches of one entry.</summary>
    internal required int BurstMax { get; init; }

    /// <summary>Operations that are reads.</summary>
    internal required int ReadPercent { get; init; }

    /// <summary>Proposals that are made in sessions.</summary>
    internal required int SessionPercent { get; init; }

    /// <summary>Operations that go to the leader, when there is one; the others go anywhere.</summary>
    internal required int LeaderPercent { get; init; }

    /// <summary>Operations that may wait at a replica: 1 makes appends of one entry.</summary>
    internal required int OutstandingMax { get; init; }

    /// <summary>Harm that checksums show may reach a majority: the group may stop, and must not lie.</summary>
    internal required bool IsBeyondContract { get; init; }

    /// <summary>Wall clocks are off by up to this.</summary>
    internal required long WallSkewNs { get; init; }

    /// <summary>Bytes that must wait for a second write beside the first; null for the usual.</summary>
    internal required int? SubmitBytesMin { get; init; }

    /// <summary>Groups of every replica.</summary>
    internal required int Groups { get; init; }

    /// <summary>A group in which nothing happens for so long rests; 0: never.</summary>
    internal required int QuiesceAfterMs { get; init; }

    /// <summary>The calm begins in step, every delay the same, and its leader is left out: only drawn timeouts can
    /// break the tie between the others.</summary>
    internal required bool IsLockstep { get; init; }

    /// <summary>When replicas take snapshots, and how much log they keep behind them.</summary>
    internal required SnapshotOptions Snapshots { get; init; }

    /// <summary>Bytes per second at which replicas look for rot; 0: only an opening or a read finds it.</summary>
    internal required long ScrubBytesPerSecond { get; init; }

    /// <summary>How often a look at everything begins at most.</summary>
    internal required int ScrubEveryMs { get; init; }

    internal static Swarm Draw(Prng chance)
    {
        int burstMax = chance.Chance(1, 3) ? 1 : (int)chance.Between(2, 40);
        long operationPeriod = chance.Between(2, 8) * Millisecond;
        long size = chance.Between(0, 10);
        int[] weights = DrawWeights(chance);
        weights[(int)FaultKind.Kill]++;

        // Harm for good would leave every seed with the same crippled minority: seldom, and one kind at a time.
        for (int kind = (int)FaultKind.BitRot; kind <= (int)FaultKind.ReplaceDisk; kind++)
        {
            weights[kind] = chance.Chance(1, 5) ? 1 : 0;
        }

        bool isBeyondContract = chance.Chance(1, 8);
        weights[(int)FaultKind.BitRot] *= 2;
        weights[(int)FaultKind.BitRot] += isBeyondContract ? 20 : 0;

        int founders = FoundersOf(size);
        return new Swarm
        {
            Founders = founders,
            Network = DrawNetwork(chance),
            Disk = chance.Chance(1, 4)
                ? new DiskTiming(WriteMinNs: Millisecond, WriteMaxNs: chance.Between(2, 40) * Millisecond)
                : new DiskTiming(),
            ProposalTimeoutMs = (int)chance.Between(500, 5000),
            FaultPeriodNs = chance.Between(50, 2500) * Millisecond,
            StabilityNs = chance.Between(50, 3000) * Millisecond,
            Weights = weights,
            BurstPeriodNs = operationPeriod * (burstMax + 1) / 2,
            BurstMax = burstMax,
            ReadPercent = (int)chance.Between(0, 60),
            LeaderPercent = (int)chance.Between(0, 101),
            OutstandingMax = chance.Chance(1, 3) ? 1 : (int)chance.Between(2, 200),
            IsBeyondContract = isBeyondContract,
            WallSkewNs = chance.Chance(1, 2) ? chance.Between(1, 2000) * Millisecond : 1,
            SubmitBytesMin = chance.Chance(1, 3) ? 64 : null,
            IsLockstep = chance.Chance(1, 8),
            SessionPercent = chance.Chance(1, 4) ? 0 : (int)chance.Between(1, 100),
            Groups = (int)long.Max(1, chance.Between(-2, 5)),
            QuiesceAfterMs = DrawQuiesceAfter(chance),
            Snapshots = DrawSnapshots(chance),
            ScrubBytesPerSecond = chance.Chance(1, 4) ? 0 : chance.Between(64, 1024) * 1024,
            ScrubEveryMs = (int)chance.Between(50, 3000),
            ChangePeriodNs = DrawChangePeriod(chance),
            Spares = (int)long.Max(0, chance.Between(-1, SparesOf(founders) + 1)),
        };
    }

    private static int[] DrawWeights(Prng chance)
    {
        int[] weights = new int[FaultDriver.Kinds];
        for (int i = 0; i < weights.Length; i++)
        {
            // Operators have chance of their own.
            bool isDrawn = i != (int)FaultKind.ChangeMembers && chance.Chance(2, 3);
            weights[i] = isDrawn ? (int)chance.Between(1, 10) : 0;
        }

        return weights;
    }

    private static int FoundersOf(long size) => size < 5 ? 3 : size < 9 ? 5 : 7;

    /// <summary>Every replica costs time: the larger the group, the fewer wait beside it.</summary>
    private static int SparesOf(int founders) => founders == 3 ? 2 : founders == 5 ? 1 : 0;

    private static long DrawChangePeriod(Prng chance) =>
        chance.Chance(1, 3) ? 0 : chance.Between(50, 1500) * Millisecond;

    private static int DrawQuiesceAfter(Prng chance) =>
        chance.Chance(1, 4) ? 0 : (int)chance.Between(1, chance.Chance(1, 2) ? 20 : 1000);

    /// <summary>Small logs, so that trimming and installing are daily work; some worlds keep their logs.</summary>
    private static SnapshotOptions DrawSnapshots(Prng chance) => new()
    {
        LogBytes = chance.Chance(1, 4) ? 0 : chance.Between(1, 64) * 1024,
        Age = chance.Chance(1, 3) ? TimeSpan.FromMilliseconds(chance.Between(200, 5000)) : TimeSpan.Zero,
        KeptLogBytes = chance.Chance(1, 2) ? 0 : chance.Between(1, 256) * 1024,
        SendBytesPerSecond = chance.Chance(1, 3) ? chance.Between(16, 256) * 1024 : 64L * 1024 * 1024,
    };

    private static NetworkFaults DrawNetwork(Prng chance) => new(
        LossPercent: chance.Chance(1, 2) ? (int)chance.Between(0, 25) : 0,
        DuplicatePercent: chance.Chance(1, 2) ? (int)chance.Between(0, 30) : 0,
        DelayMinNs: 20_000,
        DelayMaxNs: chance.Chance(1, 3) ? chance.Between(1, 40) * Millisecond : 200_000,
        SlowPercent: chance.Chance(1, 3) ? (int)chance.Between(1, 10) : 0,
        SlowMaxNs: chance.Between(1, 400) * Millisecond);
}
