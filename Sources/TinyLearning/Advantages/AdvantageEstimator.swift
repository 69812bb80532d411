// From the rewards of a step to what each token is worth.
// A new estimator is one file that conforms to `AdvantageEstimator`, one case of `AdvantageKind`, and one line below.
// Legend: P problems · G completions of one problem · N = P G completions · T tokens of one completion

package import TinyRecords

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

/// What the completions of a step earned.
package struct StepRewards: Sendable {
    /// Of each whole completion, `[N]`, group by group; usually 0 or 1.
    package let rewardsN: [Double]
    /// What is taken off for each token's divergence from the base model, `[N][T]`; `nil` for nothing.
    package let penaltiesNT: [[Double]]?
    /// Tokens of each completion, `[N]`.
    package let lengthsN: [Int]
    /// Completions of one problem, G.
    package let groupSize: Int

    package init(rewardsN: [Double], penaltiesNT: [[Double]]? = nil, lengthsN: [Int], groupSize: Int) {
        self.rewardsN = rewardsN
        self.penaltiesNT = penaltiesNT
        self.lengthsN = lengthsN
        self.groupSize = groupSize
    }

    /// Rewards less all of a completion's penalties, `[P][G]`.
    package var totalsPG: [[Double]] {
        var totalsN = rewardsN
        if let penaltiesNT { totalsN = zip(rewardsN, penaltiesNT).map { $0 - $1.reduce(0, +) } }
        return stride(from: 0, to: totalsN.count, by: groupSize).map { start in
            Array(totalsN[start..<min(start + groupSize, totalsN.count)])
        }
    }
}

/// One way to tell how much better a completion did than could be expected.
package protocol AdvantageEstimator: Sendable {
    /// The advantages of a step, `[N]`. Where nothing differs they are exact zeros.
    func advantages(_ rewards: StepRewards) -> [Advantage]
}

extension LossSettings {
    /// The estimator of these settings.
    package var advantageEstimator: any AdvantageEstimator {
        switch advantage {
        case .group: GroupAdvantages(scale: scaleRewards)
        case .rloo: LeaveOneOutAdvantages(scale: scaleRewards)
        case .batch: BatchAdvantages(scale: scaleRewards)
        }
    }
}

/// What is added to a standard deviation before anything is divided by it, as in TRL.
let deviationFloor = 1e-4

/// Standard deviation with divisor one less than the count; 0 for fewer than two values.
func sampleDeviation(_ values: [Double]) -> Double {
    guard values.count > 1, hasDifferentValues(values) else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
}

/// Whether some value differs from the first.
func hasDifferentValues(_ values: [Double]) -> Bool {
    values.contains { $0 != values[0] }
}
