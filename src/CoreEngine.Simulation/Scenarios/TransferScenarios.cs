using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8: leadership is handed over. S8's last clause, S35, S36 and S37.</summary>
internal static class TransferScenarios
{
    /// <summary>S35, up to date: the target leads after three round trips, long before anybody's timeout, and every
    /// proposal made meanwhile ends typed.</summary>
    internal static void ToOneThatIsUpToDate(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        var receipts = new List<Task<Receipt>>();
        for (uint asked = 1; asked <= 3; asked++)
        {
            // From the leader, from the target, from a third one.
            uint leader = script.World.Leader!.Number;
            uint target = (leader % 3) + 1;
            uint at = asked == 1 ? leader : asked == 2 ? target : 6 - leader - target;
            receipts.Add(script[leader].ProposeAsync(script.World.NextValue()));
            receipts.Add(script[6 - leader - target].ProposeAsync(script.World.NextValue()));
            Task<TransferResult> transfer = script[at].TransferAsync(target, Script.Second);
            receipts.Add(script[leader].ProposeAsync(script.World.NextValue()));
            script.Until(
                () => transfer.IsCompleted && script[target].IsLeader,
                "the target leads",
                script[1].Core.Options.ElectionMinNs / 2);
            script.Holds(
                transfer.Result.IsDone && transfer.Result.Leader == target && script[target].Core.Term == ++term,
                $"the transfer to {target}, asked at {at}, ended as {transfer.Result}");
            script.UntilEqual();
        }

        Task<TransferResult> again = script[2].TransferAsync(script.World.Leader!.Number, Script.Second);
        script.Until(() => again.IsCompleted, "a transfer to the leader ends", 10 * Script.Millisecond);
        script.Holds(again.Result.IsDone && script.World.Leader.Core.Term == term, $"it ended as {again.Result}");
        script.Until(() => receipts.TrueForAll(static receipt => receipt.IsCompleted), "every proposal ends");
        script.Holds(
            receipts.TrueForAll(static receipt => receipt.Result.Outcome is Outcome.Committed or Outcome.Refused),
            $"a proposal ended as Unknown");
        script.Holds(
            receipts.FindAll(static receipt => receipt.Result.Outcome == Outcome.Committed).Count >= 6,
            $"proposals before the transfers or at the leaders were refused");
    }

    /// <summary>S35, slow: nobody is told to campaign before he holds all; while he is far behind proposals go on; then
    /// he leads.</summary>
    internal static void ToOneThatIsSlow(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        script.EntriesOnlyTo(3);
        script.Append(1, 200);
        ulong term = script[1].Core.Term;
        int told = 0;
        _ = script.Rule((in FrameHeader header, System.ReadOnlySpan<byte> _) =>
        {
            told += Frames.Is(header, MessageType.TimeoutNow) ? 1 : 0;
            return FrameFate.Pass;
        });
        Task<TransferResult> transfer = script[1].TransferAsync(2, 20 * Script.Second);
        script.Throughout(
            4 * Script.Second,
            () => told == 0 && script[1].IsLeader && !transfer.IsCompleted,
            "the target lags and is not told to campaign");
        Task<Receipt> held = script[1].ProposeAsync(script.World.NextValue());
        script.EntriesToAll();
        script.Until(() => transfer.IsCompleted, "the transfer ends", 5 * Script.Second);
        script.Holds(
            transfer.Result.IsDone && script[2].IsLeader && script[2].Core.Term == term + 1,
            $"it ended as {transfer.Result}");
        script.Until(() => held.IsCompleted, "what waited is decided", 5 * Script.Second);
        script.Holds(held.Result.Outcome == Outcome.Committed, $"what waited ended as {held.Result}");
        script.UntilEqual();
    }

