/// Collects the rules that a configuration breaks. Absent values break no rule.
///
/// A reason continues a sentence that begins with the key: `top_p` `is 1.5, must be at most 1`.
package struct Rules {
    private var reasons: [(key: String, reason: String)] = []

    package init() {}

    /// The broken rules so far, as `key: reason`, for files whose keys stand in them.
    package var broken: [String] { reasons.map { "\($0.key): \($0.reason)" } }

    /// The broken rules so far as sentences, `key reason`, in which another name of the setting can take the place of the key.
    package var sentences: [String] { reasons.map { "\($0.key) \($0.reason)" } }

    /// Notes `reason` unless the rule holds.
    package mutating func require(_ holds: Bool, _ key: String, _ reason: @autoclosure () -> String) {
        if !holds { reasons.append((key, reason())) }
    }

    /// Requires an integer from `minimum` on.
    package mutating func require(_ value: Int?, atLeast minimum: Int, _ key: String, _ remark: String = "") {
        if let value { require(value >= minimum, key, "is \(value), must be \(minimum) or more\(remark)") }
    }

    /// Requires an integer up to `maximum`, above which nothing could be computed.
    package mutating func require(_ value: Int?, atMost maximum: Int, _ key: String) {
        if let value { require(value <= maximum, key, "is \(value), must be \(maximum) or less") }
    }

    /// More problems, completions or members of a population than any step has.
    package static let mostOfAStep = 1_000_000

    /// Requires a finite number of at least 0.
    package mutating func require(notNegative value: Double?, _ key: String) {
        if let value { require(value >= 0 && value.isFinite, key, "is \(value), must be 0 or more") }
    }

    /// Requires a finite number greater than 0.
    package mutating func require(positive value: Double?, _ key: String, _ remark: String = "") {
        if let value { require(value > 0 && value.isFinite, key, "is \(value), must be greater than 0\(remark)") }
    }

    /// Requires a number in `[0, 1]`, with `below1` in `[0, 1)`.
    package mutating func require(fraction value: Double, below1: Bool = false, _ key: String) {
        require(
            value >= 0 && (below1 ? value < 1 : value <= 1), key,
            "is \(value), must be 0 or more and \(below1 ? "less than 1" : "at most 1")")
    }
}
