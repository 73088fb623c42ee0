using System;
using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading;
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

    private static readonly TimeSpan ChangePatience = TimeSpan.FromSeconds(20);

    /// <summary>Answers <c>STATUS</c>, <c>MEMBERS</c>, <c>TRANSFER [replica] [milliseconds]</c> with 0 for nobody,
    /// <c>ADD replica address</c>, <c>REMOVE replica</c>, <c>SNAPSHOT</c>,
    /// <c>FORCE-RECOVER accept-data-loss</c>.</summary>
    internal static async ValueTask<AdminReply> AnswerAsync(ServerState server, string[] words)
    {
        switch (words[0].ToUpperInvariant())
        {
            case "STATUS" when words.Length == 1:
                return Json(writer => WriteStatus(writer, server));
            case "MEMBERS" when words.Length == 1:
                return Json(writer => WriteMembers(writer, server.Group.Members));
            case "SNAPSHOT" when words.Length == 1:
                return await SnapshotAsync(server.Group);
            case "TRANSFER" when words.Length <= 3:
                return await TransferAsync(server.Group, words);
            case "ADD" when words.Length == 3:
                return await AddAsync(server.Group, words[1], words[2]);
            case "REMOVE" when words.Length == 2:
                return await RemoveAsync(server, words[1]);
            case "FORCE-RECOVER" when words.Length == 2 && words[1] == "accept-data-loss":
                return await ChangeAsync(stop => server.Group.ForceRecoverAsync(acceptDataLoss: true, stop));
            default:
                return AdminReply.Error(
                    "ERR unknown subcommand of 'ce.admin', or its arguments: STATUS, MEMBERS, TRANSFER [replica] [ms], "
                    + "ADD replica address, REMOVE replica, SNAPSHOT, FORCE-RECOVER accept-data-loss");
        }
    }

    /// <summary>A learner first, which becomes a voter by itself when it has caught up.</summary>
    private static async ValueTask<AdminReply> AddAsync(Group group, string replica, string address)
    {
        if (!TryReplica(replica, out uint added))
        {
            return NoReplica();
        }

        return IPEndPoint.TryParse(address, out IPEndPoint? endpoint) && endpoint.Port != 0
            ? await ChangeAsync(stop => group.AddLearnerAsync(added, endpoint, promote: true, stop))
            : AdminReply.Error("ERR the address must be that where the replica listens for others, as 127.0.0.1:7101");
    }

    private static async ValueTask<AdminReply> RemoveAsync(ServerState server, string replica) =>
        TryReplica(replica, out uint removed)
            ? await ChangeAsync(stop => server.Group.RemoveAsync(removed, stop))
            : NoReplica();

    private static async ValueTask<AdminReply> ChangeAsync(Func<CancellationToken, Task<MembershipOutcome>> change)
    {
        using var patience = new CancellationTokenSource(ChangePatience);
        try
        {
            MembershipOutcome outcome = await change(patience.Token);
            return outcome.Outcome switch
            {
                Outcome.Committed => Json(writer => writer.WriteNumber("epoch", outcome.Epoch)),
                Outcome.Refused => Refused(outcome.Refusal),
                _ => AdminReply.Error("UNKNOWN not decided in time; look at the members before repeating it"),
            };
        }
        catch (OperationCanceledException)
        {
            return AdminReply.Error("UNKNOWN not decided in time; look at the members before repeating it");
        }
    }

    /// <summary>One of the replica asked, whatever its policy says, so that its log may be trimmed.</summary>
    private static async ValueTask<AdminReply> SnapshotAsync(Group group)
    {
        using var patience = new CancellationTokenSource(ChangePatience);
        try
        {
            SnapshotResult taken = await group.SnapshotAsync(patience.Token);
            return taken.IsTaken
                ? Json(writer =>
                {
                    writer.WriteNumber("index", taken.Index);
                    writer.WriteNumber("bytes", taken.Bytes);
                    writer.WriteString("digest", taken.StateDigest.ToString("x16", CultureInfo.InvariantCulture));
                    writer.WriteNumber("trimmed", group.Frontiers.Trimmed);
                })
                : Refused(taken.Refusal);
        }
        catch (OperationCanceledException)
        {
            return AdminReply.Error("UNKNOWN not written in time; it goes on");
        }
    }

    private static bool TryReplica(string word, out uint replica) =>
        uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out replica) && replica > 0;

    private static AdminReply NoReplica() => AdminReply.Error("ERR the replica must be a number from 1 on");

    private static void WriteMembers(Utf8JsonWriter writer, Membership membership)
    {
        writer.WriteNumber("epoch", membership.Epoch);
        writer.WriteBoolean("joint", membership.IsJoint);
        writer.WriteBoolean("removed", membership.IsRemoved);
        writer.WriteStartArray("members");
        foreach (Member member in membership.Members)
        {
            writer.WriteStartObject();
            writer.WriteNumber("replica", member.Replica);
            writer.WriteString("kind", member.Kind.ToString().ToLowerInvariant());
            writer.WriteString("address", member.Address?.ToString() ?? string.Empty);
            writer.WriteNumber("weight", member.Weight);
            writer.WriteNumber("priority", member.Priority);
            writer.WriteBoolean("outgoing", member.IsOutgoing);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
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
