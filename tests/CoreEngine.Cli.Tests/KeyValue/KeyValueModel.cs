using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Model;

namespace CoreEngine.Cli.Tests.KeyValue;

/// <summary>What the store must do, over a dictionary of strings (one char a byte), charges included.</summary>
internal sealed class KeyValueModel(long memoryBytesMax)
{
    internal const int Keys = 60;

    internal Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    internal long Charged { get; private set; }

    internal static string Name(int key) => key == 0 ? string.Empty : $"\0key\u00ff{key}{new string('.', key % 7)}";

    /// <summary>Draws a command, runs it here and says what the store must reply.</summary>
    internal byte[] Draw(Prng prng, int sizeMax, out string reply)
    {
        var operation = (KeyValueOperation)prng.Between(1, 8);
        string key = Name((int)prng.Between(0, Keys));
        string value = DrawValue(prng, sizeMax);
        string[] parts = [key];
        switch (operation)
        {
            case KeyValueOperation.Delete:
                parts = [key, Name((int)prng.Between(0, Keys)), Name((int)prng.Between(0, Keys))];
                reply = Delete(parts);
                break;
            case KeyValueOperation.Increment:
                reply = Increment(key);
                break;
            case KeyValueOperation.Append:
                parts = [key, value];
                string whole = Values.GetValueOrDefault(key, string.Empty) + value;
                reply = whole.Length > KeyValueCommand.ValueBytesMax
                    ? "ValueTooLarge"
                    : Write(key, whole, $"{whole.Length}");
                break;
            case KeyValueOperation.CompareAndSet:
                string old = prng.Chance(1, 2) ? Values.GetValueOrDefault(key, "?") : "other";
                parts = [key, old, value];
                bool isMatch = Values.TryGetValue(key, out string? held) && held == old;
                reply = isMatch ? Write(key, value, "1") : "0";
                break;
            default:
                parts = [key, value];
                bool mayWrite = operation == KeyValueOperation.Set ||
                    Values.ContainsKey(key) == (operation == KeyValueOperation.SetIfPresent);
                reply = mayWrite ? Write(key, value, "ok") : "nil";
                break;
        }

        return Commands.Make(operation, Array.ConvertAll(parts, Encoding.Latin1.GetBytes));
    }

    private static string DrawValue(Prng prng, int sizeMax)
    {
        if (prng.Chance(1, 3))
        {
            return prng.Between(-20, 20).ToString(CultureInfo.InvariantCulture);
        }

        return new string((char)prng.Between(0, 256), (int)prng.Between(0, sizeMax));
    }

    private static long Charge(string key, string value) => BlockArena.CapacityOf(key.Length, value.Length) + 48;

    private string Delete(string[] keys)
    {
        int count = 0;
        foreach (string key in keys)
        {
            if (Values.Remove(key, out string? value))
            {
                Charged -= Charge(key, value);
                count++;
            }
        }

        return $"{count}";
    }

    private string Increment(string key)
    {
        string text = Values.GetValueOrDefault(key, "0");
        bool isNumber =
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) &&
            number.ToString(CultureInfo.InvariantCulture) == text;
        string next = isNumber ? (number + 1).ToString(CultureInfo.InvariantCulture) : string.Empty;
        return isNumber ? Write(key, next, next) : "NotAnInteger";
    }

    private string Write(string key, string value, string reply)
    {
        long change = Charge(key, value) - (Values.TryGetValue(key, out string? held) ? Charge(key, held) : 0);
        if (change > 0 && Charged + change > memoryBytesMax)
        {
            return "OutOfMemory";
        }

        Charged += change;
        Values[key] = value;
        return reply;
    }
}
