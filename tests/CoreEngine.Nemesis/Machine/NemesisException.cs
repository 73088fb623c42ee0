using System;

namespace CoreEngine.Nemesis.Machine;

/// <summary>Something did not happen in time, or the machine did not do what it was asked for.</summary>
internal sealed class NemesisException(string message) : Exception(message)
{
    public NemesisException()
        : this("no reason given")
    {
    }

    public NemesisException(string message, Exception inner)
        : this($"{message}: {inner.Message}")
    {
    }
}
