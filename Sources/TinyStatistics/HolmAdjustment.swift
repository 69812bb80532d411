/// p-values of several tests, adjusted so that the chance of any false alarm among them stays below the level: each adjusted value is
/// to be compared with it as if it were alone.
///
/// ```swift
/// holmAdjusted([0.01, 0.04, 0.03])      // [0.03, 0.06, 0.06]
/// ```
///
/// Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6 (1979).
///
/// - Parameter pValues: In `[0, 1]`, of tests that may depend on each other.
/// - Returns: In the same order, at most 1.
public func holmAdjusted(_ pValues: [Double]) -> [Double] {
    var adjusted = pValues, largest = 0.0
    let ascending = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
    for (rank, index) in ascending.enumerated() {
        largest = min(1, max(largest, Double(pValues.count - rank) * pValues[index]))
        adjusted[index] = largest
    }
    return adjusted
}
