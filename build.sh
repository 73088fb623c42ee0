#!/usr/bin/env bash
# Builds, demonstrates, tests and measures CoreEngine.
#   ./build.sh                  builds everything, leaves the tool at out/coreengine
#   ./build.sh demo [args]      builds, then runs the demonstration
#   ./build.sh test [args]      builds, then runs all tests; args go to "dotnet test" (such as --filter Raft_S1)
#   ./build.sh bench [args]     builds, then runs the load tool
#   ./build.sh nemesis [--minutes M] [--seed S]
#                               builds, then breaks real replicas by all means of this machine, and judges them
#   ./build.sh mutants [args]   builds, then plants one bug after another: each must be found; --search, --only Name
#   ./build.sh check            verifies the format, then builds
# Missing tools are installed through apt-get when that is allowed; only the .NET SDK is required.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
configuration=Release
framework=net10.0
sdk_package=dotnet-sdk-10.0

# English output, for the sums below; no build servers that outlive the script and hold its output open.
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "build.sh: $*"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# True for root, and for one who may become root without being asked.
may_install() {
    has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }
}

apt() {
    local become=()
    [ "$(id -u)" = 0 ] || become=(sudo -n)
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 "$@" >/dev/null 2>&1
}

# The first try goes by the package lists that are there, the second by fresh ones. Says nothing when it may not.
install() {
    may_install || return 1
    say "installing $*"
    apt install -y --no-install-recommends "$@" || { apt update && apt install -y --no-install-recommends "$@"; }
    hash -r
}

# Packages of the tools that are not there. Arguments: command:package, or path:package.
missing() {
    local pair
    for pair in "$@"; do
        has "${pair%%:*}" || [ -e "${pair%%:*}" ] || printf '%s\n' "${pair#*:}"
    done | sort -u
}

# True when an SDK is there that global.json accepts.
has_sdk() { has dotnet && (cd "$root" && dotnet --version) >/dev/null 2>&1; }

need_sdk() {
    local place
    for place in "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet; do
        has_sdk && break
        [ -x "$place/dotnet" ] && PATH="$place:$PATH"
    done
    if ! has_sdk; then
        install "$sdk_package" || true
        has_sdk || stop "the .NET 10 SDK is required: install $sdk_package, or see https://dot.net/download"
    fi

    # Programs started by their own name look for the runtime here, also where it was not installed system-wide.
    local home
    home=$(dirname "$(readlink -f "$(command -v dotnet)")")
    if [ -z "${DOTNET_ROOT:-}" ] && [ -d "$home/shared/Microsoft.NETCore.App" ]; then
        export DOTNET_ROOT=$home
    fi
}

# Tools without which something is left out. Arguments: what is left out, then command:package pairs.
want() {
    local consequence=$1 packages
    shift
    packages=$(missing "$@" | xargs)
    [ -n "$packages" ] || return 0
    # shellcheck disable=SC2086
    install $packages || true
    packages=$(missing "$@" | xargs)
    [ -z "$packages" ] || say "build.sh: install $packages (apt-get install $packages); without: $consequence"
}

want_compiler() {
    want "no native library, the portable ring calls libc directly" \
        cmake:cmake make:make cc:gcc /usr/include/stdio.h:libc6-dev
    want "snapshots are written uncompressed" /usr/include/lz4.h:liblz4-dev
}

want_test_tools() {
    want "tests that need them are skipped" strace:strace spin:spin redis-cli:redis-tools redis-benchmark:redis-tools
    want_nemesis_tools
}

want_nemesis_tools() {
    want "the faults that need them are left out: cut networks, power cuts, failing disk calls" \
        ip:iproute2 nft:nftables nsenter:util-linux mkfs.ext4:e2fsprogs fallocate:util-linux strace:strace
}

# Says nothing when all is well; else each error once.
compile() {
    local log
    log=$(mktemp)
    if (cd "$root" && dotnet build CoreEngine.sln -c "$configuration" --nologo -v q) >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    grep -E '(error|warning) [A-Z]+[0-9]+' "$log" | sed 's/ *\[[^]]*proj\]$//' | sort -u >&2 || cat "$log" >&2
    rm -f "$log"
    return 1
}

# Puts the tool into out/: a new folder takes the place of the old one, so that a replica that still runs keeps its files.
lay_out() {
    local built=$root/src/CoreEngine.Cli/bin/$configuration/$framework out=$root/out
    mkdir -p "$out"
    rm -rf "$out/cli.new"
    cp -R "$built" "$out/cli.new"
    rm -rf "$out/cli"
    mv "$out/cli.new" "$out/cli"
    cat >"$out/coreengine.new" <<'WRAPPER'
#!/bin/sh
# Starts the tool; finds the runtime also where it was not installed system-wide.
here=$(dirname "$(readlink -f "$0")")
if [ -z "$DOTNET_ROOT" ]; then
    home=$(dirname "$(readlink -f "$(command -v dotnet)")")
    if [ -d "$home/shared/Microsoft.NETCore.App" ]; then
        export DOTNET_ROOT="$home"
    fi
fi
exec "$here/cli/CoreEngine.Cli" "$@"
WRAPPER
    chmod +x "$out/coreengine.new"
    mv "$out/coreengine.new" "$out/coreengine"
}

