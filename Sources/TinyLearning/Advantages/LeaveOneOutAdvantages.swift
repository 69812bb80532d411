// Legend: P problems · G completions of one problem

package import TinyRecords

/// How much better each completion did than the mean of the others of its group: `A = r - mean of the others`.
///
/// That is `G / (G - 1)` times the distance from the mean of all: a baseline in which a completion has no part, so that the
/// gradient is right on average. A group whose rewards are all equal gets exact zeros.
///
/// Source: arXiv:2402.14740. `scale` `batch` divides by the deviation of all advantages of the step plus 1e-4, as
/// `normalize_advantages` of TRL's `RLOOTrainer` does (its centring is left out: each group's advantages add up to 0).
package struct LeaveOneOutAdvantages: AdvantageEstimator {
    /// What advantages are divided by.
    package let scale: RewardScale

    package init(scale: RewardScale) { self.scale = scale }

    package func advantages(_ rewards: StepRewards) -> [Advantage] {
        let plainPG = rewards.totalsPG.map { rewardsG -> [Double] in
            guard hasDifferentValues(rewardsG) else { return rewardsG.map { _ in 0 } }
            let sum = rewardsG.reduce(0, +), others = Double(rewardsG.count - 1)
            let advantagesG = rewardsG.map { $0 - (sum - $0) / others }
            guard scale == .group else { return advantagesG }
            let deviation = sampleDeviation(rewardsG)
            return advantagesG.map { $0 / (deviation + deviationFloor) }
        }
        let plain = plainPG.flatMap { $0 }
        guard scale == .batch else { return plain.map { .completion($0) } }
        let deviation = sampleDeviation(plain)
        return plain.map { .completion($0 / (deviation + deviationFloor)) }
    }
}
