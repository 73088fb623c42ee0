using System;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: maps that share pages are as independent as if each had bytes of its own. Method: random operations on several
/// maps of one arena, beside plain arrays that do the same.
/// </summary>
public sealed class PageMapTests
{
    private const int Bytes = 5 * PageArena.PageBytes;
    private const int Maps = 3;

    [Fact]
    public void MapsThatSharePages_HoldWhatMapsOfTheirOwnWouldHold()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var arena = new PageArena();
            var chance = new Prng(seed);
            var maps = new PageMap[Maps];
            byte[][] models = new byte[Maps][];
            for (int i = 0; i < Maps; i++)
            {
                maps[i] = new PageMap(arena);
                maps[i].Grow(Bytes);
                models[i] = new byte[Bytes];
            }

            for (int step = 0; step < 400; step++)
            {
                int map = (int)chance.Between(0, Maps);
                int other = (map + (int)chance.Between(1, Maps)) % Maps;
                Change(chance, maps[map], models[map], maps[other], models[other]);
                for (int i = 0; i < Maps; i++)
                {
                    Assert.True(Holds(maps[i], models[i]), $"seed {seed}, step {step}: map {i} differs");
                }
            }
        }
    }

    [Fact]
    public void AnArenaThatWasReset_GivesPagesThatReadAsWritten()
    {
        var arena = new PageArena();
        var first = new PageMap(arena);
        first.Write(0, new byte[Bytes].AsSpan());
        for (int i = 0; i < Bytes; i++)
        {
            first.Flip(i, 0xFF);
        }

        arena.Reset();
        var second = new PageMap(arena);
        second.Grow(Bytes);
        second.Write(10, [7]);
        byte[] model = new byte[Bytes];
        model[10] = 7;
        Assert.True(Holds(second, model));
        Assert.Equal(1, arena.Taken);
    }

    [Fact]
    public void APageTheTwoHoldAlike_TakesNoSecondOne()
    {
        var arena = new PageArena();
        var source = new PageMap(arena);
        var target = new PageMap(arena);
        source.Write(0, new byte[Bytes].AsSpan());
        target.Become(source);
        target.CopyFrom(source, 0, Bytes);
        Assert.Equal(5, arena.Taken);
        target.Write(3, [1]);
        Assert.Equal(6, arena.Taken);
    }

    private static void Change(Prng chance, PageMap map, byte[] model, PageMap other, byte[] otherModel)
    {
        int offset = (int)chance.Between(0, Bytes);
        int length = (int)chance.Between(1, Bytes - offset + 1);
        if (chance.Chance(1, 2))
        {
            // Whole pages take the short ways.
            offset = offset / PageArena.PageBytes * PageArena.PageBytes;
            length = int.Max(1, (Bytes - offset) / PageArena.PageBytes / 2) * PageArena.PageBytes;
        }

        switch (chance.Between(0, 5))
        {
            case 0:
                byte[] source = new byte[length];
                source.AsSpan().Fill((byte)chance.Between(1, 256));
                map.Write(offset, source);
                source.CopyTo(model, offset);
                break;
            case 1:
                map.Zero(offset, length);
                model.AsSpan(offset, length).Clear();
                break;
            case 2:
                map.CopyFrom(other, offset, length);
                otherModel.AsSpan(offset, length).CopyTo(model.AsSpan(offset));
                break;
            case 3:
                map.Become(other);
                otherModel.CopyTo(model, 0);
                break;
            default:
                map.Flip(offset, 4);
                model[offset] ^= 4;
                break;
        }
    }

    private static bool Holds(PageMap map, byte[] model)
    {
        byte[] held = new byte[Bytes];
        map.Read(0, held);
        return held.AsSpan().SequenceEqual(model);
    }
}
