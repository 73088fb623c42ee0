using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>The cursors of a log: who owns which slot, and where their events go.</summary>
internal sealed partial class SegmentedLog
{
    /// <summary>Cursors at a time.</summary>
    internal const int CursorsMax = 16;

    private readonly LogCursor?[] _cursors;

    /// <summary>Makes a cursor; it keeps its buffers until it is closed.</summary>
    /// <returns>Null when all are taken.</returns>
    internal LogCursor? TryOpenCursor()
    {
        Invariant.Holds(!_isClosed);
        for (int i = 0; i < _cursors.Length; i++)
        {
            if (_cursors[i] is null)
            {
                var cursor = new LogCursor(this, i);
                _cursors[i] = cursor;
                return cursor;
            }
        }

        return null;
    }

    /// <summary>Forgets a cursor that has nothing in flight any more.</summary>
    internal void Forget(int slot) => _cursors[slot] = null;

    private void OnCursor(ulong value, int result)
    {
        LogCursor? cursor = _cursors[value & 0xFF];
        Invariant.Holds(cursor is not null);
        cursor.OnEvent((int)(value >> 8), result);
    }
}
