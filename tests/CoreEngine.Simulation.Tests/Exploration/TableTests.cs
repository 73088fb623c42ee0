using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Simulation.Exploration;
using Xunit;

namespace CoreEngine.Simulation.Tests.Exploration;

/// <summary>Goal: the parts of the explorer that decide what is one state. Method: direct, against plain
/// collections.</summary>
public static class TableTests
{
    [Fact]
    public static void VisitedSet_AgreesWithAHashSet()
    {
        var chance = new Prng(5);
        var set = new VisitedSet();
        var known = new HashSet<ulong>();
        for (int i = 0; i < 200_000; i++)
        {
            // Few values, so that many come again; the zero among them.
            ulong value = chance.Next() % 100_000;
            Assert.Equal(known.Add(value), set.Add(value));
        }

        Assert.Equal(known.Count, set.Count);
    }

    [Fact]
    public static void GlobalState_HashForgetsTheOrderOfMessagesAndNothingElse()
    {
        var bounds = new ExplorerBounds();
        var messages = new MessageTable(MemberPlan.Fixed.Permutations);
        var locals = new LocalTable(bounds, messages, new LogTable());
        GlobalState state = Started(locals);
        int[] sent = locals.Step(state.Locals[0], new Input(InputKind.TimeOut)).Sent;
        Assert.Equal(2, sent.Length);
        GlobalState forth = Started(locals);
        GlobalState back = Started(locals);
        forth.Add(sent[0]);
        forth.Add(sent[1]);
        back.Add(sent[1]);
        back.Add(sent[0]);
        Assert.Equal(forth.Hash(locals, messages), back.Hash(locals, messages));
        back.Add(sent[0]);
        Assert.NotEqual(forth.Hash(locals, messages), back.Hash(locals, messages));
        Assert.NotEqual(forth.Hash(locals, messages), state.Hash(locals, messages));
        forth.Use(Budget.Resends);
        ulong used = forth.Hash(locals, messages);
        forth.NoteLeader(1, 2);
        Assert.NotEqual(used, forth.Hash(locals, messages));
    }

    /// <summary>Who times out first does not matter, how often does.</summary>
    [Fact]
    public static void GlobalState_HashForgetsNames()
    {
        var messages = new MessageTable(MemberPlan.Fixed.Permutations);
        var locals = new LocalTable(new ExplorerBounds(), messages, new LogTable());
        ulong[] hashes = [.. Enumerable.Range(0, 3).Select(place =>
        {
            GlobalState state = Started(locals);
            LocalStep step = locals.Step(state.Locals[place], new Input(InputKind.TimeOut));
            state.Locals[place] = step.Next;
            state.Add(step.Sent[0]);
            state.Add(step.Sent[1]);
            return state.Hash(locals, messages);
        })];
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public static void GlobalState_ReadsWhatItWrote()
    {
        var state = new GlobalState { Used = 0x21, Leaders = 0x310, Committed = 4, CommitTerms = 0x11 };
        state.Locals[2] = 9;
        state.Add(7);
        state.Add(3);
        var words = new List<uint>();
        state.Write(words);
        var copy = new GlobalState();
        Assert.Equal(words.Count, copy.Read(words.ToArray()));
        Assert.Equal(state.Locals, copy.Locals);
        Assert.Equal((state.Used, state.Leaders, state.Committed), (copy.Used, copy.Leaders, copy.Committed));
        Assert.Equal([3, 7], copy.Messages.ToArray());
        copy.RemoveAt(0);
        Assert.Equal([7], copy.Messages.ToArray());
    }

    [Fact]
    public static void LogTable_MatchesByTermAndComparesAllBefore()
    {
        var logs = new LogTable();
        int one = logs.Find([new LogItem(1, 0), new LogItem(2, 1)]);
        int longer = logs.Find([new LogItem(1, 0), new LogItem(2, 1), new LogItem(3, 0)]);
        int other = logs.Find([new LogItem(1, 0), new LogItem(2, 2)]);
        int earlier = logs.Find([new LogItem(1, 0), new LogItem(1, 1)]);
        Assert.True(logs.IsPrefix(one, longer));
        Assert.False(logs.IsPrefix(longer, one));
        Assert.True(logs.Match(one, longer));
        Assert.True(logs.Match(one, earlier));
        Assert.False(logs.Match(one, other));
        Assert.Equal(one, logs.Find([new LogItem(1, 0), new LogItem(2, 1)]));
    }

    private static GlobalState Started(LocalTable locals)
    {
        var state = new GlobalState();
        for (uint replica = 1; replica <= 3; replica++)
        {
            state.Locals[replica - 1] = locals.Start(replica);
        }

        return state;
    }
}
