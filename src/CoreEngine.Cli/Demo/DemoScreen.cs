using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CoreEngine.Cli.Demo;

/// <summary>Shows what goes on: a live table on a terminal, plain lines elsewhere (a pipe, a log of CI).</summary>
internal sealed class DemoScreen
{
    private const int NotesMax = 10;
    private static readonly TimeSpan LiveEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(2);

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Queue<string> _notes = new();
    private readonly Lock _lock = new();
    private readonly bool _isLive = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;
    private string _rates = "clients: not started";

    /// <summary>Says that something happened.</summary>
    internal void Note(string text)
    {
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_start).TotalSeconds,6:0.0} s  {text}");
        lock (_lock)
        {
            _notes.Enqueue(line);
            if (_notes.Count > NotesMax)
            {
                _notes.Dequeue();
            }

            if (!_isLive)
            {
                Console.WriteLine(line);
            }
        }
    }

    /// <summary>Shows progress until stopped; what was noted stays on the screen.</summary>
    /// <param name="endpoints">Replicas, asked for their state.</param>
    /// <param name="clients">Gives what the clients have counted; null before they started.</param>
    /// <param name="stop">Ends the display.</param>
    internal async Task RunAsync(
        IReadOnlyList<IPEndPoint> endpoints, Func<ClientTotals?> clients, CancellationToken stop)
    {
        using var views = new ViewSource(endpoints);
        await (_isLive ? ShowLiveAsync(views, clients, stop) : ShowPlainAsync(views, clients, stop));
    }

    private async Task ShowLiveAsync(ViewSource views, Func<ClientTotals?> clients, CancellationToken stop)
    {
        await AnsiConsole.Live(new Text(string.Empty)).AutoClear(false).StartAsync(async context =>
        {
            ClientTotals? before = null;
            while (!stop.IsCancellationRequested)
            {
                UpdateRates(ref before, clients(), LiveEvery);
                context.UpdateTarget(Render(await views.LookAsync()));
                await Task.Delay(LiveEvery, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            context.UpdateTarget(Render(await views.LookAsync()));
        });
    }

    private async Task ShowPlainAsync(ViewSource views, Func<ClientTotals?> clients, CancellationToken stop)
    {
        ClientTotals? before = null;
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(PlainEvery, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            UpdateRates(ref before, clients(), PlainEvery);
            if (!stop.IsCancellationRequested)
            {
                Note(_rates);
                Note($"  {Summary(await views.LookAsync())}");
            }
        }
    }

    private void UpdateRates(ref ClientTotals? before, ClientTotals? now, TimeSpan period)
    {
        if (now is null)
        {
            return;
        }

        ClientTotals delta = before is null ? now : now.Since(before);
        before = now;
        _rates = string.Create(
            CultureInfo.InvariantCulture,
            $"{delta.Answered / period.TotalSeconds,9:N0} ops/s, single p50 {delta.Single.Quantile(0.5) / 1e6:0.00} ms "
            + $"p99 {delta.Single.Quantile(0.99) / 1e6:0.00} ms; checked so far: {now.Counts.Ok:N0} ok, "
                + $"{now.Counts.Fail:N0} failed, "
            + $"{now.Counts.Unknown:N0} unknown");
    }

    private Rows Render(ReplicaView?[] views)
    {
        var table = new Table().RoundedBorder().AddColumns("replica", "role", "term", "mode", "E", "D", "A", "C");
        for (int i = 0; i < views.Length; i++)
        {
            ReplicaView? view = views[i];
            string name = (i + 1).ToString(CultureInfo.InvariantCulture);
            if (view is null)
            {
                table.AddRow(name, "[red]no answer[/]", string.Empty, string.Empty, string.Empty, string.Empty,
                    string.Empty, string.Empty);
                continue;
            }

            string role = view.IsLeader ? "[green]leader[/]" : view.Role;
            table.AddRow(
                name, role, Text(view.Term), view.Mode, Text(view.Appended), Text(view.Durable), Text(view.Applied),
                Text(view.Committed));
        }

        var rows = new List<IRenderable> { table, new Text(_rates) };
        lock (_lock)
        {
            foreach (string note in _notes)
            {
                rows.Add(new Text(note, new Style(Color.Grey)));
            }
        }

        return new Rows(rows);
    }

    private static string Summary(ReplicaView?[] views) =>
        string.Join(", ", views.Select(static (view, place) => view is null
        ? string.Create(CultureInfo.InvariantCulture, $"replica {place + 1} down")
        : string.Create(CultureInfo.InvariantCulture, $"replica {view.Replica} {view.Role} C {view.Committed}")));

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
