using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;

namespace CoreEngine.Nemesis.Machine;

/// <summary>A network of its own: each replica in a namespace, joined by cables to a bridge in one more.</summary>
/// <remarks>
/// The addresses are loopback addresses, because replicas speak plaintext on loopback only; <c>route_localnet</c> lets
/// the kernel carry them over the cables, inside these namespaces alone. Clients live at the bridge: what is cut
/// between replicas does not cut the clients off. Nothing of this touches the machine's own network.
/// </remarks>
internal sealed class NetworkLab : IDisposable
{
    private const string Places = "/run/netns";
    private const string Subnet = "127.77.0.";
    private const int HubAddress = 100;

    private readonly string _name;
    private readonly int _replicas;

    internal NetworkLab(Scratch scratch, int replicas)
    {
        _name = scratch.Name;
        _replicas = replicas;
        try
        {
            Build();
        }
        catch (NemesisException)
        {
            Dispose();
            throw;
        }
    }

    private string Hub => $"{_name}-hub";

    /// <summary>Namespaces of ours and of others.</summary>
    internal static IEnumerable<string> Existing() => Directory.Exists(Places) ? Directory.EnumerateFiles(Places) : [];

    internal static IPAddress AddressOf(uint replica) => IPAddress.Parse(Address(replica));

    /// <summary>What a replica's program is started through. It enters the network alone, no mount namespace.</summary>
    internal IReadOnlyList<string> Through(uint replica) => ["nsenter", $"--net={Places}/{NameOf(replica)}", "--"];

    /// <summary>A TCP socket in the clients' place. A thread of its own enters the namespace, and ends.</summary>
    internal Socket OpenSocket()
    {
        Socket? socket = null;
        string? error = null;
        var thread = new Thread(() =>
        {
            int file = NativeMethods.Open($"{Places}/{Hub}", NativeMethods.OpenReadOnly, 0);
            if (file < 0 || NativeMethods.SetNamespace(file, NativeMethods.NetworkNamespace) != 0)
            {
                error = Marshal.GetLastPInvokeErrorMessage();
            }
            else
            {
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            }

            _ = NativeMethods.Close(file);
        });
        thread.Start();
        thread.Join();
        return socket ?? throw new NemesisException($"namespace {Hub} cannot be entered: {error}");
    }

    /// <summary>Nothing that one replica sends reaches the other; the other way stays open.</summary>
    internal void DropOneWay(uint from, uint to) =>
        Inside(NameOf(to), $"nft add rule ip nemesis input ip saddr {Address(from)} drop");

    /// <summary>Cuts a pair of replicas, both ways.</summary>
    internal void Cut(uint one, uint other)
    {
        DropOneWay(one, other);
        DropOneWay(other, one);
    }

    /// <summary>Cuts a replica off from every other; clients still reach it.</summary>
    internal void Isolate(uint replica)
    {
        for (uint other = 1; other <= _replicas; other++)
        {
            if (other != replica)
            {
                Cut(replica, other);
            }
        }
    }

    /// <summary>Pulls a replica's cable, for peers and clients alike, or puts it back.</summary>
    internal void SetCable(uint replica, bool isPlugged) =>
        Shell.Run("ip", "-n", Hub, "link", "set", Cable(replica), isPlugged ? "up" : "down");

    /// <summary>No more drops; cables that were pulled stay pulled.</summary>
    internal void Heal()
    {
        for (uint replica = 1; replica <= _replicas; replica++)
        {
            Inside(NameOf(replica), "nft flush chain ip nemesis input");
        }
    }

    /// <summary>Removes the namespaces; their devices and rules go with them.</summary>
    public void Dispose()
    {
        foreach (string space in Existing())
        {
            if (Path.GetFileName(space).StartsWith($"{_name}-", StringComparison.Ordinal))
            {
                Shell.Run("ip", "netns", "del", Path.GetFileName(space));
            }
        }
    }

    private void Build()
    {
        Shell.Run("ip", "netns", "add", Hub);
        Inside(Hub, "ip link add br0 type bridge");
        Configure(Hub, "br0", HubAddress);
        for (uint replica = 1; replica <= _replicas; replica++)
        {
            Shell.Run("ip", "netns", "add", NameOf(replica));
            Inside(
                Hub,
                $"ip link add {Cable(replica)} type veth peer name eth0 netns {NameOf(replica)} "
                + $"&& ip link set {Cable(replica)} master br0 && ip link set {Cable(replica)} up");
            Configure(NameOf(replica), "eth0", (int)replica);
            Inside(
                NameOf(replica),
                "nft add table ip nemesis && "
                + "nft 'add chain ip nemesis input { type filter hook input priority 0; policy accept; }'");
        }
    }

    /// <summary>
    /// The loopback device keeps one address instead of all: the others are to be found over the cable.
    /// </summary>
    private static void Configure(string space, string device, int address) => Inside(
        space,
        "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet && ip link set lo up && "
        + "ip addr del 127.0.0.1/8 dev lo && ip addr add 127.0.0.1/32 dev lo && "
        + $"ip link set {device} up && ip addr add {Address((uint)address)}/24 dev {device}");

    private static void Inside(string space, string commands) =>
        Shell.Run("nsenter", $"--net={Places}/{space}", "--", "sh", "-c", commands);

    private string NameOf(uint replica) => string.Create(CultureInfo.InvariantCulture, $"{_name}-r{replica}");

    private static string Cable(uint replica) => string.Create(CultureInfo.InvariantCulture, $"cable{replica}");

    private static string Address(uint number) => string.Create(CultureInfo.InvariantCulture, $"{Subnet}{number}");
}
