using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CoreEngine.Tidy;

/// <summary>A file fits in a head, a function on a screen, a line in a window.</summary>
internal static class SizeRules
{
    internal const int FileLinesMax = 500;
    internal const int FunctionLinesMax = 70;
    internal const int LineColumnsMax = 120;
    internal const int MedianLinesMax = 199;

    internal static IEnumerable<Finding> FileLength(SourceFile file)
    {
        if (file.Lines.Count > FileLinesMax)
        {
            yield return new Finding(
                "file-lines", file.Path, "-", 0, $"{file.Lines.Count} lines, the limit is {FileLinesMax}");
        }
    }

    /// <summary>Counts from the first line of the declaration, without its comments, to its closing brace.</summary>
    internal static IEnumerable<Finding> FunctionLength(SourceFile file)
    {
        foreach (SyntaxNode function in file.Syntax.DescendantNodes().Where(IsFunction))
        {
            FileLinePositionSpan span = function.GetLocation().GetLineSpan();
            int lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
            if (lines > FunctionLinesMax)
            {
                yield return new Finding(
                    "function-lines",
                    file.Path,
                    SourceFile.MemberAround(function),
                    SourceFile.LineOf(function),
                    $"{lines} lines, the limit is {FunctionLinesMax}");
            }
        }
    }

    internal static IEnumerable<Finding> LineLength(SourceFile file)
    {
        for (int i = 0; i < file.Lines.Count; i++)
        {
            int columns = file.Lines[i].Length;
            if (columns > LineColumnsMax)
            {
                yield return new Finding(
                    "line-columns", file.Path, "-", i + 1, $"{columns} columns, the limit is {LineColumnsMax}");
            }
        }
    }

    /// <summary>Judges the product as a whole.</summary>
    internal static IEnumerable<Finding> MedianLength(IEnumerable<SourceFile> files)
    {
        int[] lengths = [.. files.Where(file => file.IsProduct).Select(file => file.Lines.Count).Order()];
        if (lengths.Length > 0 && lengths[lengths.Length / 2] > MedianLinesMax)
        {
            yield return new Finding(
                "median-lines", "src", "-", 0, $"half of the files have {lengths[lengths.Length / 2]} lines or more");
        }
    }

    private static bool IsFunction(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
            or AnonymousFunctionExpressionSyntax
        || node is PropertyDeclarationSyntax { ExpressionBody: not null };
}
