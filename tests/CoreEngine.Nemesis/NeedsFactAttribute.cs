using System;
using CoreEngine.Nemesis.Machine;
using Xunit;

namespace CoreEngine.Nemesis;

/// <summary>
/// A test that is skipped, with the reason, where the machine does not permit what it needs; elsewhere it must hold.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(Need need)
    {
        Need = need;
        Skip = Needs.Missing(need);
    }

    public Need Need { get; }
}
