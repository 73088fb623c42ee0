using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace CoreEngine.Model;

/// <summary>
/// Assertions about our own state. They stay on in release; bytes from outside are checked and refused, never
/// asserted.
/// </summary>
public static class Invariant
{
    /// <summary>
    /// Stops the group or shard (never the host's process) when <paramref name="condition"/> is false.
    /// </summary>
    /// <exception cref="InvariantException">The condition is false: a bug of the engine.</exception>
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string? expression = null)
    {
        if (!condition)
        {
            Throw(expression);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw(string? expression) => throw new InvariantException(expression ?? "unnamed invariant");
}

/// <summary>
/// A broken invariant: a bug of the engine. The loop's outermost frame turns it into a fault of its group.
/// </summary>
public sealed class InvariantException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public InvariantException()
    {
    }

    /// <summary>Creates the exception for the expression that did not hold.</summary>
    public InvariantException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public InvariantException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
