using System.Globalization;

namespace CoreEngine.IO.Log;

/// <summary>
/// Why the log stopped for good. What the medium holds is unknown; nothing is tried again and nothing is acknowledged
/// any more.
/// </summary>
/// <param name="Errno">The system's error; <see cref="Ring.Errno.Io"/> for a short write.</param>
/// <param name="File">Name of the file.</param>
/// <param name="Offset">Byte in the file.</param>
/// <param name="Operation">What failed.</param>
internal sealed record LogFault(int Errno, string File, long Offset, string Operation)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Operation} of {File} at byte {Offset} failed ({Ring.Errno.Text(Errno)}). ")
        + "The log stopped; restart the replica to read what the medium holds.";
}
