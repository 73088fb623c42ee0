using System;
using System.IO;

namespace CoreEngine.IO.Tests.Ring;

/// <summary>A directory on the real disk that is gone after the test.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal ScratchDirectory() => Path = Directory.CreateTempSubdirectory("coreengine-").FullName;

    internal string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
