using System;
using System.IO;
using System.Runtime.CompilerServices;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Recorded conversations: they read well, and any change of behaviour shows as a difference.</summary>
public sealed class TranscriptTests
{
    // Goal: the messages themselves, not only their result. Method: replay each script; RECORD=1 writes what it shows
    // now.
    [Theory]
    [InlineData("figure7")]
    [InlineData("figure8")]
    [InlineData("prevote")]
    [InlineData("append-aba")]
    [InlineData("readindex")]
    [InlineData("deposed")]
    public void Transcript_ShowsWhatWasRecorded(string name)
    {
        string path = Path.Combine(Folder(), "Transcripts", "raft", name + ".txt");
        string script = File.ReadAllText(path);
        string now = Transcript.Replay(script);
        if (Environment.GetEnvironmentVariable("RECORD") == "1")
        {
            File.WriteAllText(path, now);
        }
        else
        {
            Assert.Equal(script, now);
        }
    }

    private static string Folder([CallerFilePath] string file = "") =>
        Path.GetDirectoryName(Path.GetDirectoryName(file))!;
}
