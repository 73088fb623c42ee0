using System;
using CoreEngine.Cli.KeyValue;

namespace CoreEngine.Cli.Tests.KeyValue;

/// <summary>Encoded commands for tests.</summary>
internal static class Commands
{
    internal static byte[] Make(KeyValueOperation operation, params byte[][] parts)
    {
        int size = 1;
        foreach (byte[] part in parts)
        {
            size += KeyValueCommandWriter.SizeOf(part.Length);
        }

        byte[] bytes = new byte[size];
        var writer = new KeyValueCommandWriter(bytes, operation);
        foreach (byte[] part in parts)
        {
            if (!writer.TryAdd(part))
            {
                throw new ArgumentException("The part does not fit.");
            }
        }

        return bytes;
    }
}
