using System;
using System.Collections.Generic;
using System.Globalization;

namespace CoreEngine.Cli.Demo;

/// <summary>What a replica's INFO said at one instant.</summary>
internal sealed record ReplicaView
{
    internal required uint Replica { get; init; }

    internal required string Role { get; init; }

    internal required ulong Term { get; init; }

    internal required uint Leader { get; init; }

    internal required string Mode { get; init; }

    internal required ulong Appended { get; init; }

    internal required ulong Durable { get; init; }

    internal required ulong Applied { get; init; }

    internal required ulong Committed { get; init; }

    internal required string Acknowledgement { get; init; }

    internal required string Backends { get; init; }

    internal required ulong StateIndex { get; init; }

    internal required string StateDigest { get; init; }

    internal required string Fault { get; init; }

    internal bool IsLeader => Role == "leader";

    /// <summary>Reads the reply; null when it is none of ours.</summary>
    internal static ReplicaView? Parse(uint replica, string info)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in info.Split("\r\n"))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                fields[line[..colon]] = line[(colon + 1)..];
            }
        }

        if (!fields.TryGetValue("role", out string? role) || !fields.TryGetValue("state_digest", out string? digest))
        {
            return null;
        }

        ulong Number(string name) => ulong.Parse(fields[name], NumberStyles.None, CultureInfo.InvariantCulture);
        return new ReplicaView
        {
            Replica = replica,
            Role = role,
            Term = Number("term"),
            Leader = (uint)Number("leader"),
            Mode = fields["mode"],
            Appended = Number("appended"),
            Durable = Number("durable"),
            Applied = Number("applied"),
            Committed = Number("committed"),
            Acknowledgement = fields["acknowledgement"],
            Backends = fields["backends"],
            StateIndex = Number("state_index"),
            StateDigest = digest,
            Fault = fields["fault"],
        };
    }
}
