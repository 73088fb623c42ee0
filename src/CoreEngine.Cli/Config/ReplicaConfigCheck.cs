using System.Collections.Generic;
using System.IO;
using System.Net;
using CoreEngine.Model;

namespace CoreEngine.Cli.Config;

/// <summary>Finds settings that contradict each other or cannot work.</summary>
internal static class ReplicaConfigCheck
{
    private const int MillisecondsMax = 3_600_000;
    private const long SegmentStep = 1024 * 1024;
    private const int ShardsTop = 64;
    private const int ConnectionsTop = 65_536;

    internal static void Verify(ReplicaConfig config, Complaints complaints)
    {
        complaints.Require(config.Replica > 0, "replica", "is 0; replicas count from 1");
        VerifyTimes(config, complaints);
        VerifySizes(config, complaints);
        VerifyLoopback("listen", config.Listen, complaints);
        VerifyLoopback("client", config.Client, complaints);
        VerifyPeers(config, complaints);
        complaints.Require(
            Directory.Exists(config.Directory),
            "directory",
            $"{config.Directory} does not exist; create it with 'coreengine format {config.Directory} --replica "
                + $"{config.Replica}'");
    }

    private static void VerifyTimes(ReplicaConfig config, Complaints complaints)
    {
        VerifyRange("heartbeatMs", config.HeartbeatMs, complaints);
        VerifyRange("electionMinMs", config.ElectionMinMs, complaints);
        VerifyRange("electionMaxMs", config.ElectionMaxMs, complaints);
        VerifyRange("proposalTimeoutMs", config.ProposalTimeoutMs, complaints);
        long least = 3L * config.HeartbeatMs;
        complaints.Require(
            config.ElectionMinMs >= least,
            "electionMinMs",
            $"is {config.ElectionMinMs}, must be at least three heartbeats ({least}), or followers campaign against "
                + $"a healthy leader; "
            + "raise it or lower heartbeatMs");
        complaints.Require(
            config.ElectionMaxMs > config.ElectionMinMs,
            "electionMaxMs",
            $"is {config.ElectionMaxMs}, must be above electionMinMs ({config.ElectionMinMs}), or all replicas "
                + $"campaign at once; "
            + "twice electionMinMs is a good value");
    }

    private static void VerifyRange(string setting, int value, Complaints complaints) => complaints.Require(
        value is >= 1 and <= MillisecondsMax, setting, $"is {value}; use 1 to {MillisecondsMax} milliseconds");

    private static void VerifySizes(ReplicaConfig config, Complaints complaints)
    {
        complaints.Require(
            config.SegmentBytes >= SegmentStep && config.SegmentBytes % SegmentStep == 0,
            "segmentBytes",
            $"is {config.SegmentBytes}, must be a multiple of 1048576 (1 MiB), the same as given to 'coreengine "
                + $"format'");
        complaints.Require(
            config.Shards is >= 1 and <= ShardsTop,
            "shards",
            $"is {config.Shards}; use 1 to {ShardsTop}, the same as given to 'coreengine format'");
        complaints.Require(
            config.ConnectionsMax is >= 1 and <= ConnectionsTop,
            "connectionsMax",
            $"is {config.ConnectionsMax}; use 1 to {ConnectionsTop}");
    }

    private static void VerifyLoopback(string setting, IPEndPoint endpoint, Complaints complaints) =>
        complaints.Require(
        IPAddress.IsLoopback(endpoint.Address),
        setting,
        $"{endpoint} is not a loopback address, and links are not encrypted yet: plaintext leaves this machine "
            + $"nowhere; use 127.0.0.1 or [::1]");

    private static void VerifyPeers(ReplicaConfig config, Complaints complaints)
    {
        complaints.Require(
            config.Peers.Count < Limits.ReplicasMax, "peers",
            $"holds {config.Peers.Count} replicas, at most {Limits.ReplicasMax - 1} fit");
        complaints.Require(
            !config.Listen.Equals(config.Client), "client",
            $"{config.Client} is also 'listen'; give clients a port of their own");
        var replicas = new HashSet<uint> { config.Replica };
        var addresses = new HashSet<IPEndPoint> { config.Listen, config.Client };
        foreach (Peer peer in config.Peers)
        {
            complaints.Require(peer.Replica > 0, "peers.replica", "is 0; replicas count from 1");
            complaints.Require(
                replicas.Add(peer.Replica),
                "peers.replica",
                peer.Replica == config.Replica
                    ? $"{peer.Replica} is this replica itself; list only the others"
                    : $"{peer.Replica} stands there twice; every replica has its own number");
            complaints.Require(
                addresses.Add(peer.Address), "peers.address",
                $"{peer.Address} is used twice; every replica has its own address and port");
            VerifyLoopback("peers.address", peer.Address, complaints);
        }
    }
}
