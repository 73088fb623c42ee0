using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace CoreEngine.Cli.Config;

/// <summary>An address and port in text: <c>127.0.0.1:7001</c>, <c>[::1]:7001</c> or <c>localhost:7001</c>.</summary>
internal static class EndpointText
{
    /// <summary>What an address must look like, for messages.</summary>
    internal const string Remedy = "write ADDRESS:PORT with a numeric address, such as 127.0.0.1:7101 or [::1]:7101";

    /// <summary>
    /// Reads an endpoint; names are not looked up, except localhost. Port 0 is no endpoint to connect to.
    /// </summary>
    internal static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        const string Local = "localhost:";
        if (text.StartsWith(Local, System.StringComparison.OrdinalIgnoreCase))
        {
            text = string.Concat("127.0.0.1:", text[Local.Length..]);
        }

        // Without a colon behind the address the parser would take port 0 silently.
        endpoint = null;
        int colon = text.LastIndexOf(':');
        bool hasPort = colon > 0
            && (text[colon - 1] == ']' || text.IndexOf(':', System.StringComparison.Ordinal) == colon);
        return hasPort && IPEndPoint.TryParse(text, out endpoint) && endpoint.Port > 0;
    }
}
