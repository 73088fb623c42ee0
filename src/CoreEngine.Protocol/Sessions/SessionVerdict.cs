namespace CoreEngine.Protocol.Sessions;

/// <summary>What the table makes of an entry that carries a session, a key or a control.</summary>
internal enum SessionVerdict : byte
{
    /// <summary>Seen for the first time: the machine takes it in.</summary>
    Fresh = 0,

    /// <summary>Taken in before: answered from the table, not shown to the machine.</summary>
    Repeat,

    /// <summary>A control that was done.</summary>
    Done,

    /// <summary>There is no such session, or no longer.</summary>
    Expired,

    /// <summary>The sequence has left the session's window: whether it was taken in is not known any more.</summary>
    TooOld,

    /// <summary>The table holds as many as it may.</summary>
    Full,

    /// <summary>The sequence was settled before it came: it is without effect, for ever.</summary>
    Voided,

    /// <summary>Another command was taken in under this sequence or key.</summary>
    Differs,

    /// <summary>A control that means nothing.</summary>
    Senseless,
}

/// <summary>An entry's verdict, with what the answer needs.</summary>
/// <param name="Verdict">What the table made of it.</param>
/// <param name="Index">Where the command took effect: this entry, or the first one of its sequence.</param>
/// <param name="Term">The term of that entry.</param>
/// <param name="Session">The session that was opened or asked about.</param>
/// <param name="Highest">The highest sequence that it has taken.</param>
/// <param name="RetentionSeconds">For how long repeats are recognised.</param>
internal readonly record struct SessionDecision(
    SessionVerdict Verdict, ulong Index, ulong Term, ulong Session, ulong Highest, uint RetentionSeconds);
