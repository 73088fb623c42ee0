using System.IO;

namespace CoreEngine.Cli.Commands;

/// <summary>The argument of the commands that look at a data directory.</summary>
internal static class DataDirectory
{
    /// <exception cref="BadInputException">There is no such directory.</exception>
    internal static void Require(string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new BadInputException(
                $"{directory} does not exist; name a replica's data directory (\"directory\" in its configuration)");
        }
    }
}
