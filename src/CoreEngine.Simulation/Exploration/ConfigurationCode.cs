using System.Globalization;
using System.Numerics;
using System.Text;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation.Exploration;

/// <summary>A configuration of equal voters as a number: who votes in it and, while it is joint, in the one before.
/// Counts majorities for itself, so that it can judge the core's counting.</summary>
/// <remarks>Bit r-1 stands for replica r. 0 is no configuration.</remarks>
internal static class ConfigurationCode
{
    /// <summary>Above every number of a command.</summary>
    internal const int Mark = 1 << 24;

    private const int HalfBits = 8;
    private const int HalfMask = (1 << HalfBits) - 1;

    internal static int Of(Configuration configuration)
    {
        if (configuration.Epoch == 0)
        {
            return 0;
        }

        int code = Mark;
        foreach (ConfigurationMember member in configuration.Members)
        {
            int bit = 1 << (int)(member.Replica - 1);
            code |= member.IsVoter ? bit : 0;
            code |= member.IsOutgoingVoter ? bit << HalfBits : 0;
        }

        return code;
    }

    /// <summary>True for the number of a configuration.</summary>
    internal static bool IsOne(int code) => (code & Mark) != 0;

    /// <summary>True while two halves decide.</summary>
    internal static bool IsJoint(int code) => ((code >> HalfBits) & HalfMask) != 0;

    /// <summary>True when more than half of the voters are among those, in both halves of a joint one.</summary>
    /// <param name="replicas">Bit r-1 stands for replica r.</param>
    internal static bool Decides(int code, ulong replicas)
    {
        int outgoing = (code >> HalfBits) & HalfMask;
        return IsOne(code) && IsMajority(code & HalfMask, replicas)
            && (outgoing == 0 || IsMajority(outgoing, replicas));
    }

    internal static string Describe(int code)
    {
        int outgoing = (code >> HalfBits) & HalfMask;
        return outgoing == 0 ? Names(code & HalfMask) : $"{Names(outgoing)}>{Names(code & HalfMask)}";
    }

    private static bool IsMajority(int half, ulong replicas) =>
        2 * BitOperations.PopCount((ulong)half & replicas) > BitOperations.PopCount((uint)half);

    private static string Names(int half)
    {
        var names = new StringBuilder();
        for (int replica = 1; replica <= HalfBits; replica++)
        {
            if (((half >> (replica - 1)) & 1) != 0)
            {
                names.Append(CultureInfo.InvariantCulture, $"{replica}");
            }
        }

        return $"{{{names}}}";
    }
}
