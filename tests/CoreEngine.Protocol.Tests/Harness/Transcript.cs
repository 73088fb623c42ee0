using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Tests.Harness;

/// <summary>
/// Replays a script against a cluster. Lines that start with <c>#</c> explain, lines that start with <c>&gt;</c> say
/// what the line above
/// them showed when the script was recorded; everything else is a command.
/// </summary>
internal sealed class Transcript
{
    private readonly StringBuilder _text = new();
    private Cluster _cluster = new(3);

    /// <summary>The script with what its commands show now.</summary>
    internal static string Replay(string script)
    {
        var transcript = new Transcript();
        foreach (string line in script.Split('\n').Where(l => !l.StartsWith('>')))
        {
            transcript._text.Append(line).Append('\n');
            if (line.Length > 0 && line[0] != '#')
            {
                transcript.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
        }

        return transcript._text.ToString().TrimEnd('\n') + "\n";
    }

    private void Run(string[] words)
    {
        bool isNumbered = uint.TryParse(words.ElementAtOrDefault(1), CultureInfo.InvariantCulture, out uint number);
        uint id = isNumbered ? number : 0;
        switch (words[0])
        {
            case "cluster":
                _cluster = new Cluster((int)id);
                break;
            case "plant":
                ulong[] numbers = [.. words.Skip(2).Select(w => ulong.Parse(w, CultureInfo.InvariantCulture))];
                _cluster.Plant(id, numbers[0], numbers[1..]);
                break;
            case "show":
                Show();
                break;
            case "wire":
                ShowAll(_cluster.Wire);
                break;
            default:
                Move(words, id);
                break;
        }
    }

    private void Move(string[] words, uint id)
    {
        switch (words[0])
        {
            case "timeout":
                _cluster.TimeOut(id);
                break;
            case "settle":
                _cluster.Settle();
                break;
            case "run":
                _cluster.Run(id);
                break;
            case "deliver":
                Mail[] mails = [.. _cluster.Wire.Where(m => Matches(m, words))];
                ShowAll(mails);
                _cluster.Deliver(mails.Contains);
                break;
            case "drop":
                _cluster.Drop(m => Matches(m, words));
                break;
            case "heal":
                _cluster.Heal();
                break;
            default:
                MoveOne(words, id);
                break;
        }
    }

    private void MoveOne(string[] words, uint id)
    {
        switch (words[0])
        {
            case "propose":
                ProposeResult result = _cluster[id].Propose(words[2..]);
                string place = $"from {result.FirstIndex} in term {result.Term}";
                Say($"accepted {result.Accepted} {place}, {result.Refusal.Code}");
                break;
            case "persist":
                string? writes = words.ElementAtOrDefault(2);
                _cluster[id].Persist(writes is null ? int.MaxValue : int.Parse(writes, CultureInfo.InvariantCulture));
                break;
            case "read":
                _cluster.Read(id, ulong.Parse(words[2], CultureInfo.InvariantCulture));
                break;
            case "reads":
                ShowReads(id);
                break;
            case "heartbeat":
                _cluster[id].NowNs += _cluster[id].Options.HeartbeatNs;
                _cluster[id].Tick();
                break;
            case "expire":
                _cluster[id].NowNs = long.Max(_cluster[id].NowNs, _cluster[id].Core.Deadline);
                _cluster[id].Tick();
                break;
            case "crash":
                _cluster[id].Crash();
                break;
            case "restart":
                _cluster.Restart(id);
                break;
            case "isolate":
                _cluster.Isolate(id);
                break;
            default:
                throw new InvalidOperationException($"unknown command: {words[0]}");
        }
    }

    private static bool Matches(Mail mail, string[] words) => words.Length == 1
        || words.Skip(1).Any(w => w == $"{mail.From}>{mail.To}" || w == $"{mail.From}>*" || w == $"*>{mail.To}");

    private void Show()
    {
        foreach (Node node in _cluster.Nodes)
        {
            string terms = string.Join(
                ' ', Enumerable.Range(1, (int)node.LastIndex).Select(i => node.Core.Log.TermAt((ulong)i)));
            string role = node.IsUp ? node.Role.ToString() : "down";
            string frontiers = $"E {node.LastIndex} D {node.Durable} C {node.Commit}";
            Say($"{node.Id} {role} term {node.State.Term} vote {node.State.Vote} {frontiers} [{terms}]");
        }
    }

    private void ShowReads(uint id)
    {
        foreach (ReadOutcome read in _cluster[id].Reads)
        {
            string proof = read.Proof.Proof == ReadProof.None
                ? $"{read.Refusal.Code}"
                : $"index {read.Index}, round {read.Proof.Round}";
            Say($"{read.ReadId}: {proof}");
        }

        Say($"{_cluster[id].Reads.Count} answered");
    }

    private void ShowAll(IReadOnlyCollection<Mail> mails)
    {
        foreach (Mail mail in mails)
        {
            Say($"{mail.From}>{mail.To} {mail.Type} term {mail.Header.Term}{Describe(mail)}");
        }
    }

    private static string Describe(Mail mail)
    {
        switch (mail.Type)
        {
            case MessageType.AppendEntries:
                AppendEntriesBody append = mail.Append;
                return $" prev {append.PrevIndex}/{append.PrevTerm} entries {append.EntryCount}"
                    + $" commit {append.Proof.Index} round {mail.Header.Sequence}";
            case MessageType.AppendReply:
                AppendReplyBody reply = mail.AppendReply;
                return reply.Verdict == AppendVerdict.Fits
                    ? $" durable {reply.Durable} received {reply.Received} round {mail.Header.Sequence}"
                    : $" {reply.Verdict} prev {reply.RejectedPrev} hint {reply.HintIndex}/{reply.HintTerm}";
            case MessageType.VoteReply or MessageType.PreVoteReply:
                return mail.Vote.Granted ? " granted" : " refused";
            case MessageType.VoteRequest or MessageType.PreVoteRequest:
                Invariant.Holds(VoteRequestBody.TryRead(mail.Body, out VoteRequestBody request));
                return $" last {request.LastIndex}/{request.LastTerm}";
            default:
                return string.Empty;
        }
    }

    private void Say(string line) => _text.Append("> ").Append(line).Append('\n');
}
