using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace CoreEngine.Tests.Support;

/// <summary>What a test needs of the machine beyond .NET.</summary>
public enum Need
{
    /// <summary>strace, and the right to trace a process.</summary>
    Strace,

    /// <summary>The right to mount a small file system.</summary>
    Mount,
}

/// <summary>
/// A test that is skipped, with the reason, where the machine does not give what it needs; elsewhere it must hold.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> CanTrace = new(static () => Works("strace", "-o", "/dev/null", "true"));
    private static readonly Lazy<bool> CanMount = new(ProbeMount);

    public NeedsFactAttribute(Need need)
    {
        Need = need;
        Skip = need switch
        {
            Need.Strace => CanTrace.Value ? null : "strace is not installed or may not trace (apt-get install strace)",
            _ => CanMount.Value ? null : "mounting a tmpfs is not permitted here (needs root)",
        };
    }

    public Need Need { get; }

    private static bool ProbeMount()
    {
        string directory = Directory.CreateTempSubdirectory("coreengine-mount-").FullName;
        try
        {
            return Works("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory) && Works("umount", directory);
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    private static bool Works(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
