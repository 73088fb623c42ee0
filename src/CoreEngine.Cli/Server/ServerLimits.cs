namespace CoreEngine.Cli.Server;

/// <summary>What bounds one connection.</summary>
internal static class ServerLimits
{
    /// <summary>Commands of one connection that wait for their outcome at a time.</summary>
    internal const int PendingMax = 1024;

    /// <summary>Bytes of such commands, so that one connection cannot fill the group's queue alone.</summary>
    internal const int PendingBytesMax = 1024 * 1024;

    /// <summary>Bytes of replies that are gathered before they are sent.</summary>
    internal const int OutputBytesMax = 128 * 1024;

    /// <summary>Bytes that a connection asks the socket for at a time.</summary>
    internal const int InputBytes = 64 * 1024;

    /// <summary>Buffers larger than this are given back once they are not needed.</summary>
    internal const int KeptBytesMax = 64 * 1024;
}
