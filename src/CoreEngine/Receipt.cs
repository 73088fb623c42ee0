using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Guarantees;

namespace CoreEngine;

/// <summary>What became of a proposal, and the proof.</summary>
public readonly record struct Receipt
{
    /// <summary>Committed, Refused or Unknown; Acknowledged when less than a quorum was asked for.</summary>
    public Outcome Outcome { get; init; }

    /// <summary>Where the entry stands; meaningful when committed.</summary>
    public LineCoordinate Coordinate { get; init; }

    /// <summary>The entry's hybrid clock, as its machines saw it; 0 when not committed, and for a repeat
    /// whose entry has left memory.</summary>
    public ulong Stamp { get; init; }

    /// <summary>For reads that must see this proposal, at any replica. Not valid unless committed.</summary>
    public SessionToken Token => Outcome == Outcome.Committed ? new SessionToken(Coordinate) : default;

    /// <summary>Covers the coordinate when committed; default otherwise.</summary>
    public CommitCertificate Certificate { get; init; }

    /// <summary>What the reply promises.</summary>
    public Guarantee Guarantee { get; init; }

    /// <summary>Why not, when refused.</summary>
    public Refusal Refusal { get; init; }

    /// <summary>What held the entry when this receipt was made; meaningful when committed or acknowledged.</summary>
    public Durability Durability { get; init; }

    /// <summary>What that medium survives.</summary>
    public MediumClass Medium { get; init; }

    /// <summary>The sequence within its session; 0 outside of one.</summary>
    public ulong Sequence { get; init; }

    /// <summary>The command had taken effect before: coordinate and reply are those of that one time.</summary>
    public bool IsRepeat { get; init; }

    /// <summary>The command took effect once, and its reply is no longer kept.</summary>
    public bool IsReplyEvicted { get; init; }

    /// <summary>Bytes of the machine's reply; the caller's buffer holds as many of them as it has room for.</summary>
    public int ReplyLength { get; init; }

    /// <summary>Such as quorum/power.</summary>
    private string Level => new Contract { Durability = Durability, Medium = Medium }.ToString();

    /// <summary>Outcome and coordinate or reason, for people.</summary>
    public override string ToString() => Outcome switch
    {
        Outcome.Committed =>
            $"Committed at {Coordinate}, proven by voters {Certificate.Voters:b}, {Level}, {Guarantee}",
        Outcome.Acknowledged => $"Acknowledged at {Coordinate} by the leader alone, {Level}: not committed",
        Outcome.Refused => $"Refused ({Refusal})",
        _ => "Unknown: not decided in time; it may or may not take effect",
    };
}

/// <summary>Names a proposal made by <see cref="Group.TryPropose"/>.</summary>
/// <param name="Slot">Its place.</param>
/// <param name="Generation">Which use of the place.</param>
public readonly record struct ProposalTicket(int Slot, uint Generation);

/// <summary>Why a group or the engine stopped. The host's process is left alone.</summary>
/// <param name="Reason">What broke, where, and what to do.</param>
/// <param name="Cause">The exception, when there was one.</param>
public sealed record EngineFault(string Reason, System.Exception? Cause);

/// <summary>An engine or group could not be opened.</summary>
public sealed class EngineOpenException : System.Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public EngineOpenException()
    {
    }

    /// <summary>Creates the exception with cause and remedy in words.</summary>
    public EngineOpenException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that led to it.</summary>
    public EngineOpenException(string message, System.Exception innerException)
        : base(message, innerException)
    {
    }
}
