using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Text.Json;
using CoreEngine.Model;

namespace CoreEngine.Cli.Config;

/// <summary>Reads <c>replica.json</c>: JSON with comments and trailing commas. Nothing is silently ignored.</summary>
internal static class ReplicaConfigReader
{
    /// <summary>A file larger than this is not a configuration.</summary>
    private const int FileBytesMax = 1024 * 1024;

    private const string Keys =
        "replica, directory, cluster, listen, client, peers, join, heartbeatMs, electionMinMs, electionMaxMs, "
        + "proposalTimeoutMs, segmentBytes, shards, diskRing, connectionsMax";

    /// <summary>Reads and checks a file. A relative data directory is meant from where the file stands.</summary>
    /// <exception cref="BadInputException">Names everything that is wrong, with the remedies.</exception>
    internal static ReplicaConfig Load(string path)
    {
        byte[] bytes = ReadFile(path);
        var complaints = new Complaints(path);
        ReplicaConfig config = Read(bytes, complaints);
        if (complaints.Any)
        {
            throw new BadInputException(complaints.ToString());
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
        config = config with { Directory = Path.GetFullPath(config.Directory, folder) };
        ReplicaConfigCheck.Verify(config, complaints);
        return complaints.Any ? throw new BadInputException(complaints.ToString()) : config;
    }

    /// <summary>Reads the settings; what cannot be read becomes a complaint.</summary>
    internal static ReplicaConfig Read(ReadOnlySpan<byte> bytes, Complaints complaints)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
        }

        var options = new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        var fields = new JsonFields(new Utf8JsonReader(bytes, options), bytes, complaints);
        var config = new ReplicaConfig();
        try
        {
            if (!fields.Begin())
            {
                complaints.Add("file", "must hold one JSON object { ... }; copy the sample replica.json");
                return config;
            }

            config = ReadSettings(ref fields, config);
        }
        catch (JsonException error)
        {
            complaints.Add("file", $"is not JSON: {error.Message}", (int)(error.LineNumber ?? 0) + 1);
            return config;
        }

        foreach (string key in (ReadOnlySpan<string>)["replica", "directory", "listen", "client", "peers"])
        {
            complaints.Require(fields.Has(key), key, "is missing; the sample replica.json shows it");
        }

        return config;
    }

    private static ReplicaConfig ReadSettings(ref JsonFields fields, ReplicaConfig config)
    {
        while (fields.Next(out string key))
        {
            config = key switch
            {
                "replica" => config with { Replica = (uint)fields.Number(0, uint.MaxValue) },
                "directory" => config with { Directory = fields.Text() },
                "cluster" => config with { Cluster = ReadCluster(ref fields) },
                "listen" => config with { Listen = fields.Endpoint() },
                "client" => config with { Client = fields.Endpoint() },
                "peers" => config with { Peers = ReadPeers(ref fields) },
                _ => ReadLimits(ref fields, config, key),
            };
        }

        return config;
    }

    private static ReplicaConfig ReadLimits(ref JsonFields fields, ReplicaConfig config, string key)
    {
        switch (key)
        {
            case "heartbeatMs":
                return config with { HeartbeatMs = fields.Whole() };
            case "electionMinMs":
                return config with { ElectionMinMs = fields.Whole() };
            case "electionMaxMs":
                return config with { ElectionMaxMs = fields.Whole() };
            case "proposalTimeoutMs":
                return config with { ProposalTimeoutMs = fields.Whole() };
            case "segmentBytes":
                return config with { SegmentBytes = fields.Number(0, long.MaxValue) };
            case "shards":
                return config with { Shards = fields.Whole() };
            case "diskRing":
                return config with { DiskRing = ReadRing(ref fields) };
            case "join":
                return config with { Join = fields.Flag() };
            case "connectionsMax":
                return config with { ConnectionsMax = fields.Whole() };
            default:
                fields.Complain($"is no setting; remove it, or use one of: {Keys}");
                fields.Skip();
                return config;
        }
    }

    private static DiskRing ReadRing(ref JsonFields fields)
    {
        switch (fields.Text())
        {
            case "auto":
                return DiskRing.Auto;
            case "portable":
                return DiskRing.Portable;
            case "io_uring":
                return DiskRing.IoUring;
            default:
                fields.Complain("is no ring; use \"auto\", \"portable\" or \"io_uring\"");
                return DiskRing.Auto;
        }
    }

    private static ClusterId? ReadCluster(ref JsonFields fields)
    {
        if (ClusterId.TryParse(fields.Text(), out ClusterId cluster))
        {
            return cluster;
        }

        fields.Complain("must be the 32 hexadecimal digits that 'coreengine format' printed; or leave it out");
        return null;
    }

    private static List<Peer> ReadPeers(ref JsonFields fields)
    {
        var peers = new List<Peer>();
        if (!fields.BeginArray())
        {
            fields.Complain("must be a list: [ { \"replica\": 2, \"address\": \"127.0.0.1:7102\" }, ... ]");
            fields.Skip();
            return peers;
        }

        while (fields.NextObject())
        {
            uint replica = 0;
            IPEndPoint? address = null;
            while (fields.Next(out string key))
            {
                switch (key)
                {
                    case "replica":
                        replica = (uint)fields.Number(0, uint.MaxValue);
                        break;
                    case "address":
                        address = fields.Endpoint();
                        break;
                    default:
                        fields.Complain("is no setting of a peer; a peer has replica and address");
                        fields.Skip();
                        break;
                }
            }

            fields.EndPeer();
            if (address is not null)
            {
                peers.Add(new Peer(replica, address));
            }
        }

        return peers;
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw new BadInputException(
                    $"{path} does not exist; copy the sample replica.json and name it with --config");
            }

            return file.Length <= FileBytesMax
                ? File.ReadAllBytes(path)
                : throw new BadInputException($"{path} has {file.Length} bytes: that is no configuration");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be read: {error.Message}", error);
        }
    }
}
