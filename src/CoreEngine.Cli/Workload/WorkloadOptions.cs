using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;

namespace CoreEngine.Cli.Workload;

/// <summary>What one client process does.</summary>
internal sealed record WorkloadOptions
{
    /// <summary>Replicas to talk to. Client n begins with the n-th; when one breaks, the next is taken.</summary>
    internal required IReadOnlyList<IPEndPoint> Endpoints { get; init; }

    /// <summary>How long; zero means until the standard input closes.</summary>
    internal TimeSpan Duration { get; init; }

    /// <summary>Checked clients: one operation at a time, all recorded.</summary>
    internal int Clients { get; init; } = 4;

    /// <summary>Keys of the checked clients.</summary>
    internal int Keys { get; init; } = 32;

    /// <summary>Reads among a hundred operations.</summary>
    internal int ReadPercent { get; init; } = 50;

    internal ulong Seed { get; init; } = 1;

    /// <summary>
    /// First logical process id. Each client process needs a range of its own: an id is retired after an unknown
    /// outcome.
    /// </summary>
    internal int ProcessBase { get; init; }

    /// <summary>Where the history is recorded; null records none.</summary>
    internal string? History { get; init; }

    /// <summary>Keys begin with this. Nobody else may touch them.</summary>
    internal string Prefix { get; init; } = "checked:";

    /// <summary>
    /// Pause of a checked client after each operation, so that the history stays short enough to judge quickly.
    /// </summary>
    internal TimeSpan Think { get; init; }

    /// <summary>Unchecked clients that create load on keys of their own.</summary>
    internal int LoadClients { get; init; }

    /// <summary>Operations that a load client keeps in flight.</summary>
    internal int Pipeline { get; init; } = 16;

    /// <summary>Bytes of a load client's values.</summary>
    internal int ValueBytes { get; init; } = 16;

    /// <summary>How long a client waits for a reply before it gives the connection up.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Makes the clients' TCP sockets; null makes them in the network of this process.</summary>
    internal Func<Socket>? OpenSocket { get; init; }
}
