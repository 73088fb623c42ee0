using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using CoreEngine.Model;

namespace CoreEngine.Cli.Commands;

/// <summary><c>coreengine format DIR...</c>: prepares data directories.</summary>
internal static class FormatCommand
{
    private const long SegmentBytesDefault = 64L * 1024 * 1024;

    private const int ShardsTop = 64;

    internal static Command Create()
    {
        var directories = new Argument<string[]>("DIR")
        {
            Description = "Empty or missing directories. Several become replicas 1, 2, ... of one cluster.",
            Arity = ArgumentArity.OneOrMore,
        };
        var replica = new Option<uint?>("--replica")
        {
            Description = "This replica's number, from 1. For one DIR only; default 1.",
        };
        var cluster = new Option<string?>("--cluster")
        {
            Description = "The cluster's 32 hexadecimal digits. Default: a new cluster.",
        };
        var segmentBytes = new Option<long>("--segment-bytes")
        {
            Description = "Bytes of a log segment, a multiple of 1 MiB; the same as segmentBytes in the configuration.",
            DefaultValueFactory = _ => SegmentBytesDefault,
        };
        var shards = new Option<int>("--shards")
        {
            Description = "Logs, each with a thread of its own; the same as shards in every configuration.",
            DefaultValueFactory = _ => 1,
        };
        var command = new Command("format", "Prepares data directories for the replicas of a cluster.")
        {
            directories, replica, cluster, segmentBytes, shards,
        };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(directories),
            parsed.GetValue(replica),
            parsed.GetValue(cluster),
            parsed.GetRequiredValue(segmentBytes),
            parsed.GetRequiredValue(shards)));
        return command;
    }

    private static int Run(string[] directories, uint? replica, string? clusterText, long segmentBytes, int shards)
    {
        ClusterId cluster = ReadCluster(clusterText);
        Verify(directories, replica, segmentBytes, shards);
        uint next = replica ?? 1;
        foreach (string directory in directories)
        {
            Engine.Format(directory, cluster, next, segmentBytes, shards);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"formatted {directory} as replica {next} of cluster {cluster}"));
            next++;
        }

        ShowNext(directories, cluster, segmentBytes, shards);
        return ExitCode.Ok;
    }

    private static ClusterId ReadCluster(string? text)
    {
        if (text is null)
        {
            return ClusterId.Read(RandomNumberGenerator.GetBytes(ClusterId.Bytes));
        }

        return ClusterId.TryParse(text, out ClusterId cluster)
            ? cluster
            : throw new BadInputException(
                $"--cluster: \"{text}\" is not 32 hexadecimal digits; leave it out to make a new cluster");
    }

    private static void Verify(string[] directories, uint? replica, long segmentBytes, int shards)
    {
        if (replica == 0)
        {
            throw new BadInputException("--replica: is 0; replicas count from 1");
        }

        if (replica is not null && directories.Length > 1)
        {
            throw new BadInputException("--replica: belongs to one DIR; several are numbered 1, 2, ... by themselves");
        }

        if (segmentBytes < 1024 * 1024 || segmentBytes % (1024 * 1024) != 0)
        {
            throw new BadInputException($"--segment-bytes: is {segmentBytes}, must be a multiple of 1048576 (1 MiB)");
        }

        if (shards is < 1 or > ShardsTop)
        {
            throw new BadInputException($"--shards: is {shards}, must be from 1 to {ShardsTop}");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string directory in directories)
        {
            if (!seen.Add(Path.GetFullPath(directory)))
            {
                throw new BadInputException(
                    $"DIR: {directory} stands there twice; every replica has its own directory");
            }
        }
    }

    private static void ShowNext(string[] directories, ClusterId cluster, long segmentBytes, int shards)
    {
        Console.WriteLine();
        Console.WriteLine("next: one configuration file per replica (the commented sample is replica.json), with");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  \"directory\": \"{directories[0]}\", \"cluster\": \"{cluster}\""));
        if (segmentBytes != SegmentBytesDefault)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  \"segmentBytes\": {segmentBytes}"));
        }

        if (shards != 1)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  \"shards\": {shards}"));
        }

        Console.WriteLine("then: coreengine run --config replica.json");
    }
}
