// Goal: what hosts put in comes out once and in each host's order, while rings grow, are drained and rest. Method:
// writers on threads of their own, who now and then all wait for the queue to rest, against one reader; and the bounds.
using System;
using System.Buffers.Binary;
using System.Threading;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol;
using Xunit;

namespace CoreEngine.Tests;

public sealed class ProposalQueueTests
{
    private const int PauseEvery = 3000;

    [Fact]
    public void ProposalQueue_KeepsEachWritersOrder_WhileRingsGrowAndRest()
    {
        const int Writers = 3;
        const int Each = 30_000;
        var queue = new ProposalQueue(1024 * 1024, new RingMemory());
        using var pause = new Barrier(Writers, _ => SpinWait.SpinUntil(() => queue.HeldBytes == 0));
        var threads = new Thread[Writers];
        for (int i = 0; i < Writers; i++)
        {
            int writer = i;
            threads[i] = new Thread(() => Write(queue, pause, writer, Each));
            threads[i].Start();
        }

        int[] next = new int[Writers];
        int taken = 0;
        int rests = 0;
        while (taken < Writers * Each || queue.HeldBytes > 0)
        {
            ReadOnlySpan<byte> batch = queue.Peek(16 * 1024);
            if (batch.IsEmpty)
            {
                queue.Rest();
                rests += queue.HeldBytes == 0 ? 1 : 0;
                Thread.Yield();
                continue;
            }

            var reader = new ProposalReader(batch);
            while (reader.TryRead(out Proposal proposal))
            {
                int writer = (int)(proposal.Origin.Correlation >> 32);
                int number = (int)(proposal.Origin.Correlation & int.MaxValue);
                Assert.Equal(next[writer]++, number);
                Assert.Equal(number, BinaryPrimitives.ReadInt32LittleEndian(proposal.Payload));
                taken++;
            }

            queue.Consume(batch.Length);
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.Equal(0, queue.HeldBytes);
        Assert.Equal(0, queue.Bytes);
        Assert.True(rests >= Each / PauseEvery);
    }

    [Fact]
    public void ProposalQueue_HoldsItsBytesAndNoMore()
    {
        const int Capacity = 512 * 1024;
        var queue = new ProposalQueue(Capacity, new RingMemory());
        byte[] command = new byte[1000];
        int size = ProposalReader.SizeOf(command.Length);
        ulong put = 0;
        while (queue.TryEnqueue(put, command))
        {
            put++;
        }

        Assert.InRange(queue.Bytes, Capacity - (2 * size), Capacity);
        Assert.True(queue.HeldBytes <= 2 * Capacity);
        for (ulong taken = 0; taken < put;)
        {
            Span<byte> batch = queue.Peek(10 * size);
            Assert.False(batch.IsEmpty);
            taken += (ulong)(batch.Length / size);
            queue.Consume(batch.Length);
        }

        Assert.Equal(0, queue.Bytes);
        Assert.True(queue.TryEnqueue(put, command));
        Assert.Equal(size, queue.Peek(int.MaxValue).Length);
    }

    [Fact]
    public void ProposalQueue_TakesTheLargestCommand_FromRest()
    {
        var queue = new ProposalQueue(4 * 1024 * 1024, new RingMemory());
        byte[] command = new byte[Limits.EntryBytesMax];
        Assert.True(queue.TryEnqueue(1, command));
        Assert.Equal(ProposalReader.SizeOf(command.Length), queue.Peek(int.MaxValue).Length);
        queue.Consume(ProposalReader.SizeOf(command.Length));
        queue.Rest();
        Assert.Equal(0, queue.HeldBytes);
        Assert.True(queue.TryEnqueue(2, command));
    }

    private static void Write(ProposalQueue queue, Barrier pause, int writer, int count)
    {
        byte[] command = new byte[200];
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(command, i);
            ulong correlation = ((ulong)writer << 32) | (uint)i;
            while (!queue.TryEnqueue(correlation, command.AsSpan(0, 4 + (i % 196))))
            {
                Thread.Yield();
            }

            if ((i + 1) % PauseEvery == 0)
            {
                pause.SignalAndWait();
            }
        }
    }
}