    /// <summary>S35, dead: given up by the deadline, or at once when it is known to be dead; proposals go on in the
    /// same term.</summary>
    internal static void ToOneThatIsDead(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;

        // It dies unseen: its word to campaign is lost, its link stays.
        FrameFilter silence = script.Rule(static (in FrameHeader header, System.ReadOnlySpan<byte> _) =>
            header.From == 2 || header.To == 2 ? FrameFate.Drop : FrameFate.Pass);
        long start = script.World.Now;
        Task<TransferResult> transfer = script[1].TransferAsync(2, 200 * Script.Millisecond);
        script.World.RunFor(Script.Millisecond);
        Task<Receipt> held = script[1].ProposeAsync(script.World.NextValue());
        Task<Receipt> forwarded = script[3].ProposeAsync(script.World.NextValue());
        Task<TransferResult> second = script[3].TransferAsync(3, Script.Second);
        script.Until(() => transfer.IsCompleted, "the transfer is given up", 210 * Script.Millisecond);
        script.Holds(
            transfer.Result.Refusal.Code == RefusalCode.TransferTimedOut
                && script.World.Now - start >= 200 * Script.Millisecond,
            $"it ended as {transfer.Result}");
        script.Until(
            () => held.IsCompleted && forwarded.IsCompleted, "what waited is decided", 50 * Script.Millisecond);
        script.Holds(held.Result.Outcome == Outcome.Committed, $"what waited ended as {held.Result}");
        script.Holds(
            forwarded.Result.Refusal.Code == RefusalCode.TransferInProgress,
            $"what was handed on ended as {forwarded.Result}");
        script.Holds(
            second.Result.Refusal.Code == RefusalCode.TransferInProgress, $"a second wish ended as {second.Result}");

        // Now it is known: refused at once.
        script.World.RunFor(script[1].Core.Options.ElectionMinNs);
        transfer = script[3].TransferAsync(2, Script.Second);
        script.Until(() => transfer.IsCompleted, "a transfer to the dead ends", 5 * Script.Millisecond);
        script.Holds(
            transfer.Result.Refusal.Code == RefusalCode.TransferTargetSilent, $"it ended as {transfer.Result}");
        script.Holds(script[1].IsLeader && script[1].Core.Term == term, $"leadership changed");

        // Its link goes while it is waited for: not waited for any longer.
        script.Lift(silence);
        script.UntilEqual();
        _ = script.Rule(static (in FrameHeader header, System.ReadOnlySpan<byte> _) =>
            Frames.Is(header, MessageType.TimeoutNow) ? FrameFate.Drop : FrameFate.Pass);
        transfer = script[1].TransferAsync(2, 10 * Script.Second);
        script.World.RunFor(Script.Millisecond);
        script[2].Kill();
        script.Until(() => transfer.IsCompleted, "the transfer is given up with the link", 50 * Script.Millisecond);
        script.Holds(
            transfer.Result.Refusal.Code == RefusalCode.TransferTargetSilent, $"it ended as {transfer.Result}");
        _ = script.Commit(1);
        script.Holds(script[1].Core.Term == term, $"leadership changed");
    }

    /// <summary>S35, nobody who may lead: refused, nothing happens.</summary>
    internal static void ToOneThatMayNotLead(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        for (uint at = 1; at <= 3; at++)
        {
            Task<TransferResult> transfer = script[at].TransferAsync(9, Script.Second);
            script.Until(() => transfer.IsCompleted, "the transfer ends", 10 * Script.Millisecond);
            script.Holds(
                transfer.Result.Refusal is { Code: RefusalCode.TransferTargetUnfit, First: 9 },
                $"it ended as {transfer.Result}");
        }

        _ = script.Commit(1);
        script.Holds(script[1].IsLeader && script[1].Core.Term == term, $"leadership changed");
    }

    /// <summary>S36: a transfer is interrupted by a change of leaders, and the old leader is elected again before its
    /// deadline: it takes proposals at once (hashicorp/raft#696).</summary>
    internal static void InterruptedAndElectedAgain(ulong seed)
    {
        foreach (bool isLedBetween in new[] { false, true })
        {
            using Script script = Script.Started(new WorldOptions { Seed = seed });
            FrameFilter mute = script.Rule(static (in FrameHeader header, System.ReadOnlySpan<byte> _) =>
                Frames.Is(header, MessageType.TimeoutNow) ? FrameFate.Drop : FrameFate.Pass);
            Task<TransferResult> transfer = script[1].TransferAsync(2, 60 * Script.Second);
            script.Until(() => LeaderTransfer.IsHolding(script[1].Core), "proposals wait", 50 * Script.Millisecond);
            if (isLedBetween)
            {
                script.Elect(3);
                script.UntilEqual();
            }

            script.Elect(1);
            script.Until(() => transfer.IsCompleted, "the transfer has ended", 10 * Script.Millisecond);
            script.Holds(
                transfer.Result.Refusal is { Code: RefusalCode.LeadershipMoved },
                $"the transfer ended as {transfer.Result}");
            long start = script.World.Now;
            _ = script.Commit(1);
            script.Holds(
                script.World.Now - start < 100 * Script.Millisecond,
                $"the first proposal took {(script.World.Now - start) / Script.Millisecond} ms");

            // And a transfer that is asked for now goes through.
            script.Lift(mute);
            script.OnlyCandidate(0);
            script.UntilEqual();
            transfer = script[1].TransferAsync(2, Script.Second);
            script.Until(() => transfer.IsCompleted, "a new transfer ends", 200 * Script.Millisecond);
            script.Holds(transfer.Result.IsDone, $"a new transfer ended as {transfer.Result}");
        }
    }

