namespace CoreEngine.Simulation.Exploration;

/// <summary>All renamings of three replicas.</summary>
internal static class Permutations
{
    internal const int Count = 6;

    /// <summary>New name of replica 1, 2, 3 under each renaming; nobody (0) stays nobody.</summary>
    private static readonly byte[][] Names =
    [
        [0, 1, 2, 3], [0, 1, 3, 2], [0, 2, 1, 3], [0, 2, 3, 1], [0, 3, 1, 2], [0, 3, 2, 1],
    ];

    private static readonly byte[][] Origins = Invert();

    internal static uint NameOf(int permutation, uint replica) => Names[permutation][replica];

    /// <summary>Who bears a name under a renaming.</summary>
    internal static uint OriginOf(int permutation, uint name) => Origins[permutation][name];

    /// <summary>Renames a bitmap of places.</summary>
    internal static ulong Bitmap(int permutation, ulong places)
    {
        ulong renamed = 0;
        for (uint replica = 1; replica <= 3; replica++)
        {
            renamed |= ((places >> (int)(replica - 1)) & 1) << (int)(NameOf(permutation, replica) - 1);
        }

        return renamed;
    }

    private static byte[][] Invert()
    {
        byte[][] origins = new byte[Count][];
        for (int i = 0; i < Count; i++)
        {
            origins[i] = new byte[4];
            for (byte replica = 1; replica <= 3; replica++)
            {
                origins[i][Names[i][replica]] = replica;
            }
        }

        return origins;
    }
}
