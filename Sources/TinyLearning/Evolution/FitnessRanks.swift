// Legend: M members of a population

public import TinyRecords

extension FitnessShaping {
    /// The weights of members with this fitness, `[M]`; all zero when all are equal.
    ///
    /// ```swift
    /// FitnessShaping.rank.weights(of: [3, 1, 7, 1])       // [1/6, -1/3, 1/2, -1/3]
    /// ```
    ///
    /// Source: centred ranks, arXiv:1703.03864 §2.1.
    public func weights(of fitnessM: [Double]) -> [Double] {
        guard hasDifferentValues(fitnessM) else { return fitnessM.map { _ in 0 } }
        switch self {
        case .rank:
            var weights = fitnessM
            for (places, members) in tiedGroups(fitnessM) {
                // Places count from the best, 0; tied members share the mean of theirs.
                let place = Double(places.lowerBound + places.upperBound - 1) / 2
                for member in members { weights[member] = 0.5 - place / Double(fitnessM.count - 1) }
            }
            return weights
        case .standardize:
            let mean = fitnessM.reduce(0, +) / Double(fitnessM.count), deviation = sampleDeviation(fitnessM)
            return fitnessM.map { ($0 - mean) / deviation }
        case .none: return fitnessM
        }
    }
}

/// Members with equal fitness, best first, and the places that each group takes.
///
/// Which places a member shares depends on the order of the values only, not on their size.
func tiedGroups(_ fitnessM: [Double]) -> [(places: Range<Int>, members: [Int])] {
    let order = fitnessM.indices.sorted { (fitnessM[$1], $0) < (fitnessM[$0], $1) }
    var groups: [(places: Range<Int>, members: [Int])] = []
    var start = 0
    while start < order.count {
        var end = start + 1
        while end < order.count, fitnessM[order[end]] == fitnessM[order[start]] { end += 1 }
        groups.append((start..<end, Array(order[start..<end])))
        start = end
    }
    return groups
}

/// How many members share their fitness with another.
func tiedMembers(_ fitnessM: [Double]) -> Int {
    tiedGroups(fitnessM).reduce(0) { $0 + ($1.members.count > 1 ? $1.members.count : 0) }
}
