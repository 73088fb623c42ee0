using System;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Is shown every sound record of the log, in the order in which it was written, and what is damaged, while a log
/// opens.
/// </summary>
internal interface ILogVisitor
{
    /// <param name="header">Already checked.</param>
    /// <param name="record">Header, body and padding; valid during the call only.</param>
    void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record);

    /// <summary>Records stood here that cannot be read any more. Comes at their place in the order.</summary>
    void OnDamage(LogDamage damage);
}
