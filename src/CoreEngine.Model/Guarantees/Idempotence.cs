using System;
using System.Globalization;

namespace CoreEngine.Model.Guarantees;

/// <summary>By what a repeated call is recognised.</summary>
[Flags]
public enum KeySpaces : byte
{
    /// <summary>By nothing.</summary>
    None = 0,

    /// <summary>By itself: doing it twice is the same as once (natural idempotence).</summary>
    Natural = 1,

    /// <summary>By session and sequence.</summary>
    Sessions = 2,

    /// <summary>By a token that the host chose.</summary>
    Tokens = 4,

    /// <summary>By all of them.</summary>
    All = Natural | Sessions | Tokens,
}

/// <summary>
/// The fifth place of a <see cref="Guarantee"/>: None &lt; Idem(K), K = (key spaces, retention); larger is stronger.
/// </summary>
/// <remarks>
/// <c>default</c> is None. Without key space or without retention nothing is recognised: that is None.
/// </remarks>
public readonly record struct Idempotence
{
    /// <summary>As retention: for ever.</summary>
    public const uint Always = uint.MaxValue;

    private Idempotence(KeySpaces keys, uint retentionSeconds)
    {
        Keys = keys;
        RetentionSeconds = retentionSeconds;
    }

    /// <summary>By what repeats are recognised. None exactly when the retention is zero.</summary>
    public KeySpaces Keys { get; }

    /// <summary>For how long, in seconds.</summary>
    public uint RetentionSeconds { get; }

    /// <summary>Idem(K), or None when nothing would be recognised.</summary>
    /// <param name="keys">By what.</param>
    /// <param name="retentionSeconds">For how long, or <see cref="Always"/>.</param>
    public static Idempotence Idem(KeySpaces keys, uint retentionSeconds)
    {
        if ((keys & ~KeySpaces.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(keys));
        }

        return keys == KeySpaces.None || retentionSeconds == 0 ? default : new(keys, retentionSeconds);
    }

    /// <summary>What both recognise, for the shorter of the two times.</summary>
    public Idempotence Meet(Idempotence other) =>
        Idem(Keys & other.Keys, uint.Min(RetentionSeconds, other.RetentionSeconds));

    /// <summary>True when this promises all that <paramref name="other"/> promises.</summary>
    public bool IsAtLeast(Idempotence other) =>
        (other.Keys & ~Keys) == 0 && RetentionSeconds >= other.RetentionSeconds;

    /// <summary>None, Idem(sessions, 3600s) or Idem(∞).</summary>
    public override string ToString()
    {
        if (Keys == KeySpaces.None)
        {
            return "None";
        }

        if (Keys == KeySpaces.All && RetentionSeconds == Always)
        {
            return "Idem(∞)";
        }

        string natural = Keys.HasFlag(KeySpaces.Natural) ? "+natural" : string.Empty;
        string sessions = Keys.HasFlag(KeySpaces.Sessions) ? "+sessions" : string.Empty;
        string tokens = Keys.HasFlag(KeySpaces.Tokens) ? "+tokens" : string.Empty;
        string retention = RetentionSeconds == Always
            ? "∞"
            : string.Create(CultureInfo.InvariantCulture, $"{RetentionSeconds}s");
        return $"Idem({$"{natural}{sessions}{tokens}"[1..]}, {retention})";
    }
}
