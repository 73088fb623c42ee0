namespace CoreEngine.Model;

/// <summary>What holds an entry when its proposal is acknowledged, from weak to strong.</summary>
public enum Durability : byte
{
    /// <summary>The leader's memory, and nobody else's yet.</summary>
    Memory = 0,

    /// <summary>The leader's medium.</summary>
    LocalDurable = 1,

    /// <summary>The media of a quorum.</summary>
    QuorumDurable = 2,
}

/// <summary>What a medium survives, from weak to strong.</summary>
public enum MediumClass : byte
{
    /// <summary>Nothing: it dies with the process.</summary>
    Process = 0,

    /// <summary>A crash of the process: the page cache has it.</summary>
    Os = 1,

    /// <summary>A power cut: flushed before the acknowledgement.</summary>
    Power = 2,
}
