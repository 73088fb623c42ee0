namespace CoreEngine.Model;

/// <summary>What a <see cref="RecordType.Repair"/> record says.</summary>
public static class RepairFlags
{
    /// <summary>Copies of the lost entries from its index to its term follow, in the same append.</summary>
    public const ushort Copies = 0;

    /// <summary>A leader has confirmed: nothing that was lost before is missing any more.</summary>
    public const ushort Settled = 1;

    /// <summary>
    /// What stood behind its index could not be told from what was void: the log goes on from there. Its term is the
    /// greatest number, so that it is known when only its name is left.
    /// </summary>
    public const ushort Cut = 2;
}
