using System;
using System.IO;

namespace CoreEngine.Tests.Support;

/// <summary>A directory on the disk behind TMPDIR that is gone after the test.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal ScratchDirectory() => Path = Directory.CreateTempSubdirectory("coreengine-").FullName;

    internal string Path { get; }

    internal string Sub(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
