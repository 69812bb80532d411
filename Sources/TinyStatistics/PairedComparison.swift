import Foundation

/// Whether more of the same problems improved than got worse: McNemar's exact test.
///
/// Only problems whose outcome changed carry information. If nothing had really changed, each of them would be as likely
/// to improve as to get worse; the p-value is the chance of a split at least as uneven as the one seen.
///
/// ```swift
/// let test = PairedComparison(improved: 5, worsened: 1)
/// test.pValue             // 0.21875
/// ```
///
/// Source: McNemar, Psychometrika 12 (1947), in its exact binomial form, two-sided by doubling the smaller tail.
public struct PairedComparison: Sendable, Codable, Hashable {
    /// Problems with more right answers after than before.
    public let improved: Int
    /// Problems with fewer right answers after than before.
    public let worsened: Int
    /// Two-sided p-value, in `(0, 1]`; 1 when nothing changed, the smallest number above 0 for a smaller value.
    public let pValue: Double

    /// The test for these counts, which must not be negative. Time is linear in the smaller one.
    public init(improved: Int, worsened: Int) {
        precondition(improved >= 0 && worsened >= 0, "PairedComparison: \(improved) improved, \(worsened) worsened")
        self.improved = improved
        self.worsened = worsened
        pValue = twoSidedSignTest(fewer: min(improved, worsened), changed: improved + worsened)
    }

    private enum CodingKeys: String, CodingKey {
        case improved, worsened
        case pValue = "p_value"
    }
}

/// `min(1, 2 · Σ_{i ≤ fewer} C(changed, i) / 2^changed)`.
private func twoSidedSignTest(fewer: Int, changed: Int) -> Double {
    guard 2 * fewer < changed else { return 1 }
    // The last term of the sum is its largest; the others follow from it as ratios, so nothing under- or overflows.
    var logLargest = -Double(changed) * log(2.0)
    for i in 0..<fewer { logLargest += log(Double(changed - i) / Double(i + 1)) }
    var sum = 1.0
    var ratio = 1.0
    for i in stride(from: fewer, to: 0, by: -1) {
        ratio *= Double(i) / Double(changed - i + 1)
        sum += ratio
    }
    return min(1, max(.leastNonzeroMagnitude, 2 * sum * exp(logLargest)))
}
