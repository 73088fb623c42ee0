using System.ComponentModel;
using System.Diagnostics;
using System.Threading.Tasks;

namespace CoreEngine.Nemesis.Machine;

/// <summary>Runs the programs that make and unmake faults.</summary>
internal static class Shell
{
    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="NemesisException">It failed, with its last words.</exception>
    internal static void Run(string program, params string[] arguments)
    {
        if (TryRun(out string words, program, arguments) is false)
        {
            throw new NemesisException($"{program} {string.Join(' ', arguments)}: {words}");
        }
    }

    /// <summary>Runs a program to its end; false when it is missing or fails, with what it said.</summary>
    internal static bool TryRun(out string words, string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            words = process.StandardOutput.ReadToEnd().Trim();
            string complaint = errors.GetAwaiter().GetResult().Trim();
            process.WaitForExit();
            words = complaint.Length > 0 ? complaint : words;
            return process.ExitCode == 0;
        }
        catch (Win32Exception error)
        {
            words = error.Message;
            return false;
        }
    }
}
