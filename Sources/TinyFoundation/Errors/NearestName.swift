/// The candidate closest to a misspelt `name`: fewest single-character edits, first in order among equals.
///
/// - Returns: `nil` when even the best needs edits in more than a third of the longer name (at least two are allowed), and for a
///   name of more than 255 bytes, which nobody mistyped.
///
/// ```swift
/// nearestName(to: "learning_rat", in: ["beta", "learning_rate"])     // "learning_rate"
/// nearestName(to: "colour", in: ["beta", "learning_rate"])           // nil
/// ```
public func nearestName(to name: String, in candidates: some Sequence<String>) -> String? {
    guard name.utf8.count <= 255 else { return nil }
    let lowered = Array(name.lowercased())
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let other = Array(candidate.lowercased())
        let longer = max(lowered.count, other.count), allowed = max(2, longer / 3)
        guard abs(lowered.count - other.count) <= allowed else { continue }
        let distance = editDistance(lowered, other)
        let isHopeless = distance >= longer
        if distance <= allowed, !isHopeless, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`, no character edited twice; cost
/// `a.count * b.count`.
///
/// Source: Damerau, Commun. ACM 7 (1964), in the restricted form known as optimal string alignment.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for row in a.indices {
        var current = [row + 1]
        for column in b.indices {
            var cost = min(
                last[column] + (a[row] == b[column] ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, a[row] == b[column - 1], a[row - 1] == b[column] {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        (beforeLast, last) = (last, current)
    }
    return last[b.count]
}
