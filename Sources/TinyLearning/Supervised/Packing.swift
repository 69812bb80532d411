/// Which examples share a pack: best fit, longest first.
///
/// Examples go in order of falling length, equals in the given order, each into the fullest pack that still has room for
/// it (among equally full packs into the one that was added to last), or into a pack of its own. Every example is in
/// exactly one pack.
///
/// A pack is a share of a step's tokens and nothing else: rows are ragged, nothing is padded, and the examples of a pack
/// do not see each other.
///
/// - Parameters:
///   - lengths: Tokens of each example, at most `capacity`; an example is named by its position.
///   - capacity: Most tokens of a pack.
/// - Returns: Packs in the order in which they were begun, the examples of each in the order in which they joined.
///
/// Cost: a sort, and a look at up to `capacity` sizes of gap for each example.
///
/// Source: best-fit decreasing, Johnson 1974; TRL's `packing_strategy="bfd"`.
package func packed(lengths: [Int], capacity: Int) -> [[Int]] {
    precondition(lengths.allSatisfy { (0...capacity).contains($0) }, "packed: an example longer than \(capacity)")
    let longestFirst = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
    var packs: [[Int]] = []
    /// Packs by the tokens they still have room for, the one that was added to last at the end.
    var packsByRoom: [[Int]] = Array(repeating: [], count: capacity + 1)
    for example in longestFirst {
        let length = lengths[example]
        if let room = (length...capacity).first(where: { !packsByRoom[$0].isEmpty }),
            let pack = packsByRoom[room].popLast()
        {
            packs[pack].append(example)
            packsByRoom[room - length].append(pack)
        } else {
            packsByRoom[capacity - length].append(packs.count)
            packs.append([example])
        }
    }
    return packs
}
