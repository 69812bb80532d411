// Legend: P problems · G completions of one problem · N completions of a step · T tokens of one completion

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

/// How much better each token's future is than the mean over all tokens of the step: no groups, no critic.
///
///     Rₙₜ = rₙ - Σ_{s ≥ t} penaltyₙₛ          what is still to come, undiscounted
///     Aₙₜ = (Rₙₜ - mean R) / (deviation R + 1e-4)
///
/// Mean and deviation (divisor one less than the count) go over all tokens of the step, so a long completion weighs more in
/// both. When every R is equal all advantages are exact zeros. `scale` `none` leaves the division out.
///
/// Source: REINFORCE++, arXiv:2501.03262; over tokens as in OpenRLHF and verl; the floor is TRL's.
package struct BatchAdvantages: AdvantageEstimator {
    /// What centred returns are divided by; `group` has no meaning here and counts as `batch`.
    package let scale: RewardScale

    package init(scale: RewardScale) { self.scale = scale }

    package func advantages(_ rewards: StepRewards) -> [Advantage] {
        let returnsNT = rewards.rewardsN.indices.map { index in
            var rest = rewards.rewardsN[index]
            guard let penaltiesT = rewards.penaltiesNT?[index] else {
                return Array(repeating: rest, count: rewards.lengthsN[index])
            }
            return Array(
                penaltiesT.reversed().map { penalty -> Double in
                    rest -= penalty
                    return rest
                }.reversed())
        }
        let all = returnsNT.flatMap { $0 }
        guard let first = all.first, all.contains(where: { $0 != first }) else {
            return returnsNT.map { _ in .completion(0) }
        }
        let mean = all.reduce(0, +) / Double(all.count)
        let divisor = scale == .none ? 1 : sampleDeviation(all) + deviationFloor
        return returnsNT.map { returnsT in .tokens(returnsT.map { ($0 - mean) / divisor }) }
    }
}
