using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, transfer, snapshots and flow: windows, slow followers, limits. S43 to S45.</summary>
internal static class FlowScenarios
{
    private const int WindowMessages = 8;

    /// <summary>S43: the window to a follower that does not answer fills and stays bounded, the others go on; when it
    /// answers again the window drains and it catches up.</summary>
    internal static void WindowFillsAndDrains(ulong seed)
    {
        using Script script = Script.Started(Narrow(seed));
        int sent = 0;
        FrameFilter silence = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
        {
            sent += header.To == 3 && Frames.LastEntry(header, body) > 0 ? 1 : 0;
            return Frames.Is(header, MessageType.AppendReply, 3) ? FrameFate.Drop : FrameFate.Pass;
        });
        Progress peer = PeerOf(script, 3);
        int fullest = 0;
        for (int i = 0; i < 100; i++)
        {
            _ = script.Commit(1);
            fullest = int.Max(fullest, peer.Inflights.Count);
        }

        script.Holds(fullest == WindowMessages, $"the window held {fullest} messages, {WindowMessages} fit");
        script.Holds(sent <= WindowMessages + 2, $"{sent} messages left for a follower that does not answer");
        script.Lift(silence);
        script.UntilEqual();
        script.Until(() => peer.Inflights.Count == 0, "the window drains", Script.Second);

        // Drained in truth: far more than a window passes, and nothing waits for a timeout.
        long start = script.World.Now;
        for (int i = 0; i < 5 * WindowMessages; i++)
        {
            _ = script.Commit(1);
        }

