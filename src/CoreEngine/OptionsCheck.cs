using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine;

/// <summary>
/// Finds settings that make no sense, before anything is touched. Each complaint names the setting and the remedy.
/// </summary>
internal static class OptionsCheck
{
    private const long SegmentStep = 1024 * 1024;
    private const long SegmentBytesMax = 1024 * 1024 * 1024;

    internal static void Verify(EngineOptions options)
    {
        Require(options.Replica > 0, nameof(options.Replica), "must be 1 or more");
        Require(
            !string.IsNullOrWhiteSpace(options.Directory),
            nameof(options.Directory),
            "must name a formatted directory");
        Require(options.Listen is not null, nameof(options.Listen), "must name an address and port");
        Require(
            options.Heartbeat >= TimeSpan.FromMilliseconds(1), nameof(options.Heartbeat), "must be at least 1 ms");
        Require(
            options.ElectionMin >= 3 * options.Heartbeat,
            nameof(options.ElectionMin),
            $"is {options.ElectionMin.TotalMilliseconds} ms, must be at least three heartbeats "
            + $"({3 * options.Heartbeat.TotalMilliseconds} ms), "
            + "or followers campaign against a healthy leader");
        Require(
            options.ElectionMax > options.ElectionMin,
            nameof(options.ElectionMax),
            "must be greater than ElectionMin, or all replicas campaign at once for ever");
        Require(
            options.DiskStall is null || options.DiskStall >= options.ElectionMax,
            nameof(options.DiskStall),
            $"must be at least ElectionMax ({options.ElectionMax.TotalMilliseconds} ms), or a slow disk ends "
            + "leaderships faster than elections are held");
        Require(options.QuiesceAfter >= TimeSpan.Zero, nameof(options.QuiesceAfter), "must not be negative");
        Require(options.ProposalTimeout > TimeSpan.Zero, nameof(options.ProposalTimeout), "must be positive");
        Require(options.CloseTimeout >= TimeSpan.Zero, nameof(options.CloseTimeout), "must not be negative");
        Require(
            options.ScrubBytesPerSecond >= 0,
            nameof(options.ScrubBytesPerSecond),
            "must not be negative; 0 looks for no rot");
        Require(options.ScrubEvery > TimeSpan.Zero, nameof(options.ScrubEvery), "must be positive");
        VerifySegment(options.SegmentBytes);
        Require(
            options.FeatureLevel is >= FeatureLevels.Oldest and <= FeatureLevels.Newest,
            nameof(options.FeatureLevel),
            $"is {options.FeatureLevel}, this build speaks {FeatureLevels.Oldest} to {FeatureLevels.Newest}");
        VerifyShards(options.Shards);
        VerifyPeers(options);
    }

    internal static void Verify(string name, GroupOptions options)
    {
        Require(!string.IsNullOrEmpty(name), nameof(name), "must not be empty");
        Verify(options.Durability);
        int bytes = Encoding.UTF8.GetByteCount(name);
        Require(
            bytes <= Limits.GroupNameBytesMax,
            nameof(name),
            $"has {bytes} bytes, at most {Limits.GroupNameBytesMax} fit");
        Require(options.Group > 0, nameof(options.Group), "must be 1 or more");
        Require(
            options.QueueBytes >= 64 * 1024 && BitOperations.IsPow2(options.QueueBytes),
            nameof(options.QueueBytes),
            "must be a power of two of at least 64 KiB");
        Require(
            options.ProposalsMax is >= 1 and <= Limits.ProposalsMax && BitOperations.IsPow2(options.ProposalsMax),
            nameof(options.ProposalsMax),
            $"must be a power of two up to {Limits.ProposalsMax}");
        Require(
            options.CloseTarget is null || (options.CloseTarget >= TimeSpan.FromMilliseconds(1)
                && options.CloseTarget <= TimeSpan.FromDays(1)),
            nameof(options.CloseTarget),
            "must be null, or from 1 ms to a day");
        Require(options.DigestEvery >= 0, nameof(options.DigestEvery), "must not be negative; 0 compares never");
        if (options.Lease is { } lease)
        {
            Require(
                lease.Duration >= TimeSpan.FromMilliseconds(10) && lease.Duration <= TimeSpan.FromSeconds(10),
                nameof(options.Lease),
                "must last from 10 ms to 10 s");
            Require(
                lease.Clock.IsSound && lease.Clock.GranularityNs < lease.Duration.Ticks * 100 / 2,
                nameof(options.Lease),
                $"trusts clocks within {lease.Clock}: the drift must be below {ClockBound.DriftMax} ppm, the constant "
                + "below half the duration");
            Require(
                MonotonicClock.CountsSuspension,
                nameof(options.Lease),
                "needs a clock that goes on while the machine is suspended, which this platform does not have");
        }
    }

    internal static void Verify(Durability level) => Require(
        level <= Durability.QuorumDurable, nameof(Durability), $"is {level}, which is no level");

    internal static void Verify(SessionOptions options) => Require(
        options.Timeout.TotalMilliseconds is >= Limits.SessionTimeoutMsMin and <= Limits.SessionTimeoutMsMax,
        nameof(SessionOptions.Timeout),
        $"is {options.Timeout}, must be from {Limits.SessionTimeoutMsMin} to {Limits.SessionTimeoutMsMax} ms");

    internal static void VerifySegment(long segmentBytes) => Require(
        segmentBytes is >= SegmentStep and <= SegmentBytesMax && segmentBytes % SegmentStep == 0,
        nameof(EngineOptions.SegmentBytes),
        $"is {segmentBytes}, must be a multiple of 1 MiB and at most 1 GiB");

    internal static void VerifyShards(int shards) => Require(
        shards is >= 1 and <= ShardPlacement.ShardsMax,
        nameof(EngineOptions.Shards),
        $"is {shards}, must be from 1 to {ShardPlacement.ShardsMax}");

    private static void VerifyPeers(EngineOptions options)
    {
        Require(
            options.Peers is not null, nameof(options.Peers), "must be a list; an empty one makes a cluster of one");
        var seen = new HashSet<uint> { options.Replica };
        var addresses = new HashSet<IPEndPoint> { options.Listen };
        foreach (Peer peer in options.Peers)
        {
            Require(peer.Replica > 0, nameof(options.Peers), "holds replica 0; replicas count from 1");
            Require(
                seen.Add(peer.Replica),
                nameof(options.Peers),
                $"names replica {peer.Replica} twice (this replica must not stand among its peers)");
            Require(
                peer.Address.Port == 0 || addresses.Add(peer.Address),
                nameof(options.Peers),
                $"uses the address {peer.Address} twice");
            Require(
                peer.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6,
                nameof(options.Peers),
                $"holds {peer.Address}, which is no IP address");
        }

        Require(
            options.Peers.Count < Limits.ReplicasMax,
            nameof(options.Peers),
            $"has more than {Limits.ReplicasMax - 1} replicas");
    }

    private static void Require([DoesNotReturnIf(false)] bool holds, string setting, string complaint)
    {
        if (!holds)
        {
            throw new ArgumentException($"{setting} {complaint}", setting);
        }
    }
}
