namespace CoreEngine.Tidy;

/// <summary>A breach of one rule at one place.</summary>
/// <param name="Rule">The rule's name, as the list of exceptions writes it.</param>
/// <param name="Path">File, or project.</param>
/// <param name="Member">Function or type; "-" when the whole file is meant.</param>
/// <param name="Line">From 1; 0 when the whole file is meant.</param>
/// <param name="What">What is wrong, with the number and the limit.</param>
internal sealed record Finding(string Rule, string Path, string Member, int Line, string What)
{
    public override string ToString() => Line == 0 ? $"{Path}: {What}" : $"{Path}:{Line} ({Member}): {What}";
}
