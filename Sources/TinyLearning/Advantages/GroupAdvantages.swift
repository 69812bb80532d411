// Legend: P problems · G completions of one problem

package import TinyRecords

/// How much better each completion did than the mean of its group: `A = (r - mean) / (deviation + 1e-4)`.
///
/// A group whose rewards are all equal gets exact zeros.
///
/// ```swift
/// GroupAdvantages(scale: .none).advantages(rewardsPG: [[1, 0, 0, 0]])       // [[0.75, -0.25, -0.25, -0.25]]
/// ```
///
/// Source: arXiv:2402.03300 §4.1.2; deviation with divisor one less than the count and floor as in TRL's `GRPOTrainer`;
/// deviation of the whole step: arXiv:2508.08221; without division: arXiv:2503.20783.
package struct GroupAdvantages: AdvantageEstimator {
    /// What centred rewards are divided by.
    package let scale: RewardScale

    package init(scale: RewardScale) { self.scale = scale }

    package func advantages(_ rewards: StepRewards) -> [Advantage] {
        advantages(rewardsPG: rewards.totalsPG).joined().map { .completion($0) }
    }

    /// Advantages of `[P][G]` rewards, in the same shape.
    package func advantages(rewardsPG: [[Double]]) -> [[Double]] {
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
}
