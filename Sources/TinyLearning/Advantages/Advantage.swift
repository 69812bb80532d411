/// What the tokens of a completion are worth: how much better it did than could be expected.
package enum Advantage: Sendable, Equatable {
    /// All tokens the same.
    case completion(Double)
    /// Each token its own, `[T]`.
    case tokens([Double])

    /// What a token is worth.
    package subscript(token: Int) -> Double {
        switch self {
        case .completion(let advantage): advantage
        case .tokens(let advantagesT): advantagesT[token]
        }
    }

    /// Mean over tokens, for people to read.
    package var mean: Double {
        switch self {
        case .completion(let advantage): advantage
        case .tokens(let advantagesT): advantagesT.reduce(0, +) / Double(max(1, advantagesT.count))
        }
    }

    /// Whether no token is worth anything, so that the completion has no gradient.
    package var isZero: Bool {
        switch self {
        case .completion(let advantage): advantage == 0
        case .tokens(let advantagesT): advantagesT.allSatisfy { $0 == 0 }
        }
    }
}
