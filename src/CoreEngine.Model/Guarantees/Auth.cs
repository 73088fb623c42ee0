using System;
using System.Globalization;

namespace CoreEngine.Model.Guarantees;

/// <summary>Whom a reply can convince, from nobody to anybody.</summary>
public enum AuthKind : byte
{
    /// <summary>Nobody beyond those who trust the link.</summary>
    Unauth = 0,

    /// <summary>The two ends that share a key.</summary>
    Mac = 1,

    /// <summary>Anybody who knows the signer's key: one replica says so.</summary>
    Signature = 2,

    /// <summary>Anybody: a quorum says so.</summary>
    Cert = 3,
}

/// <summary>
/// The sixth place of a <see cref="Guarantee"/>: Unauth &lt; Mac &lt; Signature &lt; Cert, each perhaps bound to one
/// epoch.
/// </summary>
/// <remarks>
/// <c>default</c> is Unauth, which is never bound. Bound is weaker than unbound; two epochs do not compare.
/// </remarks>
public readonly record struct Auth
{
    private Auth(AuthKind kind, ulong epoch)
    {
        Kind = kind;
        Epoch = epoch;
    }

    /// <summary>Whom it convinces.</summary>
    public AuthKind Kind { get; }

    /// <summary>The only epoch in which it counts; 0 means every epoch (terms start at 1).</summary>
    public ulong Epoch { get; }

    /// <summary>Auth(π), bound to an epoch or not.</summary>
    /// <param name="kind">Whom it convinces.</param>
    /// <param name="epoch">The only epoch in which it counts, or 0.</param>
    public static Auth By(AuthKind kind, ulong epoch = 0)
    {
        if (kind > AuthKind.Cert)
        {
            throw new ArgumentOutOfRangeException(nameof(kind));
        }

        return kind == AuthKind.Unauth ? default : new(kind, epoch);
    }

    /// <summary>The weaker kind, bound when either is; Unauth when the epochs differ.</summary>
    public Auth Meet(Auth other)
    {
        if (Epoch != 0 && other.Epoch != 0 && Epoch != other.Epoch)
        {
            return default;
        }

        AuthKind kind = Kind < other.Kind ? Kind : other.Kind;
        return By(kind, ulong.Max(Epoch, other.Epoch));
    }

    /// <summary>True when this convinces everybody, and in every epoch, that <paramref name="other"/> does.</summary>
    public bool IsAtLeast(Auth other) =>
        other.Kind == AuthKind.Unauth
        || (Kind >= other.Kind && (Epoch == 0 || Epoch == other.Epoch));

    /// <summary>Unauth, Auth(cert) or Auth(mac@7).</summary>
    public override string ToString()
    {
        string word = Kind switch
        {
            AuthKind.Mac => "mac",
            AuthKind.Signature => "signature",
            _ => "cert",
        };
        if (Kind == AuthKind.Unauth)
        {
            return "Unauth";
        }

        return Epoch == 0
            ? $"Auth({word})"
            : string.Create(CultureInfo.InvariantCulture, $"Auth({word}@{Epoch})");
    }
}
