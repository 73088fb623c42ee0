using System;

namespace CoreEngine.Mutants.Weaver;

/// <summary>The mutants do not fit the sources; the message is one that a build understands.</summary>
public sealed class WeaveException : Exception
{
    public WeaveException()
    {
    }

    public WeaveException(string message)
        : base(message)
    {
    }

    public WeaveException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="path">The file that is wrong.</param>
    /// <param name="line">Where in it.</param>
    /// <param name="what">What is wrong, and what to do.</param>
    internal WeaveException(string path, int line, string what)
        : base($"{path}({line}): error MUTANT: {what}")
    {
    }
}
