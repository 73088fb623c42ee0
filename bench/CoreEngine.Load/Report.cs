using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace CoreEngine.Load;

/// <summary>Shows the rows: a table for people, JSON for programs, one line per bar.</summary>
internal static class Report
{
    /// <summary>Width where nobody's terminal decides: the table must not wrap in a file.</summary>
    private const int PlainWidth = 240;

    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true };

    /// <summary>A console that writes plain text when the output is no terminal.</summary>
    internal static IAnsiConsole Console()
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (System.Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }

    /// <summary>One repetition in one line, for the progress.</summary>
    internal static string Line(Measurement measurement) => string.Create(
        CultureInfo.InvariantCulture,
        $"{measurement.Key,-26} {measurement.Rate,12:N0}/s  p50 {measurement.P50Us,9:N1} us  "
        + $"p99 {measurement.P99Us,9:N1} us  {Bytes(measurement.BytesPerOp)} B/op  {measurement.Violation}");

    internal static void WriteTable(IAnsiConsole console, IEnumerable<Row> rows)
    {
        bool isPlain = System.Console.IsOutputRedirected;
        var table = new Table { Border = isPlain ? TableBorder.Markdown : TableBorder.Rounded };
        foreach (string name in new[] { "layer", "durability" })
        {
            table.AddColumn(new TableColumn(name).NoWrap());
        }

        foreach (string name in new[]
        {
            "payload",
            "outstanding",
            "rate/s",
            "min-max",
            "p50 us",
            "p99 us",
            "B/op (follower)",
            "gen0",
            "CPU us/op",
            "writes/s",
        })
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        }

        table.AddColumn(new TableColumn("remarks"));
        foreach (Row row in rows)
        {
            table.AddRow(CellsOf(row).Select(Markup.Escape).ToArray());
        }

        console.Write(table);
    }

    internal static void WriteJson(string path, IEnumerable<Row> rows)
    {
        JsonRow[] array = [.. rows.Select(static row => new JsonRow(
            row.Key.Layer,
            row.Key.Payload,
            row.Key.Outstanding,
            double.Round(row.Rate, 1),
            double.Round(row.P50Us, 2),
            double.Round(row.P99Us, 2),
            row.BytesPerOp < 0 ? null : double.Round(double.Max(row.BytesPerOp, row.FollowerBytesPerOp), 4),
            double.Round(row.CpuUsPerOp, 4),
            row.Durability))];
        File.WriteAllText(path, JsonSerializer.Serialize(array, JsonOptions) + "\n");
    }

    private static string[] CellsOf(Row row) =>
    [
        row.Key.Layer,
        row.Durability,
        Number(row.Key.Payload),
        Number(row.Key.Outstanding),
        Number(row.Rate),
        $"{Number(row.RateRange.Min)}-{Number(row.RateRange.Max)}",
        Fine(row.P50Us),
        Fine(row.P99Us),
        Bytes(row.BytesPerOp) + (row.FollowerBytesPerOp < 0 ? "" : $" ({Bytes(row.FollowerBytesPerOp)})"),
        row.BytesPerOp < 0 ? "-" : Number(row.Collections),
        row.CpuUsPerOp.ToString("N2", CultureInfo.InvariantCulture),
        Number(row.WritesPerSecond),
        row.Remarks,
    ];

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Fine(double value) => value.ToString("N1", CultureInfo.InvariantCulture);

    private static string Bytes(double value) => value < 0 ? "-" : value.ToString("N3", CultureInfo.InvariantCulture);

    /// <summary>The form that other programs read; its names are fixed.</summary>
    private sealed record JsonRow(
        [property: JsonPropertyName("layer")] string Layer,
        [property: JsonPropertyName("payload")] int Payload,
        [property: JsonPropertyName("outstanding")] int Outstanding,
        [property: JsonPropertyName("rate")] double Rate,
        [property: JsonPropertyName("p50_us")] double P50Us,
        [property: JsonPropertyName("p99_us")] double P99Us,
        [property: JsonPropertyName("bytes_per_op")] double? BytesPerOp,
        [property: JsonPropertyName("cpu_us_per_op")] double CpuUsPerOp,
        [property: JsonPropertyName("durability")] string Durability);
}