        script.UntilSpread(1);
        long took = script.World.Now - start;
        script.Holds(took < 200 * Script.Millisecond, $"five windows took {took / Script.Millisecond} ms");
    }

    /// <summary>S43: messages are lost in the middle and at the end; a probe finds where the follower stands, and it
    /// resumes.</summary>
    internal static void LostMessagesLeadToAProbe(ulong seed)
    {
        using Script script = Script.Started(Narrow(seed));
        var chance = new Prng(seed);
        for (int round = 0; round < 10; round++)
        {
            int toLose = (int)chance.Between(1, 2 * WindowMessages);
            FrameFilter loss = script.Rule((in FrameHeader header, ReadOnlySpan<byte> body) =>
                header.To == 3 && Frames.LastEntry(header, body) > 0 && toLose-- > 0 ? FrameFate.Drop : FrameFate.Pass);
            for (int i = 0; i < 12; i++)
            {
                _ = script.Commit(1);
            }

            ulong last = script[1].Core.LastIndex;
            script.Until(
                () => script[3].Runtime.Frontiers.Durable >= last,
                "the follower has caught up after losses",
                2 * script[1].Core.Options.ElectionMaxNs);
            script.Lift(loss);
            _ = script.Commit(1);
            script.Until(
                () => PeerOf(script, 3).State == ProgressState.Replicate && PeerOf(script, 3).Inflights.Count == 0,
                "it resumes pipelining",
                Script.Second);
        }

        script.UntilEqual();
    }

    /// <summary>S44: a slow follower, even one whose disk stands still, does not raise the latency of the others
    /// (dotNext#233), and the leader's memory is bounded meanwhile (dotNext#184).</summary>
    internal static void SlowFollower(ulong seed)
    {
        long[] without = Latencies(seed, static script => script[3].Kill());
        long[] slow = Latencies(seed, static script =>
            script[3].Ring.Timing = new DiskTiming(50 * Script.Millisecond, 300 * Script.Millisecond));
        long[] still = Latencies(seed, static script => script[3].Ring.IsHeld = true);
        foreach (long[] measured in new[] { slow, still })
        {
            long median = measured[measured.Length / 2];
            long worst = measured[^1];
            if (median > without[without.Length / 2] * 12 / 10 || worst > without[^1] * 15 / 10)
            {
                throw new ScenarioException(
                    $"seed {seed}: with a slow follower median {median} ns and worst {worst} ns, without it "
                    + $"{without[without.Length / 2]} ns and {without[^1]} ns");
            }
        }

        BoundedMemory(seed);
    }

    /// <summary>S45: without a quorum of media proposals are refused at the uncommitted limit, typed; when the quorum
    /// is back the size returns to zero and as many fit again.</summary>
    internal static void UncommittedLimit(ulong seed)
    {
        const int Fit = 64;
        using Script script = Script.Started(new WorldOptions
        {
            Seed = seed,
            ProposalTimeoutMs = 2000,
            Windows = new RaftWindows(UncommittedEntriesMax: Fit),
        });
        RaftState leader = script[1].Core;
        for (int round = 0; round < 3; round++)
        {
            script[2].Ring.IsHeld = true;
            script[3].Ring.IsHeld = true;
            var receipts = new List<Task<Receipt>>();
            for (int i = 0; i < 3 * Fit; i++)
            {
                receipts.Add(script[1].ProposeAsync(script.World.NextValue()));
            }

            script.Throughout(
                Script.Second,
                () => leader.LastIndex - leader.CommitIndex <= Fit,
                "no more than the limit is uncommitted");
            script.Until(() => receipts.TrueForAll(static r => r.IsCompleted), "all end", 5 * Script.Second);
            int unknown = receipts.FindAll(static r => r.Result.Outcome == Outcome.Unknown).Count;
            int refused = receipts.FindAll(
                static r => r.Result.Refusal.Code == RefusalCode.UncommittedFull).Count;
            script.Holds(
                unknown == Fit && refused == 2 * Fit, $"{unknown} ended as Unknown and {refused} as UncommittedFull");
            script.Holds(script[1].IsLeader, $"replica 1 leads no more");
            script[2].Ring.IsHeld = false;
            script[3].Ring.IsHeld = false;
            script.Until(() => leader.CommitIndex == leader.LastIndex, "what was under way commits", Script.Second);
            script.Holds(leader.Log.BytesAfter(leader.CommitIndex) == 0, $"the size did not return to zero");
            for (int i = 0; i < 2 * Fit; i++)
            {
                _ = script.Commit(1);
            }
        }

        script.UntilEqual();
    }

    /// <summary>Virtual nanoseconds from proposal to receipt, sorted.</summary>
    private static long[] Latencies(ulong seed, Action<Script> disturb)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        disturb(script);
        script.World.RunFor(500 * Script.Millisecond);
        var latencies = new List<long>();
        for (int i = 0; i < 300; i++)
        {
            long start = script.World.Now;
            _ = script.Commit(1);
            latencies.Add(script.World.Now - start);
        }

        latencies.Sort();
        return [.. latencies];
    }

    private static void BoundedMemory(ulong seed)
    {
        const int SuffixBytes = 256 * 1024;
        using Script script = Script.Started(new WorldOptions
        {
            Seed = seed,
            SuffixBytes = SuffixBytes,
            SegmentBytes = 4 * 1024 * 1024,
            Windows = new RaftWindows(InflightMessagesMax: WindowMessages, InflightBytesMax: 64 * 1024),
        });
        script[3].Ring.IsHeld = true;
        RaftState leader = script[1].Core;
        var receipts = new List<Task<Receipt>>();
        for (int i = 0; i < 100; i++)
        {
            receipts.Clear();
            for (int j = 0; j < 64; j++)
            {
                receipts.Add(script[1].ProposeAsync(script.World.NextValue()));
            }

            script.Until(() => receipts.TrueForAll(static r => r.IsCompleted), "decided without the slow follower");
            script.Holds(
                receipts.TrueForAll(static r => r.Result.Outcome == Outcome.Committed), $"a proposal was refused");
            script.Holds(
                leader.Log.HeldBytes <= SuffixBytes && PeerOf(script, 3).Inflights.Count <= WindowMessages,
                $"the leader holds {leader.Log.HeldBytes} bytes and {PeerOf(script, 3).Inflights.Count} messages");
        }

        script.Holds(leader.Log.FirstCached > 1, $"the log fits into memory: nothing was bounded");
        script[3].Ring.IsHeld = false;
        script.UntilEqual();
    }

    private static WorldOptions Narrow(ulong seed) => new()
    {
        Seed = seed,
        Windows = new RaftWindows(InflightMessagesMax: WindowMessages, AppendEntriesMax: 1),
    };

    private static Progress PeerOf(Script script, uint follower) =>
        script[1].Core.Peers[script[1].Core.Quorum.PlaceOf(follower)];
}
