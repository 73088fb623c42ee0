using System;
using System.Diagnostics;
using System.Net;
using System.Threading;
using CoreEngine.Cli.KeyValue;

namespace CoreEngine.Cli.Server;

/// <summary>The engine as the server holds it: opened with these options.</summary>
/// <param name="Host">The engine.</param>
/// <param name="Options">What it was opened with.</param>
internal sealed record ServedEngine(Engine Host, EngineOptions Options);

/// <summary>What all connections of a server share.</summary>
internal sealed class ServerState(
    ServedEngine engine, Group group, KeyValueStoreOptions storeOptions, int connectionsMax)
{
    private int _connections;

    /// <summary>The tool's version.</summary>
    internal static string Version { get; } = typeof(ServerState).Assembly.GetName().Version?.ToString(3) ?? "0";

    internal ServedEngine Engine { get; } = engine;

    internal Group Group { get; } = group;

    internal KeyValueStoreOptions StoreOptions { get; } = storeOptions;

    internal int ConnectionsMax { get; } = connectionsMax;

    internal ServerCounters Counters { get; } = new();

    /// <summary>Where clients connect. Set before the first one does.</summary>
    internal IPEndPoint Endpoint { get; set; } = new(IPAddress.Loopback, 0);

    internal long StartedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>Connections now.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Takes a place for a connection. False when all are taken.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _connections) <= ConnectionsMax)
        {
            return true;
        }

        Interlocked.Decrement(ref _connections);
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>How long the server runs.</summary>
    internal TimeSpan Uptime => Stopwatch.GetElapsedTime(StartedAt);
}
