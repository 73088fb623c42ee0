using System;
using System.Globalization;
using System.IO;

namespace CoreEngine.Cli.Commands;

/// <summary>The argument of the commands that look at a data directory.</summary>
internal static class DataDirectory
{
    /// <summary>Does the same to the log of every shard: the directory's own, then those below it.</summary>
    /// <returns>The worst of the results.</returns>
    internal static int ForEachShard(string directory, Func<string, int> look)
    {
        Require(directory);
        int worst = look(directory);
        for (int shard = 1; Directory.Exists(HomeOf(directory, shard)); shard++)
        {
            Console.WriteLine();
            worst = int.Max(worst, look(HomeOf(directory, shard)));
        }

        return worst;
    }

    /// <exception cref="BadInputException">There is no such directory.</exception>
    internal static void Require(string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new BadInputException(
                $"{directory} does not exist; name a replica's data directory (\"directory\" in its configuration)");
        }
    }

    private static string HomeOf(string directory, int shard) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"shard-{shard}"));
}
