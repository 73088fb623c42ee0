using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;

namespace CoreEngine.Nemesis.Machine;

/// <summary>strace on a running process: lets a call fail, and writes down what is called afterwards.</summary>
internal sealed class CallTrace : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly string _output;

    private CallTrace(Process process, string output)
    {
        _process = process;
        _output = output;
    }

    /// <summary>Attaches to all threads of a process.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="output">A file for what is called.</param>
    /// <param name="calls">The calls to write down, separated by commas.</param>
    /// <param name="inject">What to let fail, in strace's words, such as <c>pwritev2:error=EIO:when=5</c>.</param>
    internal static async Task<CallTrace> AttachAsync(int process, string output, string calls, string inject)
    {
        string id = process.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(
            "strace", ["-f", "-e", $"trace={calls}", "-e", $"inject={inject}", "-o", output, "-p", id])
        {
            RedirectStandardError = true,
        };
        Process strace = Process.Start(start)!;
        string? line = await strace.StandardError.ReadLineAsync().WaitAsync(Patience);
        if (line?.Contains("attached", StringComparison.Ordinal) is true)
        {
            return new CallTrace(strace, output);
        }

        strace.Dispose();
        throw new NemesisException($"strace does not attach: {line}");
    }

    /// <summary>
    /// Waits for the traced process to end and returns the calls after the first that was made to fail.
    /// </summary>
    /// <exception cref="NemesisException">None was.</exception>
    internal async Task<string[]> ReadAfterFailureAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        string[] lines = await File.ReadAllLinesAsync(_output);
        int failed = Array.FindIndex(lines, static line => line.Contains("(INJECTED)", StringComparison.Ordinal));
        return failed >= 0 ? lines[(failed + 1)..] : throw new NemesisException("no call was made to fail");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
