// What several test targets share: numbers to test with, and comparisons that say where two arrays differ.

internal import TinyFoundation

/// Independent normal deviates with mean 0, the same on every machine.
public func gaussian(_ count: Int, seed: UInt64, deviation: Double = 1) -> [Float] {
    var stream = RandomStream(.initialisation, seed: seed)
    return (0..<count).map { _ in Float(stream.normal() * deviation) }
}

/// Independent numbers spread evenly over [-1, 1); ten times as fast as normal deviates.
public func noise(_ count: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(.initialisation, seed: seed)
    return (0..<count).map { _ in Float(stream.next() >> 8) * 0x1p-23 - 1 }
}

/// Where two arrays first differ in their bits, in words; `nil` when they are equal bit for bit.
public func firstDifference(_ found: [Float], _ expected: [Float]) -> String? {
    guard found.count == expected.count else { return "\(found.count) numbers, \(expected.count) expected" }
    for (index, pair) in zip(found, expected).enumerated() where pair.0.bitPattern != pair.1.bitPattern {
        return "at \(index): \(pair.0), expected \(pair.1)"
    }
    return nil
}

/// The largest distance of any number from what it should be; infinite when a number is NaN or one is missing.
public func largestDifference(_ found: [Float], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).reduce(0) { largest, pair in
        let difference = (Double(pair.0) - pair.1).magnitude
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}
