using System;

namespace CoreEngine.Cli.Demo;

/// <summary>What the demonstration was asked for.</summary>
/// <param name="Seconds">How long the clients work, all phases together, waits for elections and restarts not
/// counted.</param>
/// <param name="History">Where the merged history goes; null keeps it in the demonstration's directory.</param>
/// <param name="Keep">Where everything is done and kept; null takes a new directory and removes it after a
/// success.</param>
internal sealed record DemoOptions(int Seconds, string? History, string? Keep)
{
    /// <summary>A part of the clients' time.</summary>
    internal TimeSpan Part(double fraction) => TimeSpan.FromSeconds(Seconds * fraction);
}

/// <summary>The demonstration cannot go on, or shows that something is wrong; the message says what.</summary>
internal sealed class DemoException : Exception
{
    public DemoException()
    {
    }

    public DemoException(string message)
        : base(message)
    {
    }

    public DemoException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
