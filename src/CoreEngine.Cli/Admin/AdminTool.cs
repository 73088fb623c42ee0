using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Net;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Config;
using CoreEngine.Cli.Server;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Cli.Admin;

/// <summary><c>coreengine admin</c>: asks a running replica, over the port of its clients.</summary>
internal static class AdminTool
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Option<string> Connect = new("--connect")
    {
        Description = "A replica's address for clients, as ADDRESS:PORT.",
        Required = true,
        Recursive = true,
    };

    private static readonly Option<bool> AsJson = new("--json")
    {
        Description = "Prints one JSON object, errors too.",
        Recursive = true,
    };

    internal static Command Create()
    {
        var status = new Command("status", "Shows role, boundaries, and why there is no progress, if there is none.");
        status.SetAction((parsed, stop) => AskAsync(parsed, stop, "STATUS"));
        var target = new Option<uint>("--to")
        {
            Description = "The replica that is to lead; without it the fittest other one.",
        };
        var within = new Option<int>("--within-ms")
        {
            Description = "After this the old leader goes on.",
            DefaultValueFactory = _ => 5000,
        };
        var transfer = new Command("transfer", "Hands leadership to another replica.") { target, within };
        transfer.SetAction((parsed, stop) => AskAsync(
            parsed,
            stop,
            "TRANSFER",
            parsed.GetValue(target).ToString(CultureInfo.InvariantCulture),
            parsed.GetValue(within).ToString(CultureInfo.InvariantCulture)));
        return new Command("admin", "Operates running replicas.")
        {
            Connect, AsJson, status, transfer, Members(), Add(), Remove(), Snapshot(), ForceRecover(),
        };
    }

    private static Command Members()
    {
        var members = new Command("members", "Shows who takes part.");
        members.SetAction((parsed, stop) => AskAsync(parsed, stop, "MEMBERS"));
        return members;
    }

    private static Command Add()
    {
        var replica = new Argument<uint>("REPLICA") { Description = "Its number; it runs with --join already." };
        var address = new Argument<string>("ADDRESS") { Description = "Where it listens for replicas." };
        var add = new Command("add", "Adds a replica: a learner, that votes once it has caught up.")
        {
            replica, address,
        };
        add.SetAction((parsed, stop) => AskAsync(
            parsed, stop, "ADD", Number(parsed.GetRequiredValue(replica)), parsed.GetRequiredValue(address)));
        return add;
    }

    private static Command Remove()
    {
        var replica = new Argument<uint>("REPLICA") { Description = "Its number." };
        var remove = new Command("remove", "Removes a replica.") { replica };
        remove.SetAction((parsed, stop) => AskAsync(parsed, stop, "REMOVE", Number(parsed.GetRequiredValue(replica))));
        return remove;
    }

    private static Command Snapshot()
    {
        var snapshot = new Command("snapshot", "Has the replica asked write a snapshot, and trims its log.");
        snapshot.SetAction((parsed, stop) => AskAsync(parsed, stop, "SNAPSHOT"));
        return snapshot;
    }

    private static Command ForceRecover()
    {
        var accept = new Option<bool>("--accept-data-loss")
        {
            Description = "Says that you know: what only the lost replicas had acknowledged is lost.",
        };
        var recover = new Command(
            "force-recover", "After a quorum was lost for good: the replica asked goes on alone.") { accept };
        recover.SetAction((parsed, stop) => parsed.GetValue(accept)
            ? AskAsync(parsed, stop, "FORCE-RECOVER", "accept-data-loss")
            : throw new BadInputException(
                "forced recovery may lose acknowledged writes; choose the survivor with the longest log "
                + "('admin status' shows it) and say --accept-data-loss"));
        return recover;
    }

    private static string Number(uint value) => value.ToString(CultureInfo.InvariantCulture);

    private static async Task<int> AskAsync(ParseResult parsed, CancellationToken stop, params string[] words)
    {
        string address = parsed.GetRequiredValue(Connect);
        if (!EndpointText.TryParse(address, out IPEndPoint? endpoint))
        {
            throw new BadInputException($"--connect: \"{address}\" is no address; {EndpointText.Remedy}");
        }

        bool asJson = parsed.GetValue(AsJson);
        try
        {
            using RespConnection connection = await RespConnection.ConnectAsync(endpoint, Patience, stop);
            RespReply reply = await connection.CallAsync(["ce.admin", .. words]);
            return Show(reply, asJson);
        }
        catch (IOException error)
        {
            Fail("unreachable", $"{error.Message}; is a replica running there, started by 'coreengine run'?", asJson);
            return ExitCode.Fault;
        }
    }

    private static int Show(in RespReply reply, bool asJson)
    {
        string text = reply.String ?? string.Empty;
        if (reply.Type != RespReplyType.Error)
        {
            Console.WriteLine(asJson ? text : Lines(text));
            return ExitCode.Ok;
        }

        bool isRefused = reply.IsError("REFUSED"u8);
        Fail(isRefused ? "refused" : "error", isRefused ? text[(AdminCommand.RefusedWord.Length + 1)..] : text, asJson);
        return isRefused ? ExitCode.Fault : ExitCode.BadInput;
    }

    /// <summary>One line per field, the names in one column.</summary>
    private static string Lines(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        foreach (JsonProperty field in document.RootElement.EnumerateObject())
        {
            text.WriteLine($"{field.Name,-12} {field.Value}");
        }

        return text.ToString().TrimEnd();
    }

    private static void Fail(string kind, string message, bool asJson)
    {
        if (!asJson)
        {
            Console.Error.WriteLine($"{kind}: {message}");
            return;
        }

        using Stream output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("error", kind);
            writer.WriteString("message", message);
            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }
}
