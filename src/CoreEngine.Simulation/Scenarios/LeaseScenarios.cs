using System;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Guarantees;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Reads;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, reads by lease, by age and by token. S50 to S53 and S56.</summary>
/// <remarks>The world's monitors compare every granted read with what was acknowledged before it, every label with the
/// simulated time, and every held lease with later leaders.</remarks>
internal static class LeaseScenarios
{
    private const int LeaseMs = 700;
    private const long LeaseNs = LeaseMs * Script.Millisecond;
    private const int Drift = 60_000;

    /// <summary>S50: the leader's process stands still between reading and answering, past the end of its lease;
    /// another leader commits meanwhile. Looked at again after the read, the lease is over: refused. It was refused
    /// before the read as well when the process stood still before it.</summary>
    internal static void PausedBeyondTheLease(ulong seed)
    {
        using var script = new Script(OptionsOf(seed));
        script[1].MachineMaker = static () => new JournalMachine { InlineSafe = false };
        Begin(script);
        Task<QueryResult<int>> good = script[1].CountAsync(Read.Lease);
        script.Until(() => good.IsCompleted, "a read by lease", Script.Second);
        Granted(script, good.Result, Guarantee.LeaseRead, ReadProof.Lease);
        long resumes = script.World.Now + (3 * Script.Second);
        Task<QueryResult<int>> paused = script[1].CountAsync(Read.Lease, () => script[1].PausedUntil = resumes);
        script.Until(() => script[1].PausedUntil == resumes, "the process stops inside the read", Script.Second);
        script.World.Network.Isolate(1);
        script.Elect(2, isHeardAlone: false);
        _ = script.Commit(2);
        script.Holds(script.World.Now < resumes, $"the others took too long");
        script.Until(() => paused.IsCompleted, "the read ends", 10 * Script.Second);
        script.Holds(
            paused.Result.Point.Refusal.Code == RefusalCode.LeaseNotHeld, $"it ended as {paused.Result.Point}");
        Task<QueryResult<int>> later = script[1].CountAsync(Read.Lease);
        script.Until(() => later.IsCompleted, "a read after the pause ends", 10 * Script.Second);
        script.Holds(!later.Result.Point.IsGranted, $"a deposed leader granted a read by lease");
        script.Free();
        script.UntilEqual();
    }

    /// <summary>S51: clocks drift up to the bound, the holder's slow and the successor's fast: no lease beside a later
    /// commit. Beyond the bound the two may overlap, which nobody can see: what was granted says that it rests on the
    /// clocks.</summary>
    internal static void DriftWithinTheBound(ulong seed)
    {
        using Script script = Led(seed);
        script[1].Drift(-Drift + 1_000);
        script[2].Drift(Drift - 1_000);
        script[3].Drift(Drift - 1_000);
        _ = script.Commit(1);
        Task<QueryResult<int>> read = script[1].CountAsync(Read.Lease);
        script.Until(() => read.IsCompleted, "a read by lease", Script.Second);
        Granted(script, read.Result, Guarantee.LeaseRead, ReadProof.Lease);
        script.Holds(
            read.Result.Point.Guarantee.Recency.Assumptions == FreshAssumptions.ClockRate,
            $"the guarantee hides what it rests on: {read.Result.Point.Guarantee}");
        long overlap = Depose(script);
        script.Holds(overlap <= 0, $"both for {overlap} ns");
    }

    /// <summary>S52: a voter that has restarted since it took the entry honours its lease all the same.</summary>
    internal static void RestartedVoterHonoursTheLease(ulong seed)
    {
        using Script script = Led(seed);
        _ = script.Commit(1);
        script.UntilEqual();
        script.Restart(2);
        script.Restart(3);
        long started = script.World.Now;
        ulong commit = script.World.Monitors.Prefix.Length;
        Usurp(script, 2);
        script.Holds(script[2].Core.Lease.IsInherited, $"the new leader knows of no lease");
        script.Throughout(
            LeaseNs - (script.World.Now - started) - Script.Millisecond,
            () => script[2].Core.CommitIndex <= commit && !HasCommitted(script[2]),
            "nothing is committed while the old lease may count");
        script.Until(() => HasCommitted(script[2]), "it commits afterwards", Script.Second);
    }

