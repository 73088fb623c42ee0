namespace CoreEngine.Cli.Server;

/// <summary>The commands that this server knows.</summary>
internal enum CommandCode : byte
{
    Unknown = 0,
    Get,
    Set,
    Del,
    Exists,
    Incr,
    Append,
    Cas,
    Ping,
    Echo,
    Info,
    DbSize,
    Config,
    Command,
    Select,
    Client,
    Hello,
    Quit,
    FlushAll,
    FlushDb,
    Admin,
    ReadLevel,
    Session,
}

/// <summary>What a command needs, and so what it may run beside.</summary>
internal enum CommandKind : byte
{
    /// <summary>Nothing: answered at once.</summary>
    Local = 0,

    /// <summary>A proposal.</summary>
    Write,

    /// <summary>A read point, then the state.</summary>
    Read,

    /// <summary>The state as it is here.</summary>
    Inquiry,

    /// <summary>Changes how the connection's later commands run.</summary>
    Connection,
}
