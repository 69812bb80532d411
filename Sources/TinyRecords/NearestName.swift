/// The candidate that `name` was probably meant to be: fewest single-character edits, first in order among equals.
///
/// - Returns: `nil` when even the best needs edits in more than a third of the longer name (at least two are allowed).
///
/// ```swift
/// nearestName(to: "learning_rat", in: ["beta", "learning_rate"])     // "learning_rate"
/// nearestName(to: "colour", in: ["beta", "learning_rate"])           // nil
/// ```
public func nearestName(to name: String, in candidates: some Sequence<String>) -> String? {
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(Array(name.lowercased()), Array(candidate.lowercased()))
        let allowed = max(2, max(name.count, candidate.count) / 3)
        let isHopeless = distance >= max(name.count, candidate.count)
        if distance <= allowed, !isHopeless, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// How many insertions, deletions and replacements turn `a` into `b` (Levenshtein); cost `a.count * b.count`.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var previous = Array(0...b.count)
    for (row, left) in a.enumerated() {
        var current = [row + 1]
        for (column, right) in b.enumerated() {
            let replaced = previous[column] + (left == right ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[b.count]
}