    /// <summary>S53: under an inherited lease a new leader answers for keys that no undecided entry touches, and defers
    /// the others until it has committed in its own term.</summary>
    internal static void InheritedLeaseServesUntouchedKeys(ulong seed)
    {
        using Script script = Led(seed);
        _ = script.Commit(1);
        script.UntilEqual();

        // The leader commits an entry that 2 holds without knowing that it is committed.
        ulong touched = script.World.NextValue();
        Task<Receipt> receipt = script[1].ProposeAsync(touched);
        bool isDecided = false;
        script.Rule((in IO.Transport.FrameHeader header, ReadOnlySpan<byte> _) =>
            isDecided && header.From == 1 ? FrameFate.Drop : FrameFate.Pass);
        script.Until(() => isDecided = receipt.IsCompleted, "the old leader has acknowledged an entry");
        script.World.Network.Isolate(1);
        Usurp(script, 2);
        ulong acknowledged = receipt.Result.Coordinate.Index;
        script.Holds(
            script[2].Core.CommitIndex < acknowledged && script[2].Core.LastIndex > acknowledged,
            $"the entry is not in limbo");
        Task<QueryResult<int>> free = script[2].CountAsync(Read.Lease.ForKey(touched + 1));
        Task<QueryResult<int>> bound = script[2].CountAsync(Read.Lease.ForKey(touched));
        script.Until(() => free.IsCompleted, "an untouched key is answered", 100 * Script.Millisecond);
        Granted(script, free.Result, Guarantee.KeyRead, ReadProof.QuorumBarrier);
        script.Holds(script[2].Core.Lease.IsInherited && !bound.IsCompleted, $"a touched key was answered at once");
        script.Until(() => bound.IsCompleted, "a touched key is answered", Script.Second);
        script.Holds(
            bound.Result.Point.IsGranted && bound.Result.Point.Index > acknowledged,
            $"the deferred read ended as {bound.Result.Point}");
    }

    /// <summary>S37: a lease is renounced before leadership is handed over, and the successor need not wait.</summary>
    internal static void TransferRenouncesTheLease(ulong seed)
    {
        using Script script = Led(seed);
        _ = script.Commit(1);
        Task<QueryResult<int>> read = script[1].CountAsync(Read.Lease);
        script.Until(() => read.IsCompleted, "a read by lease", Script.Second);
        Granted(script, read.Result, Guarantee.LeaseRead, ReadProof.Lease);
        long before = script.World.Now;
        _ = script[1].Group.TransferLeadershipAsync(2, TimeSpan.FromSeconds(2)).AsTask();
        script[1].Nudge();
        script.OnlyCandidate(2);
        script.Until(() => script[2].IsLeader && HasCommitted(script[2]), "the target commits", Script.Second);
        script.Holds(script.World.Now - before < LeaseNs / 2, $"the target waited for the lease");
        script.OnlyCandidate(0);
        script.UntilEqual();
    }

    /// <summary>S56: a token of what was written at one replica, used at another that lags: it waits, or is refused
    /// with the place that is missing.</summary>
    internal static void TokenWaitsOrIsRefused(ulong seed)
    {
        using Script script = Led(seed);
        script.Rule((in IO.Transport.FrameHeader header, ReadOnlySpan<byte> _) =>
            header.From == 1 && header.To == 3 ? FrameFate.Drop : FrameFate.Pass);
        script.OnlyCandidate(1);
        SessionToken token = script.Commit(1).Token;
        Task<QueryResult<int>> refused =
            script[3].CountAsync(Read.AtLeast(token).Within(TimeSpan.FromMilliseconds(100)));
        script.Until(() => refused.IsCompleted, "a read that waits too long ends", Script.Second);
        script.Holds(
            refused.Result.Point.Refusal is { Code: RefusalCode.NotReached } refusal && refusal.Second == token.Index,
            $"it ended as {refused.Result.Point.Refusal}");
        Task<QueryResult<int>> waits = script[3].CountAsync(Read.AtLeast(token).Within(TimeSpan.FromSeconds(5)));
        script.World.RunFor(50 * Script.Millisecond);
        script.Holds(!waits.IsCompleted, $"a replica without the entry has answered");
        script.Free();
        script.Until(() => waits.IsCompleted, "the read ends when the entry came", 5 * Script.Second);
        Granted(script, waits.Result, Guarantee.SessionRead, ReadProof.SessionToken);
        script.Holds(waits.Result.Point.Token.Index >= token.Index, $"monotonic reads would go back");
    }

