using System;
using System.Collections.Generic;
using System.Net;
using System.Text.Json;

namespace CoreEngine.Cli.Config;

/// <summary>
/// Walks a JSON object field by field; knows where it is, so that a complaint names setting and line.
/// </summary>
/// <remarks>Values of a wrong kind become complaints and defaults; text that is no JSON throws <see
/// cref="JsonException"/>.</remarks>
internal ref struct JsonFields
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly Complaints _complaints;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private Utf8JsonReader _json;
    private HashSet<string>? _peer;
    private string _key = string.Empty;

    internal JsonFields(Utf8JsonReader json, ReadOnlySpan<byte> bytes, Complaints complaints)
    {
        _json = json;
        _bytes = bytes;
        _complaints = complaints;
    }

    private readonly string Setting => _peer is null ? _key : _key.Length > 0 ? $"peers.{_key}" : "peers";

    /// <summary>Enters the outermost object.</summary>
    internal bool Begin() => _json.Read() && _json.TokenType == JsonTokenType.StartObject;

    /// <summary>Goes to the next field of the object at hand and onto its value. False at the object's end.</summary>
    internal bool Next(out string key)
    {
        key = string.Empty;
        if (!_json.Read() || _json.TokenType != JsonTokenType.PropertyName)
        {
            if (_peer is null)
            {
                // Reading on proves that nothing stands behind the object.
                _json.Read();
            }

            return false;
        }

        key = _json.GetString() ?? string.Empty;
        _key = key;
        if (!(_peer ?? _seen).Add(key))
        {
            Complain("stands there twice; keep one of them");
        }

        _json.Read();
        return true;
    }

    /// <summary>Whether the outermost object held this key.</summary>
    internal readonly bool Has(string key) => _seen.Contains(key);

    /// <summary>True when the value is a list: the reader stands before its first element.</summary>
    internal readonly bool BeginArray() => _json.TokenType == JsonTokenType.StartArray;

    /// <summary>Enters the next object of the list. False at the list's end.</summary>
    internal bool NextObject()
    {
        _key = string.Empty;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            _peer = new HashSet<string>(StringComparer.Ordinal);
            if (_json.TokenType == JsonTokenType.StartObject)
            {
                return true;
            }

            Complain("holds something that is no { \"replica\": ..., \"address\": ... }");
            Skip();
            _peer = null;
        }

        return false;
    }

    /// <summary>Leaves an object of the list, and names what it lacks.</summary>
    internal void EndPeer()
    {
        foreach (string key in (ReadOnlySpan<string>)["replica", "address"])
        {
            _key = key;
            if (!_peer!.Contains(key))
            {
                Complain("is missing; a peer has replica and address");
            }
        }

        _peer = null;
    }

    internal string Text()
    {
        if (_json.TokenType == JsonTokenType.String && _json.GetString() is { Length: > 0 } text)
        {
            return text;
        }

        Reject("must be a text in quotes, not empty");
        return string.Empty;
    }

    internal IPEndPoint Endpoint()
    {
        if (_json.TokenType == JsonTokenType.String
            && EndpointText.TryParse(_json.GetString()!, out IPEndPoint? endpoint))
        {
            return endpoint;
        }

        Reject($"is no address; {EndpointText.Remedy}");
        return new IPEndPoint(IPAddress.Loopback, 0);
    }

    /// <summary>A value that is true or false; else complains.</summary>
    internal bool Flag()
    {
        if (_json.TokenType is JsonTokenType.True or JsonTokenType.False)
        {
            return _json.GetBoolean();
        }

        Reject("must be true or false");
        return false;
    }

    internal int Whole() => (int)Number(int.MinValue, int.MaxValue);

    internal long Number(long low, long high)
    {
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out long number) && number >= low
            && number <= high)
        {
            return number;
        }

        Reject($"must be a whole number from {low} to {high}");
        return 0;
    }

    internal void Skip() => _json.Skip();

    internal readonly void Complain(string complaint) => _complaints.Add(Setting, complaint, Line());

    /// <summary>The value is of a wrong kind: it is passed over whole, so that reading goes on behind it.</summary>
    private void Reject(string complaint)
    {
        Complain(complaint);
        _json.Skip();
    }

    private readonly int Line() => 1 + _bytes[..(int)_json.TokenStartIndex].Count((byte)'\n');
}
