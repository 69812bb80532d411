// Legend: P problems · G samples of one problem

public import TinyRecords

/// What is added to a standard deviation before anything is divided by it, as in TRL.
let deviationFloor = 1e-4

/// How much better each completion did than the others of its problem.
///
/// Rewards are centred within each group and, if asked for, divided by a standard deviation plus 1e-4. A group whose
/// rewards are all equal gets exact zeros.
///
/// ```swift
/// advantages(rewardsPG: [[1, 0, 0, 0]], scale: .none)       // [[0.75, -0.25, -0.25, -0.25]]
/// ```
///
/// - Parameters:
///   - rewardsPG: `[P, G]`, unitless, usually 0 or 1.
///   - scale: What centred rewards are divided by.
/// - Returns: Advantages, `[P, G]`.
///
/// Source: arXiv:2402.03300 §4.1.2; deviation with divisor one less than the count and floor as in TRL's `GRPOTrainer`;
/// without division: arXiv:2503.20783.
public func advantages(rewardsPG: [[Double]], scale: RewardScale) -> [[Double]] {
    let batchDeviation = sampleDeviation(rewardsPG.flatMap { $0 })
    return rewardsPG.map { rewardsG in
        guard hasDifferentValues(rewardsG) else { return rewardsG.map { _ in 0 } }
        let mean = rewardsG.reduce(0, +) / Double(rewardsG.count)
        let divisor =
            switch scale {
            case .group: sampleDeviation(rewardsG) + deviationFloor
            case .batch: batchDeviation + deviationFloor
            case .none: 1.0
            }
        return rewardsG.map { ($0 - mean) / divisor }
    }
}

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
