using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Exploration;

/// <summary>The renamings of replicas that leave alone what tells them apart. The first one renames nobody.</summary>
internal sealed class Permutations
{
    /// <summary>New name by replica under each renaming; nobody (0) stays nobody.</summary>
    private readonly List<byte[]> _names = [];
    private readonly List<byte[]> _origins = [];

    /// <param name="replicas">How many.</param>
    /// <param name="isAlike">Whether two may be exchanged.</param>
    internal Permutations(int replicas, Func<uint, uint, bool> isAlike)
    {
        Replicas = replicas;
        Extend(new byte[replicas + 1], 1, isAlike);
    }

    internal int Replicas { get; }

    internal int Count => _names.Count;

    internal uint NameOf(int permutation, uint replica) => _names[permutation][replica];

    /// <summary>Who bears a name under a renaming.</summary>
    internal uint OriginOf(int permutation, uint name) => _origins[permutation][name];

    /// <summary>Renames a set: bit r-1 stands for replica r.</summary>
    internal ulong Bitmap(int permutation, ulong replicas)
    {
        ulong renamed = 0;
        for (uint replica = 1; replica <= Replicas; replica++)
        {
            renamed |= ((replicas >> (int)(replica - 1)) & 1) << (int)(NameOf(permutation, replica) - 1);
        }

        return renamed;
    }

    private void Extend(byte[] names, byte next, Func<uint, uint, bool> isAlike)
    {
        if (next > Replicas)
        {
            _names.Add([.. names]);
            byte[] origins = new byte[Replicas + 1];
            for (byte replica = 1; replica <= Replicas; replica++)
            {
                origins[names[replica]] = replica;
            }

            _origins.Add(origins);
            return;
        }

        for (byte name = 1; name <= Replicas; name++)
        {
            if (Array.IndexOf(names, name, 1, next - 1) < 0 && isAlike(next, name))
            {
                names[next] = name;
                Extend(names, (byte)(next + 1), isAlike);
                names[next] = 0;
            }
        }
    }
}
