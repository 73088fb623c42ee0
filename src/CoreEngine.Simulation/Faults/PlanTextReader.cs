using System;
using System.Collections.Generic;
using System.Globalization;

namespace CoreEngine.Simulation.Faults;

/// <summary>Reads what <see cref="PlanText"/> writes. Bad text gives a reason, never an exception.</summary>
internal sealed class PlanTextReader
{
    private const uint ReplicasMax = 64;
    private const decimal SecondsMax = 1_000_000;

    private readonly List<uint> _core = [];
    private readonly List<Fault> _faults = [];
    private readonly List<Operation> _operations = [];
    private ulong? _seed;
    private int? _replicas;
    private int? _founders;
    private long? _faultsNs;
    private NetworkFaults? _network;
    private DiskTiming? _disk;
    private string _reason = "";

    private PlanTextReader()
    {
    }

    /// <summary>Reads a plan.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="plan">The plan; null when the result is false.</param>
    /// <param name="reason">What is wrong, and in which line; empty when the result is true.</param>
    internal static bool TryRead(string text, out FaultPlan? plan, out string reason)
    {
        plan = null;
        reason = "";
        var reader = new PlanTextReader();
        string[] lines = text.Split('\n');
        if (lines[0].Trim() != PlanText.Title)
        {
            reason = $"line 1 is not '{PlanText.Title}': give a file that 'coreengine simulate --shrink' wrote";
            return false;
        }

        for (int i = 1; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length > 0 && line[0] != '#' && !reader.TryLine(line.Split(' ')))
            {
                reason = string.Create(CultureInfo.InvariantCulture, $"line {i + 1}: {reader._reason}: '{line}'");
                return false;
            }
        }

