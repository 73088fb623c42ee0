using System;

namespace CoreEngine.Nemesis.Machine;

/// <summary>Something did not happen in time, or the machine did not do what it was asked for.</summary>
internal sealed class NemesisException : Exception
{
    public NemesisException()
    {
    }

    public NemesisException(string message)
        : base(message)
    {
    }

    public NemesisException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
