namespace CoreEngine.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    /// <summary>Done, and all is well.</summary>
    internal const int Ok = 0;

    /// <summary>It ran and something is wrong: a fault, damage, a violated property.</summary>
    internal const int Fault = 1;

    /// <summary>
    /// It did not run: an argument, a setting or a directory makes no sense. The message says which and what to do.
    /// </summary>
    internal const int BadInput = 2;
}
