using System;
using System.Collections.Generic;
using System.Text;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>Plain text laid out for a reader: sections, paragraphs of readable width, tables.</summary>
internal sealed class Page
{
    private const int WidthMax = 96;
    private const string Indent = "  ";

    private readonly StringBuilder _text = new();

    /// <summary>The head of the page.</summary>
    internal void Title(string name, string sentence)
    {
        _text.AppendLine(name);
        Wrap(sentence, string.Empty);
    }

    /// <summary>A section with one paragraph.</summary>
    internal void Paragraph(string head, string text)
    {
        Section(head);
        Say(text);
    }

    /// <summary>The head of a section.</summary>
    internal void Section(string head) => _text.AppendLine().AppendLine(head);

    /// <summary>A paragraph of the section, wrapped between words.</summary>
    internal void Say(string text) => Wrap(text, Indent);

    /// <summary>One line of the section, as it is.</summary>
    internal void Line(string text) => _text.Append(Indent).AppendLine(text);

    /// <summary>Air between two parts of a section.</summary>
    internal void Gap() => _text.AppendLine();

    /// <summary>What a checker said, the operations that it names each on its own line.</summary>
    internal void Explain(string explanation)
    {
        string[] lines = explanation.Split('\n');
        Say(lines[0]);
        for (int i = 1; i < lines.Length; i++)
        {
            Line(lines[i]);
        }
    }

    /// <summary>A table; columns of which every cell begins with a digit or a sign stand to the right.</summary>
    internal void Table(string[] head, IReadOnlyList<string[]> rows)
    {
        int[] widths = new int[head.Length];
        bool[] isNumber = new bool[head.Length];
        for (int column = 0; column < head.Length; column++)
        {
            widths[column] = head[column].Length;
            isNumber[column] = rows.Count > 0;
            foreach (string[] row in rows)
            {
                widths[column] = int.Max(widths[column], row[column].Length);
                isNumber[column] &= row[column].Length > 0 && (char.IsDigit(row[column][0]) || row[column][0] == '-');
            }
        }

        Row(head, widths, isNumber);
        _text.Append(Indent);
        for (int column = 0; column < widths.Length; column++)
        {
            _text.Append(column > 0 ? "  " : string.Empty).Append('-', widths[column]);
        }

        _text.AppendLine();
        foreach (string[] row in rows)
        {
            Row(row, widths, isNumber);
        }
    }

    public override string ToString() => _text.ToString();

    private void Row(string[] cells, int[] widths, bool[] isNumber)
    {
        var line = new StringBuilder(Indent);
        for (int column = 0; column < cells.Length; column++)
        {
            string cell = isNumber[column]
                ? cells[column].PadLeft(widths[column])
                : cells[column].PadRight(widths[column]);
            line.Append(column > 0 ? "  " : string.Empty).Append(cell);
        }

        _text.AppendLine(line.ToString().TrimEnd());
    }

    private void Wrap(string text, string indent)
    {
        int column = 0;
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (column > 0 && column + 1 + word.Length > WidthMax)
            {
                _text.AppendLine();
                column = 0;
            }

            _text.Append(column == 0 ? indent : " ").Append(word);
            column += word.Length + (column == 0 ? indent.Length : 1);
        }

        _text.AppendLine();
    }
}
