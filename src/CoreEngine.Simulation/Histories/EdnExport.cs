using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace CoreEngine.Simulation.Histories;

/// <summary>Writes a history as Jepsen writes its own: EDN, one map per line.</summary>
/// <remarks>
/// A value that is a whole number in its plain decimal form becomes a number, every other a string, absent becomes nil:
/// different values stay different. Lines end in a line feed on every system.
/// </remarks>
public static class EdnExport
{
    /// <summary>Writes register operations. A cas has the value <c>[old new]</c>.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<HistoryEvent> events)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(events);
        foreach (HistoryEvent e in events)
        {
            WriteHead(writer, e.Index, e.Time, e.Process, e.Type);
            writer.Write(FunctionName(e.Function));
            writer.Write(", :key ");
            WriteString(writer, e.Key);
            writer.Write(", :value ");
            if (e.Function == HistoryFunction.Cas)
            {
                writer.Write('[');
                WriteValue(writer, e.Expected);
                writer.Write(' ');
                WriteValue(writer, e.Value);
                writer.Write(']');
            }
            else
            {
                WriteValue(writer, e.Value);
            }

            writer.Write("}\n");
        }
    }

    /// <summary>Writes list-append transactions, as Elle reads them: <c>[[:append 5 8] [:r 3 nil]]</c>.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<TransactionEvent> events)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(events);
        foreach (TransactionEvent e in events)
        {
            WriteHead(writer, e.Index, e.Time, e.Process, e.Type);
            writer.Write(":txn, :value [");
            for (int i = 0; i < e.Steps.Count; i++)
            {
                writer.Write(i == 0 ? string.Empty : " ");
                WriteStep(writer, e.Steps[i]);
            }

            writer.Write("]}\n");
        }
    }

    private static void WriteHead(TextWriter writer, long index, long time, int process, HistoryEventType type)
    {
        string name = type switch
        {
            HistoryEventType.Invoke => "invoke",
            HistoryEventType.Ok => "ok",
            HistoryEventType.Fail => "fail",
            HistoryEventType.Info => "info",
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
        writer.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{{:index {index}, :time {time}, :process {process}, :type :{name}, :f "));
    }

    private static void WriteStep(TextWriter writer, in TransactionStep step)
    {
        writer.Write(step.Function == TransactionFunction.Append ? "[:append " : "[:r ");
        WriteValue(writer, step.Key);
        writer.Write(' ');
        if (step.Function == TransactionFunction.Append)
        {
            writer.Write(step.Element.ToString(CultureInfo.InvariantCulture));
        }
        else if (step.List is null)
        {
            writer.Write("nil");
        }
        else
        {
            writer.Write('[');
            writer.Write(string.Join(' ', step.List));
            writer.Write(']');
        }

        writer.Write(']');
    }

    private static string FunctionName(HistoryFunction function) => function switch
    {
        HistoryFunction.Read => ":read",
        HistoryFunction.Write => ":write",
        HistoryFunction.Cas => ":cas",
        HistoryFunction.Append => ":append",
        HistoryFunction.Delete => ":delete",
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    private static void WriteValue(TextWriter writer, string? value)
    {
        if (value is null)
        {
            writer.Write("nil");
        }
        else if (IsPlainNumber(value))
        {
            writer.Write(value);
        }
        else
        {
            WriteString(writer, value);
        }
    }

    /// <summary>Only what reads back as the same text: "07" and "+7" are strings, or they would become 7.</summary>
    private static bool IsPlainNumber(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
        && string.Equals(number.ToString(CultureInfo.InvariantCulture), value, StringComparison.Ordinal);

    private static void WriteString(TextWriter writer, string value)
    {
        writer.Write('"');
        foreach (char c in value)
        {
            if (c is '"' or '\\')
            {
                writer.Write('\\');
                writer.Write(c);
            }
            else if (char.IsControl(c))
            {
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"));
            }
            else
            {
                writer.Write(c);
            }
        }

        writer.Write('"');
    }
}
