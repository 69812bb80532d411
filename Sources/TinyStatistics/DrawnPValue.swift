/// The two-sided p-value of drawn differences that belongs to their ``PercentileInterval``: the highest level at which the interval would
/// still hold 0.
///
/// Of `B` draws, `2 (1 + k) / (B + 1)` and at most 1, where `k` counts the draws at 0 and on its rarer side. So it is never 0: 5,000 draws
/// can show no less than 0.0004.
///
/// ```swift
/// let differences = zip(trained, untrained).map(-)      // drawn means of a `HierarchicalBootstrap`
/// drawnPValue(of: differences)
/// ```
///
/// It has what the draws lack: with few runs the spread between them is understated, and p is too small.
///
/// Source: Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), ch. 15, on tests by intervals; the 1 is that of Davison &
/// Hinkley, *Bootstrap Methods and their Application* (1997), ch. 4.
///
/// - Returns: In `(0, 1]`; `nil` without values, or when one is not finite.
public func drawnPValue(of differences: [Double]) -> Double? {
    guard !differences.isEmpty, differences.allSatisfy(\.isFinite) else { return nil }
    let rarer = min(differences.count { $0 <= 0 }, differences.count { $0 >= 0 })
    return min(1, 2 * Double(1 + rarer) / Double(differences.count + 1))
}
