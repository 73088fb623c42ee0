namespace CoreEngine.IO.Transport;

/// <summary>
/// The fields of a frame that its user fills in or reads; lengths, checksums, version and cluster hash are the
/// transport's.
/// </summary>
/// <remarks>
/// 64 bytes on the wire, little endian: <c>u32 length | u32 headerCrc | u8 version | u8 type | u16 flags | u32 group
/// | u32 from | u32 to |
/// u64 term | u64 sequence | u64 correlation | u32 bodyLength | u32 bodyCrc | u64 clusterHash</c>.
/// </remarks>
/// <param name="Type">Below 16: the transport's own. Else the protocol's message type.</param>
internal readonly record struct FrameHeader(
    byte Type, ushort Flags, uint Group, uint From, uint To, ulong Term, ulong Sequence, ulong Correlation);
