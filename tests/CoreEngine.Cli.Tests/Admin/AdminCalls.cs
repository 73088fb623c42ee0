using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json;
using System.Threading.Tasks;
using CoreEngine.Cli.Config;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Workload;
using Xunit;

namespace CoreEngine.Cli.Tests.Admin;

/// <summary>The tool as an operator uses it against running replicas, and replicas that join them.</summary>
internal static class AdminCalls
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs a command of the tool to its end.</summary>
    /// <returns>Its exit code, and what it wrote to standard output.</returns>
    internal static async Task<(int Code, string Text)> ToolAsync(params string[] arguments)
    {
        var lines = new List<string>();
        string log = Path.GetTempFileName();
        using ToolProcess process = ToolProcess.Start(arguments, log, lines.Add);
        int code = await process.WaitAsync();
        File.Delete(log);
        return (code, string.Join('\n', lines));
    }

    /// <summary>One 'coreengine admin' with --json at a replica, which must succeed.</summary>
    internal static async Task<JsonElement> AdminAsync(ReplicaProcess at, params string[] words)
    {
        (int code, string text) = await ToolAsync(["admin", .. words, "--json", "--connect", at.Client.ToString()]);
        Assert.True(code == ExitCode.Ok, $"admin {string.Join(' ', words)} at replica {at.Replica}: {code} {text}");
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Waits until a replica knows exactly these voters and nobody else, out of any joint
    /// configuration.</summary>
    internal static async Task VotersAsync(ReplicaProcess at, params uint[] wanted)
    {
        string expected = string.Join(' ', wanted.Select(static replica => $"{replica}:voter"));
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        using RespConnection connection = await RespConnection.ConnectAsync(at.Client, Patience, default);
        while (true)
        {
            using JsonDocument shown = JsonDocument.Parse((await connection.CallAsync("CE.ADMIN", "MEMBERS")).String!);
            string members = string.Join(' ', shown.RootElement.GetProperty("members").EnumerateArray().Select(
                static member => $"{member.GetProperty("replica")}:{member.GetProperty("kind")}"));
            if (members == expected && !shown.RootElement.GetProperty("joint").GetBoolean())
            {
                return;
            }

            Assert.True(
                Environment.TickCount64 < end, $"replica {at.Replica} knows [{members}], expected [{expected}]");
            await Task.Delay(LookEvery);
        }
    }

    /// <summary>Formats a replica that joins the cluster of another one, whose file of settings names all
    /// founders.</summary>
    /// <param name="directory">Where its data and its settings go.</param>
    /// <param name="replica">Its number.</param>
    /// <param name="founder">The other replica's settings.</param>
    /// <param name="listen">Where it is to be reached by replicas.</param>
    /// <param name="hasField">Says that it joins in its settings; otherwise who starts it must.</param>
    internal static ReplicaProcess FormatJoiner(
        DemoDirectory directory, uint replica, string founder, out IPEndPoint listen, bool hasField = true)
    {
        ReplicaConfig member = ReplicaConfigReader.Load(founder);
        int[] ports = FreePorts.Find(2);
        listen = new IPEndPoint(IPAddress.Loopback, ports[0]);
        var joiner = new ReplicaProcess(directory, replica, new IPEndPoint(IPAddress.Loopback, ports[1]));
        Engine.Format(joiner.DataDirectory, member.Cluster!.Value, replica, member.SegmentBytes);
        IEnumerable<Peer> peers = member.Peers.Append(new Peer(member.Replica, member.Listen));
        string text = string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "replica": {{replica}}, "directory": "{{Path.GetFileName(joiner.DataDirectory)}}",
              "cluster": "{{member.Cluster}}", "listen": "{{listen}}", "client": "{{joiner.Client}}",
              "segmentBytes": {{member.SegmentBytes}}, "join": {{(hasField ? "true" : "false")}},
              "electionMinMs": {{member.ElectionMinMs}}, "electionMaxMs": {{member.ElectionMaxMs}},
              "proposalTimeoutMs": {{member.ProposalTimeoutMs}},
              "peers": [{{string.Join(", ", peers.Select(static peer =>
                  $$"""{ "replica": {{peer.Replica}}, "address": "{{peer.Address}}" }"""))}}]
            }
            """);
        File.WriteAllText(joiner.ConfigFile, text);
        return joiner;
    }
}
