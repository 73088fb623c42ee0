using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CoreEngine.Tidy;

/// <summary>Words that say nothing, and constructs that need a reason.</summary>
internal static class WordRules
{
    private static readonly string[] BannedWords =
        ["Manager", "Helper", "Util", "Utility", "Common", "Base", "Impl", "Processor", "Data", "Info"];

    private static readonly string[] BannedEndings =
        [.. BannedWords, .. BannedWords.Select(word => $"{word}s"), "Utilities"];

    private static readonly Regex Reminder = new(@"\b(TODO|FIXME|HACK)\b");

    /// <summary>No type is called by a banned word, or ends in one.</summary>
    internal static IEnumerable<Finding> TypeNames(SourceFile file)
    {
        IEnumerable<SyntaxNode> types = file.Syntax.DescendantNodes()
            .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax);
        foreach (SyntaxNode type in types)
        {
            string name = SourceFile.NameOf(type)!;
            if (BannedEndings.FirstOrDefault(word => name.EndsWith(word, StringComparison.Ordinal)) is string banned)
            {
                yield return new Finding(
                    "type-words",
                    file.Path,
                    name,
                    SourceFile.LineOf(type),
                    $"\"{banned}\" says nothing: name what it does");
            }
        }
    }

    /// <summary>What can break memory safety stands in files whose names say so.</summary>
    internal static IEnumerable<Finding> UnsafePlaces(SourceFile file)
    {
        bool isPlace = file.Name.EndsWith(".Unsafe.cs", StringComparison.Ordinal)
            || file.Name.StartsWith("NativeMethods.", StringComparison.Ordinal);
        if (isPlace)
        {
            yield break;
        }

        foreach (SyntaxToken token in file.Syntax.DescendantTokens().Where(IsUnsafe))
        {
            yield return new Finding(
                "unsafe-places",
                file.Path,
                SourceFile.MemberAround(token.Parent!),
                SourceFile.LineOf(token),
                $"{token.Text} belongs in a file named *.Unsafe.cs or NativeMethods.*.cs");
        }
    }

    /// <summary>The product holds no reminders: work that is left is an issue.</summary>
    internal static IEnumerable<Finding> NoReminders(SourceFile file)
    {
        for (int i = 0; file.IsProduct && i < file.Lines.Count; i++)
        {
            Match reminder = Reminder.Match(file.Lines[i]);
            if (reminder.Success)
            {
                yield return new Finding("reminders", file.Path, "-", i + 1, $"{reminder}: open an issue instead");
            }
        }
    }

    /// <summary>An exception is caught by its type. Whoever catches all of them gives a reason in the list.</summary>
    internal static IEnumerable<Finding> CatchAll(SourceFile file)
    {
        foreach (CatchClauseSyntax clause in file.Syntax.DescendantNodes().OfType<CatchClauseSyntax>())
        {
            if (IsCatchAll(clause))
            {
                yield return new Finding(
                    "catch-all",
                    file.Path,
                    SourceFile.MemberAround(clause),
                    SourceFile.LineOf(clause),
                    "catches every exception");
            }
        }
    }

    private static bool IsUnsafe(SyntaxToken token) =>
        token.IsKind(SyntaxKind.UnsafeKeyword)
        || (token.IsKind(SyntaxKind.IdentifierToken)
            && token.ValueText is "Unsafe" or "MemoryMarshal"
            && token.Parent is SimpleNameSyntax);

    private static bool IsCatchAll(CatchClauseSyntax clause)
    {
        string type = clause.Declaration?.Type.ToString() ?? "Exception";
        bool all = type is "Exception" or "System.Exception" or "global::System.Exception";
        return all && !NamesTypes(clause.Filter?.FilterExpression);
    }

    /// <summary>A filter of the form <c>e is A or B</c> catches by type, like two clauses.</summary>
    private static bool NamesTypes(ExpressionSyntax? filter) =>
        filter is IsPatternExpressionSyntax pattern
            ? pattern.Pattern.DescendantNodesAndSelf().OfType<PatternSyntax>().All(IsTypeOrChoice)
                && !pattern.Pattern.DescendantTokens().Any(token => token.ValueText == "Exception")
            : filter is BinaryExpressionSyntax { RawKind: (int)SyntaxKind.IsExpression } single
                && single.Right.ToString() != "Exception";

    private static bool IsTypeOrChoice(PatternSyntax pattern) =>
        pattern is TypePatternSyntax or ConstantPatternSyntax
        || pattern is BinaryPatternSyntax { RawKind: (int)SyntaxKind.OrPattern };
}
