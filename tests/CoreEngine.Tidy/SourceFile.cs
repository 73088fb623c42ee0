using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CoreEngine.Tidy;

/// <summary>One C# file, as lines and as syntax.</summary>
/// <param name="path">Relative to the root, with forward slashes.</param>
/// <param name="text">Its content.</param>
internal sealed class SourceFile(string path, string text)
{
    private readonly Lazy<SyntaxNode> _syntax = new(() => CSharpSyntaxTree.ParseText(text).GetRoot());

    internal string Path { get; } = path;

    /// <summary>The file's name without its folders.</summary>
    internal string Name => System.IO.Path.GetFileName(Path);

    internal bool IsProduct => Path.StartsWith("src/", StringComparison.Ordinal);

    /// <summary>The lines, without the empty one behind the last line end.</summary>
    internal IReadOnlyList<string> Lines { get; } = SplitLines(text);

    internal SyntaxNode Syntax => _syntax.Value;

    /// <summary>From 1.</summary>
    internal static int LineOf(SyntaxNodeOrToken node) => node.GetLocation()!.GetLineSpan().StartLinePosition.Line + 1;

    /// <summary>The name of the function around a node, or of the type when there is none.</summary>
    internal static string MemberAround(SyntaxNode node) => node.AncestorsAndSelf()
        .Select(NameOf)
        .FirstOrDefault(name => name is not null) ?? "-";

    /// <summary>What a declaration is called; null for anything else.</summary>
    internal static string? NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        DestructorDeclarationSyntax destructor => destructor.Identifier.Text,
        OperatorDeclarationSyntax operation => $"operator{operation.OperatorToken.Text}",
        ConversionOperatorDeclarationSyntax conversion => $"operator {conversion.Type}",
        PropertyDeclarationSyntax property => property.Identifier.Text,
        IndexerDeclarationSyntax => "this[]",
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        _ => null,
    };

    private static List<string> SplitLines(string text)
    {
        var lines = new List<string>();
        using var reader = new StringReader(text);
        while (reader.ReadLine() is string line)
        {
            lines.Add(line);
        }

        return lines;
    }
}
