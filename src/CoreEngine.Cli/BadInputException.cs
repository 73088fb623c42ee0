using System;

namespace CoreEngine.Cli;

/// <summary>What the user gave makes no sense; each line of the message names one thing and its remedy.</summary>
internal sealed class BadInputException : Exception
{
    public BadInputException()
    {
    }

    public BadInputException(string message)
        : base(message)
    {
    }

    public BadInputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
