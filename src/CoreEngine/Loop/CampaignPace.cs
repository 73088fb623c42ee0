using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>How many groups of a shard may campaign, so that thousands that lost their leaders at once, or start at
/// once, are led one after the other in place of all being led by nobody.</summary>
/// <remarks>
/// A question of liveness alone. A shard that is behind hears heartbeats late, and would take every leader for dead;
/// each campaign costs it more of the time that it lacks, and each group led sends heartbeats until it rests. So a
/// bucket of tokens is filled fast while turns are short and few groups led are awake, and slowly otherwise; a group
/// that finds it empty waits for another election timeout. Few groups never find it empty. Shard's thread only.
/// </remarks>
internal sealed class CampaignPace
{
    /// <summary>Campaigns that may begin at once.</summary>
    internal const int BurstMax = 256;

    /// <summary>The same of a shard that is behind, or leads many.</summary>
    internal const int SlowBurstMax = 16;

    /// <summary>Nanoseconds until one more may begin.</summary>
    internal const long PeriodNs = 250_000;

    /// <summary>The same of a shard that is behind, or leads many.</summary>
    internal const long SlowPeriodNs = 8_000_000;

    /// <summary>A shard that leads so many groups that are not at rest lets them come to rest first.</summary>
    internal const int LedAwakeMax = 256;

    private readonly long _turnNsMax;
    private readonly long _behindNs;
    private long _behindUntilNs;
    private long _turnBeganNs;
    private bool _wentOn;
    private long _filledNs;
    private long _tokens = BurstMax;

    /// <param name="heartbeatNs">A turn that lasts longer than an eighth of that is a long one, and the shard is behind
    /// until four heartbeats after the last of them.</param>
    internal CampaignPace(long heartbeatNs)
    {
        _turnNsMax = heartbeatNs / 8;
        _behindNs = 4 * heartbeatNs;
    }

    /// <summary>A turn was a long one, and another one followed at once.</summary>
    internal bool IsBehind => _turnBeganNs < _behindUntilNs;

    /// <summary>Campaigns that were put off.</summary>
    internal long Held { get; private set; }

    /// <summary>A turn begins.</summary>
    internal void Begin(long nowNs)
    {
        if (_wentOn && nowNs - _turnBeganNs > _turnNsMax)
        {
            _behindUntilNs = nowNs + _behindNs;
        }

        _turnBeganNs = nowNs;
    }

    /// <summary>The turn is over.</summary>
    /// <param name="goesOn">The next one follows at once.</param>
    internal void End(bool goesOn) => _wentOn = goesOn;

    /// <summary>Before a group is told the time: if its election timeout has passed, it may campaign now or must
    /// wait.</summary>
    /// <param name="core">The group's.</param>
    /// <param name="ledAwake">Groups that this shard leads and that are not at rest: they send heartbeats.</param>
    /// <param name="nowNs">The turn's.</param>
    internal void Judge(IProtocolCore core, int ledAwake, long nowNs)
    {
        if (core.IsCampaignDue(nowNs) && !TryTake(ledAwake, nowNs))
        {
            core.HoldCampaign(nowNs);
        }
    }

    /// <summary>Takes a token; false when there is none.</summary>
    internal bool TryTake(int ledAwake, long nowNs)
    {
        bool isSlow = IsBehind || ledAwake >= LedAwakeMax;
        long period = isSlow ? SlowPeriodNs : PeriodNs;
        long burst = isSlow ? SlowBurstMax : BurstMax;
        long gained = (nowNs - _filledNs) / period;
        _filledNs += gained * period;
        _tokens = long.Min(burst, long.Min(BurstMax, gained) + _tokens);
        if (_tokens == 0)
        {
            Held++;
            return false;
        }

        _tokens--;
        return true;
    }
}
