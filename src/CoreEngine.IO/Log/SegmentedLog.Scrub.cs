using System.Collections.Generic;

namespace CoreEngine.IO.Log;

/// <summary>What a running log does about a place that cannot be read any more: what memory holds is written
/// again.</summary>
internal sealed partial class SegmentedLog
{
    private readonly Queue<CarriedRecords.Carried> _toRewrite = new();

    /// <summary>
    /// A place below <see cref="DurableEnd"/> is damaged: cursors pass over it, and the hard states, descriptors and
    /// marks that stood there are written again at the log's end. Entries are the groups' affair.
    /// </summary>
    internal void NoteDamage(LogDamage damage)
    {
        Damaged.Add(damage.Lsn, damage.EndLsn);
        _carried.AddWithin(damage.Lsn, damage.EndLsn, _toRewrite);
    }

    private void PumpRewrites()
    {
        while (_toRewrite.TryPeek(out CarriedRecords.Carried? record))
        {
            // A newer one may stand elsewhere by now.
            bool isDamaged = Damaged.Pass(record.Lsn) != record.Lsn;
            if (isDamaged && !TryAppend(record.Bytes))
            {
                return;
            }

            _ = _toRewrite.Dequeue();
        }
    }
}