        return reader.TryFinish(out plan, out reason);
    }

    private bool TryFinish(out FaultPlan? plan, out string reason)
    {
        plan = null;
        reason = "";
        if (_seed is not { } seed || _replicas is not { } replicas || _faultsNs is not { } faultsNs
            || _network is null || _disk is null)
        {
            reason = "one of the lines seed, replicas, faults-for, network and disk is missing";
            return false;
        }

        if (_founders > replicas || !AreNamed(replicas))
        {
            reason = string.Create(
                CultureInfo.InvariantCulture, $"a line names a replica that is not one of 1 to {replicas}");
            return false;
        }

        plan = new FaultPlan
        {
            Seed = seed,
            Replicas = replicas,
            Founders = _founders ?? replicas,
            FaultsNs = faultsNs,
            Network = _network,
            Disk = _disk,
            Core = _core,
            Faults = InOrder(_faults, static fault => fault.At),
            Operations = InOrder(_operations, static operation => operation.At),
        };
        return true;
    }

    private bool AreNamed(int replicas)
    {
        bool named = true;
        foreach (uint replica in _core)
        {
            named &= replica >= 1 && replica <= replicas;
        }

        foreach (Fault fault in _faults)
        {
            named &= fault.Replica >= 1 && fault.Replica <= replicas && fault.Other <= replicas;
        }

        foreach (Operation operation in _operations)
        {
            named &= operation.Replica >= 1 && operation.Replica <= replicas;
        }

        return named;
    }

    /// <summary>Stable: what stands at one instant keeps its order.</summary>
    private static List<T> InOrder<T>(List<T> items, Func<T, Instant> at)
    {
        var order = new int[items.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (left, right) =>
        {
            int time = at(items[left]).CompareTo(at(items[right]));
            return time != 0 ? time : left.CompareTo(right);
        });
        var sorted = new List<T>(items.Count);
        foreach (int i in order)
        {
            sorted.Add(items[i]);
        }

        return sorted;
    }

    private bool TryLine(string[] words) => words[0] switch
    {
        "seed" => words.Length == 2 && TryNumber(words[1], out ulong seed) && Set(ref _seed, seed),
        "replicas" => words.Length == 2 && TryNumber(words[1], out ulong replicas)
            && TryBound(replicas, 1, ReplicasMax) && Set(ref _replicas, (int)replicas),
        "founders" => words.Length == 2 && TryNumber(words[1], out ulong founders)
            && TryBound(founders, 1, ReplicasMax) && Set(ref _founders, (int)founders),
        "faults-for" => words.Length == 2 && TryTime(words[1], out long time) && Set(ref _faultsNs, time),
        "network" => TryNetwork(words),
        "disk" => TryDisk(words),
        "core" => TryCore(words),
        "fault" => TryFault(words),
        "operation" => TryOperation(words),
        _ => Fail($"'{words[0]}' begins no line of a plan"),
    } || Fail("the line is not complete");

    private bool TryNetwork(string[] words)
    {
        if (!TryNames(words, 1, "loss duplicate delay-min delay-max slow slow-max")
            || !TryNumber(words[2], out ulong loss) || !TryNumber(words[4], out ulong duplicate)
            || !TryTime(words[6], out long delayMin) || !TryTime(words[8], out long delayMax)
            || !TryNumber(words[10], out ulong slow) || !TryTime(words[12], out long slowMax))
        {
            return false;
        }

        _network = new NetworkFaults((int)loss, (int)duplicate, delayMin, delayMax, (int)slow, slowMax);
        return (TryBound(loss, 0, 100) && TryBound(duplicate, 0, 100) && TryBound(slow, 0, 100)
            && delayMin < delayMax && slowMax > 0) || Fail("a percentage above 100, or a delay without room");
    }

    private bool TryDisk(string[] words)
    {
        if (!TryNames(words, 1, "write-min write-max read")
            || !TryTime(words[2], out long writeMin) || !TryTime(words[4], out long writeMax)
            || !TryTime(words[6], out long read))
        {
            return false;
        }

        _disk = new DiskTiming(writeMin, writeMax, read);
        return writeMin < writeMax || Fail("write-min must be below write-max");
    }

    private bool TryCore(string[] words)
    {
        for (int i = 1; i < words.Length; i++)
        {
            if (!TryNumber(words[i], out ulong replica) || !TryBound(replica, 1, ReplicasMax))
            {
                return false;
            }

            _core.Add((uint)replica);
        }

        return true;
    }

    private bool TryFault(string[] words)
    {
        if (words.Length < 6 || words.Length % 2 != 0 || words[4] != "for"
            || !TryInstant(words[1], out Instant at) || !TryReplica(words[3], out uint replica)
            || !TryTime(words[5], out long duration))
        {
            return false;
        }

        if (!Enum.TryParse(words[2], out FaultKind kind) || !Enum.IsDefined(kind))
        {
            return Fail($"'{words[2]}' is no fault");
        }

        var fault = new Fault(at, kind, replica, duration);
        for (int i = 6; i < words.Length; i += 2)
        {
            if (!TryDetail(words[i], words[i + 1], ref fault))
            {
                return false;
            }
        }

        _faults.Add(fault);
        return true;
    }

    private bool TryDetail(string name, string value, ref Fault fault)
    {
        switch (name)
        {
            case "other" when TryReplica(value, out uint other):
                fault = fault with { Other = other };
                return true;
            case "amount" when long.TryParse(
                value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long amount):
                fault = fault with { Amount = amount };
                return true;
            case "site" when Enum.TryParse(value, out BuggifySite site) && Enum.IsDefined(site):
                fault = fault with { Site = site };
                return true;
            default:
                return Fail($"'{name} {value}' says nothing about a fault");
        }
    }

    private bool TryOperation(string[] words)
    {
        if (words.Length < 4 || !TryInstant(words[1], out Instant at) || !TryReplica(words[3], out uint replica))
        {
            return false;
        }

        if (words[2] == nameof(OperationKind.Read) && words.Length == 4)
        {
            _operations.Add(new Operation(at, OperationKind.Read, replica, 0));
            return true;
        }

        bool isValued = words.Length == 6 && words[4] == "value";
        if (!isValued || !TryKind(words[2], out OperationKind kind) || !TryNumber(words[5], out ulong value)
            || (kind == OperationKind.Read && value > (ulong)ReadLevel.AsOf))
        {
            return Fail($"'{words[2]}' is no operation");
        }

        _operations.Add(new Operation(at, kind, replica, value));
        return true;
    }

    private static bool TryKind(string word, out OperationKind kind)
    {
        kind = word == nameof(OperationKind.Read) ? OperationKind.Read
            : word == nameof(OperationKind.Session) ? OperationKind.Session
            : OperationKind.Propose;
        return kind != OperationKind.Propose || word == nameof(OperationKind.Propose);
    }

    private static bool TryNames(string[] words, int first, string names)
    {
        string[] wanted = names.Split(' ');
        if (words.Length != first + (2 * wanted.Length))
        {
            return false;
        }

        for (int i = 0; i < wanted.Length; i++)
        {
            if (words[first + (2 * i)] != wanted[i])
            {
                return false;
            }
        }

        return true;
    }

    private bool TryReplica(string word, out uint replica)
    {
        bool isNumber = TryNumber(word, out ulong number);
        replica = isNumber && number is >= 1 and <= ReplicasMax ? (uint)number : 0;
        return replica > 0 || Fail($"'{word}' is no replica");
    }

    private bool TryInstant(string word, out Instant at)
    {
        string[] parts = word.Split('+');
        at = default;
        if (parts.Length > 2 || !TryTime(parts[0], out long time))
        {
            return Fail($"'{word}' is no time");
        }

        int pass = 0;
        if (parts.Length == 2
            && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out pass))
        {
            return Fail($"'{word}' is no time");
        }

        at = new Instant(time, pass);
        return true;
    }

    private bool TryTime(string word, out long nanoseconds)
    {
        nanoseconds = 0;
        if (!decimal.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            || seconds > SecondsMax)
        {
            return Fail($"'{word}' is no time in seconds");
        }

        nanoseconds = (long)(seconds * 1_000_000_000m);
        return true;
    }

    private bool TryNumber(string word, out ulong number) =>
        ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        || Fail($"'{word}' is no number");

    private bool TryBound(ulong number, ulong low, ulong high) =>
        (number >= low && number <= high) || Fail($"{number} is not in {low} to {high}");

    private static bool Set<T>(ref T? field, T value)
        where T : struct
    {
        field = value;
        return true;
    }

    /// <summary>Keeps the first reason of a line.</summary>
    private bool Fail(string reason)
    {
        _reason = _reason.Length == 0 ? reason : _reason;
        return false;
    }
}