build() {
    need_sdk
    want_compiler
    compile || stop "the build failed"
    lay_out
}

# Lines KEY=VALUE of the project's test.env: what that project's tests need and no other's.
environment_of() {
    if [ -f "$1/test.env" ]; then
        grep -E '^[A-Za-z_][A-Za-z0-9_]*=' "$1/test.env"
    fi
}

# The number behind a word of the runner's last line, such as "Passed!  - Failed: 0, Passed: 12, Skipped: 0"; 0 without one.
count() {
    local number
    number=$(sed -n "s/^[A-Z][a-z]*! *- .*$1: *\([0-9][0-9]*\),.*\$/\1/p" "$2" | tail -n 1)
    printf '%s\n' "${number:-0}"
}

test_projects() {
    sed -n 's/^Project(.*"\(tests[^"]*\.csproj\)".*$/\1/p' "$root/CoreEngine.sln" | tr '\\' '/' | sort
}

# One project; its output goes to the screen and to the log. Its exit code is the runner's.
run_project() {
    local project=$1 log=$2 settings
    shift 2
    local totals=$root/$(dirname "$project")/bin/$configuration/$framework/commit-run.txt
    rm -f "$totals"
    mapfile -t settings < <(environment_of "$root/$(dirname "$project")")
    printf '%s\n' "== $(basename "$project" .csproj)${settings[*]:+ (${settings[*]})}"
    set +e
    (cd "$root" && env "${settings[@]}" dotnet test "$project" -c "$configuration" --no-build --nologo \
        --blame-hang-timeout 12m --blame-hang-dump-type none --results-directory "$root/out/test-results" "$@") 2>&1 \
        | tee "$log" \
        | grep -v -e '^Test run for' -e '^A total of' -e '^$' -e '^Additionally, path' -e "^Data collector 'Blame'"
    local status=${PIPESTATUS[0]}
    set -e
    [ ! -f "$totals" ] || printf '  %s\n' "a commit's run: $(cat "$totals")"
    return "$status"
}

# The tool as a Debug build too: a seed of the simulator must be the same run in both.
build_debug_tool() {
    if (cd "$root" && dotnet build src/CoreEngine.Cli -c Debug --nologo -v q -p:RunAnalyzers=false) >/dev/null 2>&1; then
        export COREENGINE_DEBUG_TOOL=$root/src/CoreEngine.Cli/bin/Debug/$framework/CoreEngine.Cli.dll
    else
        say "build.sh: the Debug build of the tool failed; without: the test that compares it is skipped"
    fi
}

# The projects one after the other; the last line is the sum.
run_tests() {
    local passed=0 failed=0 skipped=0 project log broken
    log=$(mktemp)
    for project in $(test_projects); do
        broken=0
        run_project "$project" "$log" "$@" || broken=1
        # A run that broke off without counting a failure is a failure all the same.
        [ "$broken" = 0 ] || [ "$(count Failed "$log")" != 0 ] || failed=$((failed + 1))
        failed=$((failed + $(count Failed "$log")))
        passed=$((passed + $(count Passed "$log")))
        skipped=$((skipped + $(count Skipped "$log")))
    done
    rm -f "$log"
    [ $((passed + failed)) != 0 ] || say "build.sh: no test ran"
    printf '%s\n' "$passed passed, $failed failed$([ "$skipped" = 0 ] || printf ', %s skipped' "$skipped")"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

main() {
    local command=${1:-build}
    [ $# = 0 ] || shift
    case $command in
        build) build ;;
        demo)
            build
            exec "$root/out/coreengine" demo "$@"
            ;;
        test)
            want_test_tools
            build
            build_debug_tool
            run_tests "$@"
            ;;
        bench)
            build
            exec "$root/bench/CoreEngine.Load/bin/$configuration/$framework/CoreEngine.Load" "$@"
            ;;
        nemesis)
            want_nemesis_tools
            build
            exec env $(environment_of "$root/tests/CoreEngine.Nemesis") \
                dotnet "$root/tests/CoreEngine.Nemesis/bin/$configuration/$framework/CoreEngine.Nemesis.dll" "$@"
            ;;
        mutants)
            build
            exec "$root/tests/CoreEngine.Mutants/bin/$configuration/$framework/CoreEngine.Mutants" "$@"
            ;;
        check)
            need_sdk
            (cd "$root" && dotnet format whitespace CoreEngine.sln --verify-no-changes) || stop "the format differs"
            build
            ;;
        *) stop "unknown command \"$command\"; one of: build demo test bench mutants nemesis check" ;;
    esac
}

main "$@"
