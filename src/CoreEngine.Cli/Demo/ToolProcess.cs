using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Cli.Demo;

/// <summary>
/// A child that runs another command of this tool. It never outlives its owner: disposal kills it by its pid.
/// </summary>
internal sealed class ToolProcess : IDisposable
{
    private const int TailMax = 12;

    private readonly Process _process;
    private readonly Action<string> _onLine;
    private readonly string _log;
    private readonly Queue<string> _tail = new();
    private readonly Lock _lock = new();
    private readonly Task _reading;

    private ToolProcess(Process process, string log, Action<string> onLine)
    {
        _process = process;
        _log = log;
        _onLine = onLine;
        _reading = Task.WhenAll(ReadOutputAsync(), ReadErrorsAsync());
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Ends when the process has, and all of its lines were read.</summary>
    internal async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Starts a command of this tool.</summary>
    /// <param name="arguments">The command and its arguments.</param>
    /// <param name="log">A file that standard error is appended to.</param>
    /// <param name="onLine">Called with every line of standard output, from one thread at a time.</param>
    /// <param name="through">
    /// A program with its arguments that becomes the tool by exec, such as one that enters a namespace; null starts the
    /// tool itself.
    /// </param>
    internal static ToolProcess Start(
        IEnumerable<string> arguments, string log, Action<string> onLine, IReadOnlyList<string>? through = null)
    {
        string tool = Environment.ProcessPath ?? throw new DemoException("the path of this program is not known");
        string[] words = [.. through ?? [], tool];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(tool) == "dotnet")
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "CoreEngine.Cli.dll"));
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start) ?? throw new DemoException($"{words[0]} cannot be started");
        return new ToolProcess(process, log, onLine);
    }

    /// <summary>SIGKILL, to this process alone: no buffer is flushed, nothing is said.</summary>
    internal void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
    }

    /// <summary>Asks the process to end by closing its standard input.</summary>
    internal void CloseInput() => _process.StandardInput.Close();

    /// <summary>The last lines of standard error, for messages.</summary>
    internal string Tail()
    {
        lock (_lock)
        {
            return string.Join('\n', _tail);
        }
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task ReadOutputAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is string line)
        {
            _onLine(line);
        }
    }

    private async Task ReadErrorsAsync()
    {
        await using var file =
            new StreamWriter(new FileStream(_log, FileMode.Append, FileAccess.Write, FileShare.Read));
        while (await _process.StandardError.ReadLineAsync() is string line)
        {
            await file.WriteLineAsync(line);
            lock (_lock)
            {
                _tail.Enqueue(line);
                if (_tail.Count > TailMax)
                {
                    _tail.Dequeue();
                }
            }
        }
    }
}
