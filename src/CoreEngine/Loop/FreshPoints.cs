using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Loop;

/// <summary>Read points that a quorum has confirmed, and since when: what a replica knows of its state's age.</summary>
/// <remarks>
/// A point covers everything that was committed before it was asked for, so a state that reflects it was current then:
/// its age counts from the asking, on this replica's own clock, by the longest true time that the clock may hide. A
/// point is kept until it is applied, however many newer ones come; else a replica that applies slowly would never know
/// its age.
/// </remarks>
internal sealed class FreshPoints(ClockBound clock)
{
    private Point _covered;
    private Point _pending;
    private Point _next;

    /// <summary>A point was granted that was asked for at a time of this replica's clock.</summary>
    internal void Note(in ReadCertificate proof, long askedNs)
    {
        var point = new Point(proof, askedNs);
        if (!_pending.Proof.IsValid)
        {
            _pending = point;
        }
        else if (askedNs > _next.AskedNs)
        {
            _next = point;
        }
    }

    /// <summary>The newest point that the state reflects. False when there is none.</summary>
    internal bool TryFind(ulong applied, out ReadCertificate proof, out long askedNs)
    {
        while (_pending.Proof.IsValid && _pending.Proof.Index <= applied)
        {
            _covered = _pending.AskedNs >= _covered.AskedNs || !_covered.Proof.IsValid ? _pending : _covered;
            _pending = _next;
            _next = default;
        }

        proof = _covered.Proof;
        askedNs = _covered.AskedNs;
        return proof.IsValid;
    }

    /// <summary>The most true time that has passed since a time of this replica's clock. Nanoseconds.</summary>
    internal long AgeNs(long sinceNs, long nowNs) => clock.ElapsedMax(nowNs - sinceNs);

    private readonly record struct Point(ReadCertificate Proof, long AskedNs);
}
