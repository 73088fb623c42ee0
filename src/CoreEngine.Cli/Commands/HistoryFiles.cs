using System;
using System.Collections.Generic;
using System.IO;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Commands;

/// <summary>History files in and out.</summary>
internal static class HistoryFiles
{
    /// <summary>Reads files and makes one history of them.</summary>
    /// <exception cref="BadInputException">A file is missing or no history, or the files do not fit
    /// together.</exception>
    internal static IReadOnlyList<HistoryEvent> Load(IReadOnlyList<string> paths)
    {
        var histories = new List<IReadOnlyList<HistoryEvent>>();
        foreach (string path in paths)
        {
            if (!File.Exists(path))
            {
                throw new BadInputException(
                    $"{path} does not exist; name a history in JSON Lines, such as the demo's --history writes");
            }

            histories.Add(HistoryReader.TryRead(path, out RecordedHistory? history, out string? reason)
                ? history.Events
                : throw new BadInputException($"{path} is no history: {reason}"));
        }

        return HistoryMerge.TryMerge(histories, out IReadOnlyList<HistoryEvent>? merged, out string? why)
            ? merged
            : throw new BadInputException(
                $"the files are not one history: {why}; give each client process its own --process-base");
    }

    /// <summary>Writes a history for other checkers, to each file that is named.</summary>
    /// <exception cref="BadInputException">The events are no history, or a file cannot be created.</exception>
    internal static void Export(IReadOnlyList<HistoryEvent> events, string? edn, string? porcupine)
    {
        if (edn is not null)
        {
            using FileStream file = Create(edn);
            using var writer = new StreamWriter(file);
            EdnExport.Write(writer, events);
        }

        if (porcupine is not null)
        {
            using var memory = new MemoryStream();
            if (!PorcupineExport.TryWrite(memory, events, out string? reason))
            {
                throw new BadInputException($"{porcupine} is not written, the events are no history: {reason}");
            }

            using FileStream file = Create(porcupine);
            memory.WriteTo(file);
        }
    }

    /// <summary>Writes a merged history.</summary>
    internal static void Save(string path, IReadOnlyList<HistoryEvent> events)
    {
        using var memory = new MemoryStream();
        long time = 0;
        using (var writer = new HistoryWriter(memory, () => time))
        {
            foreach (HistoryEvent e in events)
            {
                time = e.Time;
                if (e.Type == HistoryEventType.Invoke)
                {
                    writer.Invoke(e.Process, e.Function, e.Key, e.Value, e.Expected);
                }
                else
                {
                    writer.Complete(e.Process, e.Type, e.Function, e.Key, e.Value, e.Expected);
                }
            }

            using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
            memory.WriteTo(file);
        }
    }

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be written: {exception.Message}");
        }
    }
}
