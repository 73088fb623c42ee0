using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Reflection;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Load.Cluster;

/// <summary>The parent's side of one replica's process.</summary>
internal sealed class ReplicaProcess : IAsyncDisposable
{
    private const int KeptLinesMax = 200;

    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(7);

    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly Task _errors;

    private ReplicaProcess(ReplicaSettings settings)
    {
        Settings = settings;
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        }

        start.ArgumentList.Add("replica");
        foreach (string argument in settings.ToArguments())
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _errors = KeepErrorsAsync();
    }

    internal ReplicaSettings Settings { get; }

    internal uint Replica => Settings.Replica;

    /// <summary>False after <see cref="Kill"/>, or when the process ended by itself.</summary>
    internal bool IsRunning => !_process.HasExited;

    /// <summary>Starts the process; it is ready when <see cref="ReceiveAsync"/> returns its first status.</summary>
    internal static ReplicaProcess Start(ReplicaSettings settings) => new(settings);

    /// <summary>Sends a command and waits for its answer.</summary>
    internal async Task<ReplicaReply> AskAsync(ReplicaCommand command, CancellationToken cancellationToken)
    {
        await SendAsync(command, cancellationToken);
        return await ReceiveAsync(cancellationToken);
    }

    internal async Task SendAsync(ReplicaCommand command, CancellationToken cancellationToken)
    {
        string line = JsonSerializer.Serialize(command, ReplicaJson.Options);
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <exception cref="IOException">The replica ended, or reports an error.</exception>
    internal async Task<ReplicaReply> ReceiveAsync(CancellationToken cancellationToken)
    {
        string? line = await _process.StandardOutput.ReadLineAsync(cancellationToken);
        ReplicaReply? reply = line is null ? null : JsonSerializer.Deserialize<ReplicaReply>(line, ReplicaJson.Options);
        if (reply is null)
        {
            await _errors;
            throw new IOException($"replica {Replica} ended; its last lines:{Environment.NewLine}{LastLines()}");
        }

        return reply.Error is null
            ? reply
            : throw new IOException($"replica {Replica}: {reply.Error}{Environment.NewLine}{LastLines()}");
    }

    /// <summary>SIGKILL, and waits until the kernel has taken the process down.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to close; kills it when it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await CloseAsync();
        }

        await _errors;
        _process.Dispose();
    }

    private async Task CloseAsync()
    {
        using var patience = new CancellationTokenSource(ExitPatience);
        try
        {
            // The end of its input ends it as well, should the command not get through.
            await SendAsync(new ReplicaCommand { Verb = ReplicaVerb.Exit }, patience.Token);
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(
                $"replica {Replica} did not close in time ({error.Message}); killing it. {LastLines()}");
            Kill();
        }
    }

    private async Task KeepErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > KeptLinesMax)
                {
                    _lastLines.Dequeue();
                }
            }
        }
    }

    private string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join(Environment.NewLine, _lastLines);
        }
    }
}
