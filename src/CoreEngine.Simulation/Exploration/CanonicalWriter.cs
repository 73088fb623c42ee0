using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Exploration;

/// <summary>Gathers what distinguishes two states, with replicas renamed.</summary>
/// <param name="permutations">The renamings.</param>
internal sealed class CanonicalWriter(Permutations permutations)
{
    private readonly List<ulong> _words = [];

    /// <summary>The renaming in force.</summary>
    internal int Permutation { get; private set; }

    internal void Start(int permutation)
    {
        _words.Clear();
        Permutation = permutation;
    }

    internal void Add(ulong value) => _words.Add(value);

    internal void Add(bool value) => _words.Add(value ? 1u : 0u);

    /// <summary>The renamings.</summary>
    internal Permutations Permutations => permutations;

    /// <summary>A replica's number; 0 for nobody.</summary>
    internal void AddReplica(uint replica) => _words.Add(permutations.NameOf(Permutation, replica));

    /// <summary>A set of replicas: bit r-1 stands for replica r.</summary>
    internal void AddReplicas(ulong bitmap) => _words.Add(permutations.Bitmap(Permutation, bitmap));

    /// <summary>Entries. Every renaming leaves the configurations among them as they are.</summary>
    internal void AddItems(ReadOnlySpan<LogItem> items)
    {
        _words.Add((ulong)items.Length);
        foreach (LogItem item in items)
        {
            _words.Add((item.Term << 32) | (uint)item.Command);
        }
    }

    /// <summary>The words themselves: equal words, equal states.</summary>
    internal string ToKey() => string.Create(_words.Count * 4, _words, static (target, words) =>
    {
        for (int i = 0; i < words.Count; i++)
        {
            for (int part = 0; part < 4; part++)
            {
                target[(i * 4) + part] = (char)((words[i] >> (16 * part)) & 0xFFFF);
            }
        }
    });

    /// <summary>64 bits of them.</summary>
    internal ulong ToHash()
    {
        ulong hash = 0x9AE16A3B2F90404F;
        foreach (ulong word in _words)
        {
            hash = Mix(hash, word);
        }

        return hash;
    }

    /// <summary>Two words into one, by SplitMix64's finalizer.</summary>
    internal static ulong Mix(ulong seed, ulong word)
    {
        unchecked
        {
            ulong z = (seed * 0x9E3779B97F4A7C15) + word + 0xD1B54A32D192ED03;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