    /// <summary>S2-22, S2-43, X-05: the age of a state lies between the truth and the truth plus two heartbeats; cut
    /// off, it grows with the time until the read is refused.</summary>
    internal static void AgeIsTrue(ulong seed)
    {
        using Script script = Led(seed);
        Read read = Read.Stale(TimeSpan.FromMilliseconds(300));
        for (int i = 0; i < 40; i++)
        {
            if (i % 4 == 0)
            {
                _ = script[1].ProposeAsync(script.World.NextValue());
            }

            QueryResult<int> result = Ask(script, 3, read);
            script.Holds(result.Point.IsGranted, $"a state in contact was refused: {result.Point.Refusal}");
            long ageNs = result.Point.Certificate.AgeNs;
            script.Holds(
                ageNs <= 2 * script[3].Core.Options.HeartbeatNs, $"{ageNs} ns while in contact with the leader");
            script.World.RunFor(23 * Script.Millisecond);
        }

        long cut = script.World.Now;
        script.World.Network.Isolate(3);
        script.OnlyCandidate(1);
        QueryResult<int> last = default;
        bool isRefused = false;
        while (!isRefused)
        {
            long since = script.World.Now - cut;
            script.Holds(since < Script.Second, $"a state cut off for {since} ns is never refused");
            Task<QueryResult<int>> pending = script[3].CountAsync(read);
            script.Until(() => pending.IsCompleted, "the read ends", 3 * Script.Second);
            isRefused = !pending.Result.Point.IsGranted;
            last = isRefused ? last : pending.Result;
            long age = pending.Result.Point.Certificate.AgeNs;
            script.Holds(
                isRefused || (age >= since && age <= since + (2 * script[3].Core.Options.HeartbeatNs)),
                $"{age} ns after {since} ns without contact");
            script.World.RunFor(20 * Script.Millisecond);
            script.Holds(
                !isRefused || pending.Result.Point.Refusal.Code == RefusalCode.NotFresh,
                $"refused as {pending.Result.Point.Refusal}");
        }

        script.Holds(last.Point.IsGranted, $"no read was granted after the cut");
    }

    /// <summary>S1-06: closed time follows the clock while nobody proposes, and stamps never fall behind it, across a
    /// change of leaders whose wall clock is far behind.</summary>
    internal static void ClosedTimeFollows(ulong seed)
    {
        const int TargetMs = 100;
        using Script script = Script.Started(OptionsOf(seed) with
        {
            CloseTarget = TimeSpan.FromMilliseconds(TargetMs),
        });
        script[2].WallOffsetNs = -5 * Script.Second;
        script.World.RunFor(Script.Second);
        long heartbeat = script[1].Core.Options.HeartbeatNs;
        script.Throughout(
            2 * Script.Second,
            () => ClosedLag(script, 3) <= (TargetMs * Script.Millisecond) + (2 * heartbeat),
            "closed time lags by no more than the target and two heartbeats");
        ulong closed = script[3].Core.CommitProof.Stamp;
        script.World.Network.Isolate(1);
        script.Elect(2, isHeardAlone: false);
        Receipt receipt = script.Commit(2);
        script.Holds(receipt.Stamp > closed, $"stamp {receipt.Stamp} was committed after {closed} was closed");
        script.Holds(receipt.Certificate.Stamp >= receipt.Stamp, $"the certificate's stamp is older than the entry's");
    }

    private static WorldOptions OptionsOf(ulong seed) => new()
    {
        Seed = seed,
        Lease = new LeaseOptions
        {
            Duration = TimeSpan.FromMilliseconds(LeaseMs),
            Clock = new ClockBound(Drift, 1_000),
        },
    };

    private static Script Led(ulong seed) => Script.Started(OptionsOf(seed));

    private static void Begin(Script script)
    {
        script.World.StartAll();
        script.Elect(1);
        script.UntilEqual();
    }

    private static QueryResult<int> Ask(Script script, uint replica, Read read)
    {
        Task<QueryResult<int>> pending = script[replica].CountAsync(read);
        script.Until(() => pending.IsCompleted, $"a read of {read} ends", 3 * Script.Second);
        return pending.Result;
    }

    private static void Granted(Script script, in QueryResult<int> result, Guarantee guarantee, ReadProof proof)
    {
        ReadResult point = result.Point;
        script.Holds(
            point.IsGranted && point.Guarantee == guarantee && point.Certificate.Proof == proof
                && point.Certificate.IsValid,
            $"the read ended as {point}");
    }

    /// <summary>Replica 1 is cut off, and another one is elected as soon as its silence allows: the lease is longer
    /// than that.</summary>
    private static void Usurp(Script script, uint replica)
    {
        script.World.Network.Isolate(1);
        script.OnlyCandidate(replica);
        script.Until(() => script[replica].IsLeader, $"replica {replica} leads", Script.Second);
    }

    /// <returns>True time from the successor's first commit to the last instant at which 1 held a lease.</returns>
    private static long Depose(Script script)
    {
        Usurp(script, 2);
        long lastHeld = script.World.Now;
        while (!HasCommitted(script[2]))
        {
            script.World.Step(script.World.Now + Script.Millisecond);
            bool isHeld = script[1].IsLeader
                && Lease.Holds(script[1].Core, script[1].Clock.Local(script.World.Now));
            lastHeld = isHeld ? script.World.Now : lastHeld;
        }

        return lastHeld - script.World.Now;
    }

    private static bool HasCommitted(SimulatedReplica replica) =>
        replica.Core.CommitProof.IsValid && replica.Core.CommitProof.Term == replica.Core.Term
        && replica.Core.Role == Role.Leader;

    private static long ClosedLag(Script script, uint replica)
    {
        long closedMs = (long)(script[replica].Core.CommitProof.Stamp >> 16);
        return script.World.Wall - (closedMs * Script.Millisecond);
    }
}
