using System;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>What INFO prints: sections of <c>name:value</c> lines.</summary>
internal static class ServerReport
{
    private static readonly string[] Sections = ["server", "replication", "durability", "stats", "keyspace"];

    /// <summary>
    /// The sections that were asked for; all without arguments, or for <c>all</c>, <c>default</c> and
    /// <c>everything</c>.
    /// </summary>
    internal static async Task<string> RenderAsync(ServerState server, string[] wanted)
    {
        var text = new StringBuilder(1024);
        foreach (string section in Sections)
        {
            if (!IsWanted(section, wanted))
            {
                continue;
            }

            text.Append(text.Length > 0 ? "\r\n# " : "# ").Append(char.ToUpperInvariant(section[0]))
                .Append(section, 1, section.Length - 1).Append("\r\n");
            switch (section)
            {
                case "server":
                    AddServer(text, server);
                    break;
                case "replication":
                    AddReplication(text, server.Group);
                    break;
                case "durability":
                    AddDurability(text, server);
                    break;
                case "stats":
                    AddStats(text, server);
                    break;
                default:
                    await AddKeyspaceAsync(text, server.Group);
                    break;
            }
        }

        return text.ToString();
    }

    private static bool IsWanted(string section, string[] wanted)
    {
        bool all = wanted.Length == 0;
        foreach (string word in wanted)
        {
            string name = word.ToLowerInvariant();
            all = all || name == section || name is "all" or "default" or "everything";
        }

        return all;
    }

    private static void AddServer(StringBuilder text, ServerState server)
    {
        Engine engine = server.Engine.Host;
        Add(text, "coreengine_version", ServerState.Version);
        Add(text, "process_id", Environment.ProcessId);
        Add(text, "uptime_in_seconds", (long)server.Uptime.TotalSeconds);
        Add(text, "cluster", engine.Cluster);
        Add(text, "replica", engine.Replica);
        Add(text, "incarnation", string.Create(CultureInfo.InvariantCulture, $"{engine.Incarnation:x16}"));
        Add(text, "listen", server.Engine.Options.Listen);
        Add(text, "client", server.Endpoint);
        Add(text, "tcp_port", server.Endpoint.Port);
        Add(text, "fault", (server.Group.Fault ?? engine.Fault)?.Reason ?? "none");
    }

    private static void AddReplication(StringBuilder text, Group group)
    {
        GroupStatus status = group.Status;
        FrontierValues at = status.Frontiers;
        Add(text, "group", group.Name);
        Add(text, "role", status.Role.ToLowerInvariant());
        Add(text, "term", status.Term);
        Add(text, "leader", status.Leader);
        Add(text, "mode", status.Mode.ToString().ToLowerInvariant());
        Add(text, "appended", at.Appended);
        Add(text, "durable", at.Durable);
        Add(text, "applied", at.Applied);
        Add(text, "committed", at.Committed);
        Add(text, "trimmed", at.Trimmed);
        Add(text, "pending_proposals", status.PendingProposals);
    }

    private static void AddDurability(StringBuilder text, ServerState server)
    {
        Add(text, "acknowledgement", server.Group.Durability);
        Add(text, "backends", server.Engine.Host.Backends);
        Add(text, "recovery", server.Engine.Host.Recovery);
        Add(text, "scrub", server.Engine.Host.Scrub);
    }

    private static void AddStats(StringBuilder text, ServerState server)
    {
        ServerCounters counters = server.Counters;
        Add(text, "connected_clients", server.Connections);
        Add(text, "total_connections_received", counters.Accepted);
        Add(text, "rejected_connections", counters.Rejected);
        Add(text, "total_commands_processed", counters.Commands);
        Add(text, "reads", counters.Reads);
        Add(text, "writes_committed", counters.Committed);
        Add(text, "writes_refused", counters.Refused);
        Add(text, "writes_unknown", counters.Unknown);
        Add(text, "protocol_errors", counters.ProtocolErrors);
    }

    /// <summary>Digest and index are read together, so that replicas can be compared at an equal index.</summary>
    private static async Task AddKeyspaceAsync(StringBuilder text, Group group)
    {
        QueryResult<StoreSummary> result = await group.QueryAsync(
            static (KeyValueMachine machine, bool _) => new StoreSummary(
                machine.Store.Count, machine.Store.ChargedBytes, machine.Store.HeldBytes, machine.Index,
                machine.StateDigest),
            false,
            Read.Local);
        if (!result.Point.IsGranted)
        {
            Add(text, "unreadable", result.Point.Refusal);
            return;
        }

        StoreSummary store = result.Value;
        Add(text, "db0", string.Create(CultureInfo.InvariantCulture, $"keys={store.Keys},expires=0,avg_ttl=0"));
        Add(text, "charged_bytes", store.ChargedBytes);
        Add(text, "held_bytes", store.HeldBytes);
        Add(text, "state_index", store.Index);
        Add(text, "state_digest", string.Create(CultureInfo.InvariantCulture, $"{store.Digest:x16}"));
    }

    private static void Add<T>(StringBuilder text, string name, T value)
    {
        // A line end inside a value would end the line early.
        string shown = string.Create(CultureInfo.InvariantCulture, $"{value}").ReplaceLineEndings(" ");
        text.Append(name).Append(':').Append(shown).Append("\r\n");
    }

    private readonly record struct StoreSummary(int Keys, long ChargedBytes, long HeldBytes, ulong Index, ulong Digest);
}
