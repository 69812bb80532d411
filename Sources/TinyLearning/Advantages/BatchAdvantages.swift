// Legend: N completions of a step · T tokens of one completion

package import TinyRecords

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
