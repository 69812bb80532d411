/// Which side of the divide a problem is on.
public enum AbacusSplit: Int, Sendable, Codable, CaseIterable {
    /// Problems that the corpus and reinforcement learning may show.
    case training = 0
    /// Problems kept for evaluation.
    case test = 1
}

/// A word problem with its worked solution.
public struct AbacusProblem: Sendable, Hashable {
    /// The kind of story, for example `marbles`.
    public let topic: String
    /// The problem in words.
    public let question: String
    /// The calculation, one to four steps; each uses results of those before.
    public let steps: [AbacusStep]

    /// The result of the last step.
    public var answer: Int { steps.last?.result ?? 0 }

    /// The side this problem belongs to, a function of its calculation alone.
    ///
    /// The chain of expressions (`12+5 17*3 51-6`), not the wording, is hashed, and one chain in eight is kept for the test.
    /// So no test problem's calculation occurs anywhere in the corpus, under any topic, name or wording.
    public var split: AbacusSplit {
        fingerprint(of: steps.map(\.expression).joined(separator: " ")) % 8 == 0 ? .test : .training
    }
}

/// FNV-1a, 64 bits, followed by a mix of the high bits into the low ones.
///
/// Source: Fowler, Noll, Vo, "The FNV non-cryptographic hash algorithm", draft-eastlake-fnv.
func fingerprint(of text: String) -> UInt64 {
    let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 32)
}
