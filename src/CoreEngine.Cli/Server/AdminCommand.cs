using System;
using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>What an operator is answered.</summary>
/// <param name="IsError">The text is an error, its first word the kind.</param>
/// <param name="Text">UTF-8; JSON unless an error.</param>
internal readonly record struct AdminReply(bool IsError, byte[] Text)
{
    internal static AdminReply Error(string text) => new(true, Encoding.UTF8.GetBytes(text.ReplaceLineEndings(" ")));
}

/// <summary>CE.ADMIN: what <c>coreengine admin</c> asks a running replica.</summary>
internal static class AdminCommand
{
    /// <summary>First word of an error that is a typed refusal of the engine: nothing has happened.</summary>
    internal const string RefusedWord = "REFUSED";

    private const int WithinMsDefault = 5000;
    private const int WithinMsMax = 600_000;

    /// <summary>Answers <c>STATUS</c> and <c>TRANSFER [replica] [milliseconds]</c>; 0 names nobody.</summary>
    internal static async ValueTask<AdminReply> AnswerAsync(ServerState server, string[] words)
    {
        switch (words[0].ToUpperInvariant())
        {
            case "STATUS" when words.Length == 1:
                return Json(writer => WriteStatus(writer, server));
            case "TRANSFER" when words.Length <= 3:
                return await TransferAsync(server.Group, words);
            default:
                return AdminReply.Error(
                    "ERR unknown subcommand of 'ce.admin', or its arguments: STATUS, TRANSFER [replica] [ms]");
        }
    }

    private static async ValueTask<AdminReply> TransferAsync(Group group, string[] words)
    {
        uint target = 0;
        int within = WithinMsDefault;
        if (words.Length > 1 && !uint.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out target))
        {
            return AdminReply.Error("ERR the replica is no number; 0 stands for the fittest");
        }

        if (words.Length > 2
            && !(int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out within)
                && within is > 0 and <= WithinMsMax))
        {
            return AdminReply.Error($"ERR the time must be 1 to {WithinMsMax} milliseconds");
        }

        TransferResult result = await group.TransferLeadershipAsync(
            target == 0 ? null : target, TimeSpan.FromMilliseconds(within));
        return result.IsDone
            ? Json(writer =>
            {
                writer.WriteNumber("leader", result.Leader);
                writer.WriteNumber("term", result.Term);
            })
            : Refused(result.Refusal);
    }

    private static AdminReply Refused(Refusal refusal) => AdminReply.Error($"{RefusedWord} {refusal}");

    private static void WriteStatus(Utf8JsonWriter writer, ServerState server)
    {
        Engine engine = server.Engine.Host;
        GroupStatus status = server.Group.Status;
        FrontierValues at = status.Frontiers;
        ProgressReport progress = server.Group.ExplainProgress();
        writer.WriteNumber("replica", engine.Replica);
        writer.WriteString("cluster", engine.Cluster.ToString());
        writer.WriteString("incarnation", engine.Incarnation.ToString("x16", CultureInfo.InvariantCulture));
        writer.WriteString("version", ServerState.Version);
        writer.WriteString("group", server.Group.Name);
        writer.WriteString("role", status.Role.ToLowerInvariant());
        writer.WriteNumber("term", status.Term);
        writer.WriteNumber("leader", status.Leader);
        writer.WriteString("mode", status.Mode.ToString().ToLowerInvariant());
        writer.WriteString("durability", server.Group.Durability);
        writer.WriteNumber("appended", at.Appended);
        writer.WriteNumber("durable", at.Durable);
        writer.WriteNumber("committed", at.Committed);
        writer.WriteNumber("applied", at.Applied);
        writer.WriteNumber("trimmed", at.Trimmed);
        writer.WriteNumber("pending", status.PendingProposals);
        writer.WriteString("fault", (server.Group.Fault ?? engine.Fault)?.Reason ?? "none");
        writer.WriteString("failing", progress.Failing.ToString().ToLowerInvariant());
        writer.WriteNumber("failing_ms", (long)progress.For.TotalMilliseconds);
        writer.WriteString("explanation", progress.Statement);
    }

    private static AdminReply Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return new AdminReply(false, buffer.WrittenSpan.ToArray());
    }
}
