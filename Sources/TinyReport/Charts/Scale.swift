import Foundation

/// Maps values to positions on an axis.
package struct Scale {
    package enum Kind { case linear, logarithmic }

    package let kind: Kind
    /// Values at both ends.
    package let domain: ClosedRange<Double>
    /// Values with labels, ascending.
    package let ticks: [Double]

    /// Position of a value: 0 at the lower end, 1 at the upper end; below 0 or above 1 outside the domain.
    package func position(_ value: Double) -> Double {
        switch kind {
        case .linear: (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        case .logarithmic:
            log10(max(value, .leastNormalMagnitude) / domain.lowerBound) / log10(domain.upperBound / domain.lowerBound)
        }
    }

    /// Whole powers of ten around positive values, one decade at least.
    package static func decades(around values: [Double]) -> Scale {
        let positive = values.filter { $0 > 0 && $0.isFinite }
        let low = floor(log10(positive.min() ?? 1) + 1e-9), high = ceil(log10(positive.max() ?? 10) - 1e-9)
        let first = Int(low), last = max(Int(high), first + 1)
        return Scale(
            kind: .logarithmic, domain: pow(10, Double(first))...pow(10, Double(last)),
            ticks: (first...last).map { pow(10, Double($0)) })
    }

    /// Round numbers around values, with about `count` steps of 1, 2 or 5 times a power of ten.
    package static func round(around values: [Double], steps count: Int = 5, within limits: ClosedRange<Double>? = nil)
        -> Scale
    {
        let finite = values.filter(\.isFinite)
        var low = finite.min() ?? 0, high = finite.max() ?? 1
        if high - low <= abs(high) * 1e-12 {
            (low, high) = high == 0 ? (0, 1) : (low - abs(low) / 2, high + abs(high) / 2)
        }
        guard (high - low).isFinite else { return Scale(kind: .linear, domain: 0...1, ticks: [0, 1]) }
        let step = niceStep((high - low) / Double(max(1, count)))
        var first = floor(low / step + 1e-9), last = ceil(high / step - 1e-9)
        if let limits {
            first = max(first, ceil(limits.lowerBound / step - 1e-9))
            last = min(last, floor(limits.upperBound / step + 1e-9))
        }
        if last <= first { last = first + 1 }
        // From integers, so that 0.3 is not 0.30000000000000004. An axis has a few dozen ticks at most.
        let ticks = stride(from: first, through: last, by: 1).prefix(64).map { $0 * step }
        return Scale(kind: .linear, domain: (first * step)...(last * step), ticks: ticks)
    }

    private static func niceStep(_ rough: Double) -> Double {
        let magnitude = pow(10, floor(log10(rough)))
        let leading = rough / magnitude
        return (leading <= 1.0001 ? 1 : leading <= 2.0001 ? 2 : leading <= 5.0001 ? 5 : 10) * magnitude
    }
}
