/// What a stream of random numbers is for. Two streams with different purposes never share a draw.
///
/// The raw values are part of the scheme ``RandomStream/scheme``: never renumber them.
public enum RandomPurpose: UInt32, Sendable, Codable, CaseIterable {
    case sampling = 1
    case projection = 2
    case shuffling = 3
    case initialisation = 4
    case corpus = 5
    case factorisation = 6
    case bootstrap = 7
    case evolution = 8
}

/// The name of a ``RandomStream``: a plain value that can be written down, sent to another process and compared.
public struct StreamName: Sendable, Codable, Hashable {
    /// What the numbers are for.
    public var purpose: RandomPurpose
    /// The run's seed.
    public var seed: UInt64
    /// First index; the training step where there is one.
    public var step: Int
    /// Second index.
    public var problem: Int
    /// Third index.
    public var sample: Int

    /// Makes a name; indices are 0 unless given.
    public init(_ purpose: RandomPurpose, seed: UInt64, step: Int = 0, problem: Int = 0, sample: Int = 0) {
        self.purpose = purpose
        self.seed = seed
        self.step = step
        self.problem = problem
        self.sample = sample
    }
}

/// A stream of random numbers that is a pure function of its name: purpose, seed and up to three indices.
///
/// Nothing that ran before, beside or after can change a draw, which is what makes a run repeatable to the last bit:
///
/// ```swift
/// var stream = RandomStream(.sampling, seed: 1, step: 7, problem: 3, sample: 0)
/// let first = stream.next()        // the same number in every process, on every machine
/// ```
///
/// Each block of four draws costs ten rounds of two 32-bit multiplications.
///
/// Source: Philox-4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct RandomStream: Sendable {
    /// Name and version of the scheme, as written into adapters.
    public static let scheme = "philox4x32-10/1"

    private let key: SIMD2<UInt32>
    private let indices: SIMD3<UInt32>
    private var block: UInt32 = 0
    private var buffer = SIMD4<UInt32>()
    private var used = 4

    /// Opens the stream with this name.
    public init(_ name: StreamName) {
        let seedKey = SIMD2(UInt32(truncatingIfNeeded: name.seed), UInt32(truncatingIfNeeded: name.seed >> 32))
        let named = philox(counter: SIMD4(name.purpose.rawValue, 0, 0, 0), key: seedKey)
        key = SIMD2(named.x, named.y)
        indices = SIMD3(
            UInt32(truncatingIfNeeded: name.sample), UInt32(truncatingIfNeeded: name.problem),
            UInt32(truncatingIfNeeded: name.step))
    }

    /// Opens the stream with the name of these parts.
    public init(_ purpose: RandomPurpose, seed: UInt64, step: Int = 0, problem: Int = 0, sample: Int = 0) {
        self.init(StreamName(purpose, seed: seed, step: step, problem: problem, sample: sample))
    }

    /// Moves to the `position`-th block of four draws, whatever was drawn before.
    public mutating func seek(toBlock position: Int) {
        block = UInt32(truncatingIfNeeded: position)
        used = 4
    }

    /// The next 32 random bits.
    public mutating func next() -> UInt32 {
        if used == 4 {
            buffer = philox(counter: SIMD4(block, indices.x, indices.y, indices.z), key: key)
            block &+= 1
            used = 0
        }
        defer { used += 1 }
        return buffer[used]
    }

    /// A number in `[0, 1)` with 53 random bits; consumes two draws.
    public mutating func uniform() -> Double {
        let high = UInt64(next()), low = UInt64(next())
        return Double((high << 32 | low) >> 11) * 0x1p-53
    }

    /// An unbiased integer in `0 ..< bound`. `bound` must be positive.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "below: bound \(bound)")
        let range = UInt32(bound)
        let rejected = (0 &- range) % range  // 2^32 mod range: drawing under it would favour small values
        while true {
            let (high, low) = next().multipliedFullWidth(by: range)
            if low >= rejected { return Int(high) }
        }
    }

    /// A uniformly chosen element. `choices` must not be empty.
    public mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[below(choices.count)]
    }

    /// Puts `elements` into a uniformly random order (Fisher-Yates, from the end).
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, below(last + 1))
        }
    }
}

/// One Philox-4x32-10 block.
package func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
        let first = c.x.multipliedFullWidth(by: 0xD251_1F53)
        let second = c.z.multipliedFullWidth(by: 0xCD9E_8D57)
        c = SIMD4(second.high ^ c.y ^ k.x, second.low, first.high ^ c.w ^ k.y, first.low)
        k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return c
}
