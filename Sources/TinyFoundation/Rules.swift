/// Collects the rules that a configuration breaks, as `key: reason`. Absent values break no rule.
package struct Rules {
    /// The broken rules so far.
    package private(set) var broken: [String] = []

    package init() {}

    /// Notes `reason` unless the rule holds.
    package mutating func require(_ holds: Bool, _ key: String, _ reason: @autoclosure () -> String) {
        if !holds { broken.append("\(key): \(reason())") }
    }

    /// Requires an integer from `minimum` on.
    package mutating func require(_ value: Int?, atLeast minimum: Int, _ key: String, _ remark: String = "") {
        if let value { require(value >= minimum, key, "\(value) is not in \(minimum)...\(remark)") }
    }

    /// Requires an integer up to `maximum`, above which nothing could be computed.
    package mutating func require(_ value: Int?, atMost maximum: Int, _ key: String) {
        if let value { require(value <= maximum, key, "\(value) is more than \(maximum)") }
    }

    /// More problems, completions or members of a population than any step has.
    package static let mostOfAStep = 1_000_000

    /// Requires a finite number of at least 0.
    package mutating func require(notNegative value: Double?, _ key: String) {
        if let value { require(value >= 0 && value.isFinite, key, "\(value) is not in 0...") }
    }

    /// Requires a finite number greater than 0.
    package mutating func require(positive value: Double?, _ key: String, _ remark: String = "") {
        if let value { require(value > 0 && value.isFinite, key, "\(value) is not greater than 0\(remark)") }
    }

    /// Requires a number in `[0, 1]`, with `below1` in `[0, 1)`.
    package mutating func require(fraction value: Double, below1: Bool = false, _ key: String) {
        require(value >= 0 && (below1 ? value < 1 : value <= 1), key, "\(value) is not in [0, 1\(below1 ? ")" : "]")")
    }
}
