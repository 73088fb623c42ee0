using System.Linq;
using CoreEngine.Model.Guarantees;
using FsCheck;
using FsCheck.Fluent;

namespace CoreEngine.Model.Tests;

/// <summary>Random places and vectors. Small domains, so that equal and comparable values meet often.</summary>
internal static class GuaranteeGen
{
    internal static readonly Order[] Orders =
        [.. Enumerable.Range(0, 256).Select(bits => (Order)bits).Where(order => order.IsClosed())];

    internal static Arbitrary<Guarantee> Vectors => Vector.ToArbitrary();

    internal static Arbitrary<Guarantee[]> Paths =>
        Gen.ArrayOf(Vector).Where(path => path.Length > 0).ToArbitrary();

    internal static Arbitrary<(Guarantee A, Guarantee B, Guarantee C)> Triples =>
        (from a in Vector from b in Vector from c in Vector select (a, b, c)).ToArbitrary();

    private static Gen<Recency> Recencies => Gen.OneOf(
        Gen.Constant(default(Recency)),
        Gen.Constant(Recency.Eventual),
        from versions in Gen.Elements(0u, 1u, 7u, Recency.AnyVersions - 1, Recency.AnyVersions)
        from age in Gen.Elements(0ul, 5ul, 1_000_000ul, Recency.AnyAge - 1, Recency.AnyAge)
        select Recency.Bounded(versions, age),
        from assumptions in Gen.Choose(0, (int)FreshAssumptions.All)
        select Recency.Fresh((FreshAssumptions)assumptions));

    private static Gen<Idempotence> Idempotences =>
        from keys in Gen.Choose(0, (int)KeySpaces.All)
        from retention in Gen.Elements(0u, 1u, 3600u, Idempotence.Always)
        select Idempotence.Idem((KeySpaces)keys, retention);

    private static Gen<Auth> Auths =>
        from kind in Gen.Choose(0, (int)AuthKind.Cert)
        from epoch in Gen.Elements(0ul, 1ul, 2ul)
        select Auth.By((AuthKind)kind, epoch);

    private static Gen<Guarantee> Vector =>
        from scope in Gen.Choose(0, (int)Scope.Global)
        from order in Gen.Elements(Orders)
        from visibility in Gen.Choose(0, (int)Visibility.Serializable)
        from recency in Recencies
        from idempotence in Idempotences
        from auth in Auths
        select new Guarantee((Scope)scope, order, (Visibility)visibility, recency, idempotence, auth);
}
