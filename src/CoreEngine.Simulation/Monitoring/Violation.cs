namespace CoreEngine.Simulation.Monitoring;

/// <summary>What a monitor has found.</summary>
/// <param name="Monitor">Who found it.</param>
/// <param name="Text">What is wrong, without the monitor's name.</param>
internal sealed record Violation(Monitor Monitor, string Text)
{
    /// <summary>Seed, event and time, and how the replicas stood; empty until the world has stopped.</summary>
    internal string Scene { get; init; } = "";

    /// <summary>Where an assertion of the engine failed, a call per line; empty when a monitor has spoken.</summary>
    internal string Calls { get; init; } = "";

    /// <summary>Name, text and scene, without the component.</summary>
    public override string ToString() => $"{Monitor.Name}: {Text}{(Scene.Length > 0 ? "; " : "")}{Scene}";
}
