// Goal: the C library reads and writes nothing that is not its own, on any path. Method: its test program, built with
// AddressSanitizer and UBSan, on a real file and a real ring.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Xunit;

namespace CoreEngine.IO.Tests.Ring;

public class NativeLibraryTests
{
    [CompilerFact]
    public async Task Native_TheTestProgramFindsNothing_UnderSanitizers()
    {
        using var directory = new ScratchDirectory();
        string build = Path.Combine(directory.Path, "build");
        await RunAsync("cmake", "-S", Path.Combine(Root(), "native"), "-B", build, "-DCE_TEST=ON");
        await RunAsync("cmake", "--build", build, "--target", "test_native");
        string output = await RunAsync(
            Path.Combine(build, "test_native"), Path.Combine(directory.Path, "file"));
        Assert.EndsWith("0 failures", output.TrimEnd(), StringComparison.Ordinal);
    }

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "CoreEngine.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests do not run from within the repository.");
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {errors}{await output}");
        return await output;
    }

    /// <summary>A test that builds the C library.</summary>
    private sealed class CompilerFactAttribute : FactAttribute
    {
        public CompilerFactAttribute() => Skip =
            Exists("cmake") && Exists("cc") ? null : "cmake or a C compiler is missing (apt-get install cmake gcc)";

        private static bool Exists(string program)
        {
            string[] places = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
            return Array.Exists(places, place => File.Exists(Path.Combine(place, program)));
        }
    }
}
