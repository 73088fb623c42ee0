using System.Globalization;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What can happen to one replica.</summary>
internal enum InputKind
{
    /// <summary>The election timeout ends.</summary>
    TimeOut = 0,

    /// <summary>A leader has not heard of a quorum for an election timeout.</summary>
    StepDown,

    /// <summary>A leader's heartbeat is due.</summary>
    Heartbeat,

    /// <summary>A heartbeat is due, and what was sent has stood unanswered for an election timeout.</summary>
    Resend,

    /// <summary>The host proposes a command.</summary>
    Propose,

    /// <summary>The oldest write completes.</summary>
    Persist,

    /// <summary>The process dies and starts again.</summary>
    Crash,

    /// <summary>A message arrives.</summary>
    Deliver,

    /// <summary>A turn of the loop in which nothing else happens.</summary>
    Settle,

    /// <summary>An operator asks for other members.</summary>
    Change,

    /// <summary>A snapshot of what is applied becomes durable, and the log before it is given up.</summary>
    TakeSnapshot,

    /// <summary>A leader sends its snapshot to a replica that needs it.</summary>
    SendSnapshot,

    /// <summary>The machine has taken in the snapshot that arrived.</summary>
    Restored,
}

/// <summary>One thing that happens to one replica.</summary>
/// <param name="Kind">What.</param>
/// <param name="LosesWrites">The replica crashes in the same step: what the step sent at once has left, what it wrote
/// is lost.</param>
/// <param name="Operand">Deliver: the message. Propose: the command. Change: its number in the plan.
/// SendSnapshot: to whom.</param>
internal readonly record struct Input(InputKind Kind, bool LosesWrites = false, int Operand = 0)
{
    /// <summary>As one number.</summary>
    internal uint Code => ((uint)Operand << 5) | (LosesWrites ? 16u : 0) | (uint)Kind;

    internal static Input Of(uint code) => new((InputKind)(code & 15), (code & 16) != 0, (int)(code >> 5));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Kind}{(LosesWrites ? " and crash before the write" : string.Empty)}");
}
