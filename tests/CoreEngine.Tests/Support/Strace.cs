using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.Tests.Support;

/// <summary>strace on a running process: what it asks of the kernel, in order, and failures put in between.</summary>
internal sealed class Strace : IDisposable
{
    private readonly Process _process;
    private readonly string _output;

    private Strace(Process process, string output)
    {
        _process = process;
        _output = output;
    }

    /// <summary>Attaches to all threads; null with a reason when this machine does not let it.</summary>
    internal static async Task<(
        Strace? Trace, string Reason)> AttachAsync(int process, string output, string calls, string? inject)
    {
        if (!File.Exists("/usr/bin/strace"))
        {
            return (null, "strace is not installed");
        }

        var start = new ProcessStartInfo(
            "/usr/bin/strace",
            ["-f", "-s", "40", "-e", $"trace={calls}", "-o", output, "-p", process.ToString(
                CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        };
        if (inject is not null)
        {
            start.ArgumentList.Add("-e");
            start.ArgumentList.Add($"inject={inject}");
        }

        Process strace = Process.Start(start)!;
        string? line = await strace.StandardError.ReadLineAsync().WaitAsync(Cluster.Patience);
        if (line is null || !line.Contains("attached", StringComparison.Ordinal))
        {
            strace.Dispose();
            return (null, $"strace may not attach: {line}");
        }

        return (new Strace(strace, output), string.Empty);
    }

    /// <summary>Waits for the traced process to end and returns what was traced.</summary>
    internal async Task<string[]> ReadAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Cluster.Patience);
        return await File.ReadAllLinesAsync(_output);
    }

    /// <summary>True for the line on which a call of that name returned well.</summary>
    internal static bool IsSuccess(string line, string call)
    {
        bool ends = line.Contains($"{call}(", StringComparison.Ordinal)
            || line.Contains($"{call} resumed>", StringComparison.Ordinal);
        int equals = line.LastIndexOf("= ", StringComparison.Ordinal);
        return ends && equals > 0 && char.IsAsciiDigit(line[equals + 2]);
    }

    /// <summary>True for the line on which a call of that name began.</summary>
    internal static bool IsStart(string line, string call) => line.Contains($" {call}(", StringComparison.Ordinal);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        Assert.NotEmpty(_output);
    }
}
