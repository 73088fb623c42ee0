using System.Collections.Generic;
using System.Globalization;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Simulation.Hosting;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>
/// A lock with a lease is held twice when its holder stops for longer than the lease and does not notice. A fence at
/// the resource makes that harmless.
/// </summary>
internal sealed class LockTwiceDemonstration : IDemonstration
{
    internal const string Word = "lock-twice";
    private const long MillisecondNs = 1_000_000;
    private const uint LeaseMs = 1000;
    private const int Before = 100;

    private readonly List<string[]> _rows = [];
    private readonly LockedAccount _bare = new(isFenced: false, Before);
    private readonly LockedAccount _fenced = new(isFenced: true, Before);
    private byte[] _command = [];
    private long _start;

    internal LockedAccount Bare => _bare;

    internal LockedAccount Fenced => _fenced;

    /// <summary>Where the two grants stand in the history.</summary>
    internal ulong FirstFence { get; private set; }

    internal ulong SecondFence { get; private set; }

    /// <summary>The second client asked while the lease ran, and was refused.</summary>
    internal bool IsRefusedEarly { get; private set; }

    /// <summary>When it resumed, the first client still believed that it held the lock.</summary>
    internal bool IsHeldTwice { get; private set; }

    public bool Holds => IsRefusedEarly && IsHeldTwice && SecondFence > FirstFence
        && _bare.Balance == Before + 10 && _fenced.Balance == Before + 50 && _fenced.Refused == 1;

    internal static LockTwiceDemonstration Run(ulong seed)
    {
        var demonstration = new LockTwiceDemonstration();
        demonstration.Play(seed);
        return demonstration;
    }

    public void Describe(Page page)
    {
        page.Paragraph(
            "Asked",
            $"A lock service runs on the engine as a state machine; a lease lasts {LeaseMs} ms. Client 1 takes the "
            + "lock, looks at its own clock, finds its lease valid, and is stopped (a collection, a moved machine) "
            + $"before it writes. May it do harm when it goes on? Two accounts hold {Before}; one takes any write, the "
            + "other one asks for the fence: the index of the writer's grant in the history.");
        page.Section("What happened (virtual ms)");
        page.Table(["at", "who", "what", "outcome"], _rows);
        page.Section("Verdict");
        page.Table(
            ["account", "balance", "should be", "client 2's write"],
            [
                ["without fence", Text(_bare.Balance), Text(Before + 50), "lost"],
                ["with fence", Text(_fenced.Balance), Text(Before + 50), "kept; client 1 was refused"],
            ]);
        page.Paragraph(
            "What it proves, and what not",
            "The lock service was right all the time: it never granted the lock to two clients at one place of the "
            + "history. It cannot reach into a stopped client, so a lease alone protects nothing outside; no lease is "
            + "long enough. The fence works because the engine's index only rises and the resource remembers the "
            + "highest that it saw. The resource must check it: one that cannot is not protected.");
    }

    private void Play(ulong seed)
    {
        using var world = new World(new WorldOptions { Seed = seed, Command = _ => _command });
        foreach (SimulatedReplica replica in world.Replicas)
        {
            replica.MachineMaker = static () =>
                JournalMachine.Before(new HostedMachine<LockService>(new LockService(), null));
        }

        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a leader");
        world.RunFor(300 * MillisecondNs);
        _start = world.Now;
        FirstFence = Acquire(world, 1) ?? 0;

        // The client counts its lease from before it asked, as it should: it is as careful as a clock lets it be.
        long validUntil = _start + (LeaseMs * MillisecondNs);
        int seenBare = _bare.Balance;
        int seenFenced = _fenced.Balance;
        world.RunFor(200 * MillisecondNs);
        Note(world, "client 1", "reads 100, checks its clock", world.Now < validUntil ? "lease valid" : "expired");
        IsHeldTwice = world.Now < validUntil;
        Note(world, "client 1", "is stopped before it writes", string.Empty);
        world.RunFor(300 * MillisecondNs);
        IsRefusedEarly = Acquire(world, 2) is null;
        world.RunFor(1500 * MillisecondNs);
        SecondFence = Acquire(world, 2) ?? 0;
        Write(world, 2, SecondFence, _bare, "without fence", _bare.Balance + 50);
        Write(world, 2, SecondFence, _fenced, "with fence", _fenced.Balance + 50);
        world.RunFor(500 * MillisecondNs);
        Note(world, "client 1", "goes on where it stopped", $"its lease ended {Ms(world.Now - validUntil)} ms ago");
        Write(world, 1, FirstFence, _bare, "without fence", seenBare + 10);
        Write(world, 1, FirstFence, _fenced, "with fence", seenFenced + 10);
    }

    private ulong? Acquire(World world, uint client)
    {
        _command = LockService.Acquire(client, LeaseMs);
        SimulatedReplica replica = world.Leader!;
        Task<Receipt> receipt = replica.ProposeAsync(world.NextValue());
        world.RunUntil(() => receipt.IsCompleted, "a decision");
        Invariant.Holds(receipt.Result.Outcome == Outcome.Committed);
        ulong index = receipt.Result.Coordinate.Index;
        bool isGranted = ((LockService)replica.Machine.Hosted!.Machine).IsGranted(index);
        string outcome = isGranted ? $"granted, fence {index}" : "refused: held";
        Note(world, $"client {client}", "asks for the lock", outcome);
        return isGranted ? index : null;
    }

    private void Write(World world, uint client, ulong fence, LockedAccount account, string name, int balance)
    {
        ulong seen = account.Fence;
        string outcome = account.TryWrite(fence, balance) ? "taken" : $"REFUSED: fence {fence} is below {seen}";
        Note(world, $"client {client}", $"writes {balance} to the account {name}", outcome);
    }

    private void Note(World world, string who, string what, string outcome) =>
        _rows.Add([Ms(world.Now - _start), who, what, outcome]);

    private static string Ms(long nanoseconds) =>
        (nanoseconds / (double)MillisecondNs).ToString("F1", CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