    /// <summary>S37: before anybody is told to campaign no lease counts; after an abort none does until an entry is
    /// committed that the target did not hold when it was told. What arrives late of it changes nothing then.</summary>
    internal static void LeaseIsRenouncedFirst(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        RaftState leader = script[1].Core;
        ulong term = leader.Term;
        bool countedWhenTold = false;
        FrameFilter keep = script.Rule((in FrameHeader header, System.ReadOnlySpan<byte> _) =>
        {
            bool isWord = Frames.Is(header, MessageType.TimeoutNow);
            countedWhenTold |= isWord && LeaderTransfer.AllowsLease(leader);
            return isWord ? FrameFate.Hold : FrameFate.Pass;
        });
        script.Holds(LeaderTransfer.AllowsLease(leader), $"a lease would not count without a transfer");

        // Nothing new is committed while nobody else hears the leader.
        Task<TransferResult> transfer = script[1].TransferAsync(2, 100 * Script.Millisecond);
        script.Until(() => script.World.Network.Held.Count > 0, "the word to campaign left", 50 * Script.Millisecond);
        script.EntriesOnlyTo();
        script.Until(() => transfer.IsCompleted, "the transfer is given up", Script.Second);
        script.Throughout(
            200 * Script.Millisecond,
            () => script[1].IsLeader && !LeaderTransfer.AllowsLease(leader),
            "no lease counts while the target could still win");
        script.EntriesToAll();
        script.Until(() => LeaderTransfer.AllowsLease(leader), "leases count again", Script.Second);
        script.UntilEqual();
        script.Holds(!countedWhenTold, $"a lease counted when the word to campaign left");
        script.Lift(keep);
        int late = script.DeliverHeld(static frame => Frames.Is(frame.Header, MessageType.TimeoutNow));
        script.Throughout(
            Script.Second,
            () => script[1].IsLeader && script[1].Core.Term == term && script.Leaders() == 1,
            "the late word changes nothing");
        script.Holds(late > 0, $"no word was late");
    }

    /// <summary>S8, last clause: a voter that hears its leader grants its vote to whom the leader told to campaign, and
    /// to nobody else; not in any other term, nor to one who holds less.</summary>
    internal static void TransferPassesStickiness(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        ulong term = script[1].Core.Term;
        LeadershipScenarios.InjectVoteRequest(script, 3, 2, term + 1);
        LeadershipScenarios.InjectVoteRequest(script, 3, 2, term + 2, isTransfer: true);
        script.World.RunFor(5 * Script.Millisecond);
        script.Holds(script[2].Core.Term == term && script[1].IsLeader, $"a voter that hears its leader was moved");
        LeadershipScenarios.InjectVoteRequest(script, 3, 2, term + 1, isTransfer: true);
        script.World.RunFor(5 * Script.Millisecond);
        script.Holds(
            script[2].Core.Term == term + 1 && script[2].Core.Vote == 3,
            $"the voter is in term {script[2].Core.Term} with vote {script[2].Core.Vote}");
        script.Free();
        script.UntilLeader();
        script.UntilEqual();
    }

    /// <summary>S35, rolling restart: every replica is stopped in good order in its turn. Nobody ever waits for a
    /// timeout, every proposal in the log is decided, and no outcome is Unknown.</summary>
    internal static void StopHandsOver(ulong seed)
    {
        using Script script = Script.Started(new WorldOptions { Seed = seed });
        script.OnlyCandidate(0);
        var receipts = new List<Task<Receipt>>();
        for (int round = 0; round < 3; round++)
        {
            SimulatedReplica leader = script.World.Leader!;
            long electionNs = leader.Core.Options.ElectionMinNs;
            for (int i = 0; i < 10; i++)
            {
                receipts.Add(leader.ProposeAsync(script.World.NextValue()));
            }

            leader.BeginStop();
            script.Until(
                () => script.World.Leader is { } next && next != leader, "another one leads", electionNs / 2);
            script.Until(() => leader.TryStop(), "the old leader may go", electionNs);
            script.Holds(
                receipts.TrueForAll(static receipt => receipt.IsCompleted), $"a proposal was left undecided");
            _ = script.Commit(script.World.Leader!.Number);
            leader.Start();
            script.UntilEqual();
        }

        script.Holds(
            receipts.TrueForAll(static receipt => receipt.Result.Outcome == Outcome.Committed),
            $"a proposal made before a stop was not committed");
    }
}
