using System;
using System.Globalization;
using System.IO;

namespace CoreEngine.Cli.Demo;

/// <summary>
/// Where a demonstration keeps data, logs and histories. It must be on a medium that survives a power cut.
/// </summary>
internal sealed class DemoDirectory
{
    private readonly bool _isTemporary;

    private DemoDirectory(string path, bool isTemporary)
    {
        Path = path;
        _isTemporary = isTemporary;
        FileSystem = FileSystemOf(path);
    }

    internal string Path { get; }

    /// <summary>The name of the file system, such as ext4.</summary>
    internal string FileSystem { get; }

    /// <summary>
    /// Makes the directory; without a wish under <c>artifacts</c> of the current directory, else in the temporary one.
    /// </summary>
    /// <exception cref="BadInputException">Only memory-backed places were found, or none can be written to.</exception>
    internal static DemoDirectory Create(string? keep)
    {
        string[] places = keep is not null
            ? [keep]
            : [System.IO.Path.Combine("artifacts", Name()),
                System.IO.Path.Combine(System.IO.Path.GetTempPath(), Name())];
        string complaint = string.Empty;
        foreach (string place in places)
        {
            string full = System.IO.Path.GetFullPath(place);
            try
            {
                Directory.CreateDirectory(full);
                if (!IsMemory(FileSystemOf(full)))
                {
                    return new DemoDirectory(full, keep is null);
                }

                complaint += $"\n{full} is on {FileSystemOf(full)}, which a power cut erases";
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                complaint += $"\n{full}: {error.Message}";
            }
        }

        throw new BadInputException(
            $"the demonstration needs a directory on a real disk; name one with --keep DIR:{complaint}");
    }

    internal string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes a temporary directory: after a success nobody needs it.</summary>
    internal void RemoveIfTemporary()
    {
        if (_isTemporary)
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    private static string Name() => string.Create(
        CultureInfo.InvariantCulture, $"demo-{DateTime.UtcNow:yyyyMMdd-HHmmss}-{Environment.ProcessId}");

    private static string FileSystemOf(string path) => new DriveInfo(path).DriveFormat;

    private static bool IsMemory(string fileSystem) => fileSystem is "tmpfs" or "ramfs" or "devtmpfs";
}
