using System;

namespace CoreEngine.Model.Guarantees;

/// <summary>In which order operations appear, as the set of facts that hold. The meet is the intersection.</summary>
/// <remarks>
/// Not a chain: the session facts are independent of each other and of PerObject (Terry and others 1994), all four
/// together are Causal
/// (Brzezinski and others 2004), PerObject and Causal do not compare, and Total implies both. A set is lawful when it
/// is closed:
/// <see cref="Total"/>, <see cref="Linearizable"/> and <see cref="StrictSerializable"/> each hold everything below
/// them.
/// </remarks>
[Flags]
public enum Order : byte
{
    /// <summary>No order is promised.</summary>
    None = 0,

    /// <summary>All operations on one object appear in one order, which keeps each client's own.</summary>
    PerObject = 1 << 0,

    /// <summary>RYW: a client sees its own earlier writes.</summary>
    ReadYourWrites = 1 << 1,

    /// <summary>MR: what a client has seen it does not lose from sight.</summary>
    MonotonicReads = 1 << 2,

    /// <summary>MW: a client's writes appear in the order in which it made them.</summary>
    MonotonicWrites = 1 << 3,

    /// <summary>WFR: a write appears after the writes that its client had seen.</summary>
    WritesFollowReads = 1 << 4,

    /// <summary>All four session facts.</summary>
    Causal = ReadYourWrites | MonotonicReads | MonotonicWrites | WritesFollowReads,

    /// <summary>All operations appear in one order. Implies PerObject and Causal.</summary>
    OneOrder = 1 << 5,

    /// <summary>What ended before another began appears before it. Implies Total.</summary>
    RealTime = 1 << 6,

    /// <summary>Whole transactions take one place in the order. Implies Linearizable.</summary>
    WholeTransactions = 1 << 7,

    /// <summary>One order of all operations that keeps each client's own (sequential consistency).</summary>
    Total = PerObject | Causal | OneOrder,

    /// <summary>Lx: a total order that also keeps real time (linearizability).</summary>
    Linearizable = Total | RealTime,

    /// <summary>SS: the same of whole transactions (strict serializability).</summary>
    StrictSerializable = Linearizable | WholeTransactions,
}

/// <summary>What <see cref="Order"/> cannot say as an enum.</summary>
public static class OrderFacts
{
    /// <summary>True when the set holds everything that its strongest fact implies.</summary>
    public static bool IsClosed(this Order order) =>
        Holds(order, Order.WholeTransactions, Order.StrictSerializable)
        && Holds(order, Order.RealTime, Order.Linearizable)
        && Holds(order, Order.OneOrder, Order.Total);

    /// <summary>The field's short word, or the facts joined by a plus.</summary>
    public static string Word(this Order order)
    {
        switch (order)
        {
            case Order.None: return "None";
            case Order.Causal: return "Causal";
            case Order.Total: return "Total";
            case Order.Linearizable: return "Lx";
            case Order.StrictSerializable: return "SS";
            default: break;
        }

        string words = string.Empty;
        words = Join(words, order, Order.PerObject, "PerObject");
        if (order.HasFlag(Order.Causal))
        {
            return Join(words, order, Order.Causal, "Causal");
        }

        words = Join(words, order, Order.ReadYourWrites, "RYW");
        words = Join(words, order, Order.MonotonicReads, "MR");
        words = Join(words, order, Order.MonotonicWrites, "MW");
        return Join(words, order, Order.WritesFollowReads, "WFR");
    }

    private static bool Holds(Order order, Order fact, Order implied) =>
        !order.HasFlag(fact) || order.HasFlag(implied);

    private static string Join(string words, Order order, Order fact, string word)
    {
        if (!order.HasFlag(fact))
        {
            return words;
        }

        return words.Length == 0 ? word : $"{words}+{word}";
    }
}
