using System;

namespace CoreEngine.Simulation.Scripting;

/// <summary>A scripted world did not do what its scenario expects; the message names what did not hold.</summary>
public sealed class ScenarioException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public ScenarioException()
    {
    }

    /// <summary>Makes one.</summary>
    public ScenarioException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with its cause.</summary>
    public ScenarioException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
