namespace CoreEngine.Model;

/// <summary>
/// Which formats of log and messages a build speaks, as one number. Replicas of level n and n+1 may serve one group,
/// and either may lead: the group uses what came with a level only once all its members speak it, and its
/// configuration names that level from then on.
/// </summary>
/// <remarks>
/// 1: the first. 2: a configuration names its level. A build reads every level from <see cref="Oldest"/> to
/// <see cref="Newest"/>, and refuses a group of a later one by name: it cannot know what it would misread.
/// </remarks>
public static class FeatureLevels
{
    /// <summary>The oldest level that this build speaks.</summary>
    public const int Oldest = 1;

    /// <summary>The newest level that this build speaks.</summary>
    public const int Newest = 2;
}
