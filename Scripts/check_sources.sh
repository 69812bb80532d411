#!/usr/bin/env bash
# Rules about the sources that neither the compiler nor the formatter knows.
#
#     Scripts/check_sources.sh
#
# Prints every broken rule as `file:line: text` under the rule's reason and ends with status 1 if there is any.
# Articles (`*.docc`) show a user's code and are not searched.
# A line that must break a rule says why in a comment that starts with `allowed:`, on the line itself.
set -euo pipefail
cd "$(dirname "$0")/.."

broken=0

# search OPTION…: grep, whose status 1 says that nothing was found. Anything else, such as a wrong pattern, ends the script.
search() { grep "$@" || (($? == 1)); }

# forbid REASON PATTERN PATH...: no line below the paths may match the extended regular expression.
forbid() {
    local reason=$1 pattern=$2
    shift 2
    local paths=() path
    for path in "$@"; do
        if [[ -e $path ]]; then paths+=("$path"); fi
    done
    if ((${#paths[@]} == 0)); then return; fi
    local found
    # Comments may speak of what code may not do; a trailing comment does not hide the code before it.
    found=$(search -rnIE --exclude-dir='.build*' --exclude-dir='*.docc' -e "$pattern" "${paths[@]}" |
        search -vE '^[^:]+:[0-9]+:[[:space:]]*(//|\*|/\*)|allowed: ')
    if [[ -n $found ]]; then
        printf '%s\n%s\n\n' "error: $reason" "$found" >&2
        broken=1
    fi
}

manifests=(Package.swift Benchmarks/Package.swift Examples/Package.swift)
forbid "a package with unsafe flags cannot be a dependency" 'unsafeFlags' "${manifests[@]}"
forbid "a user's file, flag or checkpoint must never end in a trap: throw an error" \
    '\bfatalError\(|\btry!|\bas!' Sources
forbid "only TinyTensor talks to the C target" '^[[:space:]]*(public |package |internal |private )?import CTinyKernels' \
    $(find Sources -mindepth 1 -maxdepth 1 -type d ! -name TinyTensor)
forbid "the library never prints: results and progress belong to the command" \
    '(^|[^.[:alnum:]_])(print|debugPrint|dump|puts)\(' $(find Sources -mindepth 1 -maxdepth 1 -type d ! -name TinyLoRACommand)
forbid "randomness comes from named streams, so that a run can be repeated" \
    'SystemRandomNumberGenerator|\.random\(in:|\.randomElement\(\)|\.shuffle(d)?\(\)|\b(arc4random|drand48|s?rand)\(' Sources
forbid "C code knows pointers and sizes: no allocation, no files, no threads" \
    '#include <(stdio|stdlib|pthread|threads|unistd|fcntl)\.h>|\b(malloc|calloc|realloc|alloca|free)\(' \
    Sources/CTinyKernels Sources/CTinyHash
forbid "fast-math reorders sums and deletes tests for NaN" 'ffast-math|fast_math|funsafe-math|Ofast' Sources "${manifests[@]}"
forbid "tests run in release, where @testable does not work: use package or public access" '@testable' Tests

# The next two are about comments, which forbid() skips.
left=$(search -rnIE --exclude-dir='.build*' '(^|[^[:alnum:]])(TODO|FIXME)([^[:alnum:]]|$)' Sources Tests Package.swift)
if [[ -n $left ]]; then
    printf '%s\n%s\n\n' "error: work that is left is an issue, not a comment" "$left" >&2
    broken=1
fi
# Every @unchecked Sendable carries its proof in the lines above it.
unchecked=$(search -rnI '@unchecked Sendable' Sources)
while IFS=: read -r file line _; do
    if [[ -z $file ]]; then continue; fi
    above=$((line > 6 ? line - 6 : 1))
    if ! sed -n "${above},${line}p" "$file" | grep -q '//'; then
        echo "$file:$line: error: @unchecked Sendable without a comment that proves it" >&2
        broken=1
    fi
done <<<"$unchecked"

# C without a warning at a level that SwiftPM cannot ask for without unsafe flags.
if command -v clang >/dev/null; then
    clang -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only \
        -ISources/CTinyKernels/include -ISources/CTinyHash/include Sources/CTinyKernels/*.c Sources/CTinyHash/*.c || broken=1
else
    echo "note: no clang on the path, C warnings were not checked" >&2
fi

if ((broken)); then exit 1; fi
echo "sources: every rule holds"
