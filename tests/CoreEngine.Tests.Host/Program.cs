using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Tests.Host;

/// <summary>
/// A replica alone in a process that tests may kill: <c>Host DIRECTORY PORT</c>. Prints <c>ready</c>, then obeys its
/// input, line by line:
/// <c>run COUNT OUTSTANDING</c> proposes rising numbers and prints <c>ack INDEX NUMBER</c> for each one that
/// committed, at last
/// <c>done COMMITTED</c>. A fault is printed as <c>fault REASON</c>; the end of the input ends the process.
/// </summary>
internal static class Program
{
    private static ulong _next;

    private static async Task Main(string[] args)
    {
        await using Engine engine = await Engine.OpenAsync(new EngineOptions
        {
            Replica = 1,
            Directory = args[0],
            Listen = new IPEndPoint(IPAddress.Loopback, int.Parse(args[1], CultureInfo.InvariantCulture)),
            SegmentBytes = 1024 * 1024,

            // Its tests watch the calls that reach the disk; what goes through io_uring is none.
            DiskRing = DiskRing.Portable,
            Heartbeat = TimeSpan.FromMilliseconds(20),
            ElectionMin = TimeSpan.FromMilliseconds(60),
            ElectionMax = TimeSpan.FromMilliseconds(90),
        });
        var machine = new CountingMachine();
        Group group = await engine.OpenGroupAsync("test", machine, GroupOptions.Raft());
        _ = await group.ReadAsync(Read.Linearizable);
        while (!(await group.ReadAsync(Read.Linearizable)).IsGranted)
        {
            await Task.Yield();
        }

        _next = machine.Highest + 1;
        Say($"ready {engine.Backends}");
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            await RunAsync(
                group,
                int.Parse(words[1], CultureInfo.InvariantCulture),
                int.Parse(words[2], CultureInfo.InvariantCulture));
        }
    }

    private static async Task RunAsync(Group group, int count, int outstanding)
    {
        var pending = new Queue<(ulong Number, Task<Receipt> Wait)>();
        int committed = 0;
        byte[] command = new byte[8];
        for (int i = 0; i < count || pending.Count > 0; i++)
        {
            if (i < count)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(command, _next);
                pending.Enqueue((_next++, group.ProposeAsync(command).AsTask()));
            }

            if (pending.Count < outstanding && i < count)
            {
                continue;
            }

            (ulong number, Task<Receipt> wait) = pending.Dequeue();
            Receipt receipt = await wait;
            if (receipt.Outcome == Outcome.Committed)
            {
                committed++;
                Say(string.Create(CultureInfo.InvariantCulture, $"ack {receipt.Coordinate.Index} {number}"));
            }
            else if (group.Fault is not null)
            {
                count = 0;
            }
        }

        Say(group.Fault is null
            ? string.Create(CultureInfo.InvariantCulture, $"done {committed}")
            : $"fault {group.Fault.Reason}");
    }

    private static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }

    /// <summary>Knows the highest number it has seen.</summary>
    private sealed class CountingMachine : IStateMachine
    {
        public bool InlineSafe => true;

        public ulong StateDigest => Highest;

        internal ulong Highest { get; private set; }

        public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
        {
            foreach (CommittedEntry entry in batch)
            {
                Highest = BinaryPrimitives.ReadUInt64LittleEndian(entry.Command);
            }
        }
    }
}
