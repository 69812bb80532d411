// Legend: P problems · G completions of one problem, member by member · M members of a population

package import TinyRecords

/// Mean reward of each of `members`, `[M]`, divided as ``GroupAdvantages`` divides; where it divides, the mean over members is
/// taken off. Members that earned the same rewards in another order are equal to the last bit, so that they share a rank:
/// rewards with the same divisor are added before they are divided, in ascending order.
package func memberFitness(rewardsPG: [[Double]], members: Int, scale: RewardScale) -> [Double] {
    let perMember = (rewardsPG.first?.count ?? 0) / max(1, members)
    let count = Double(max(1, rewardsPG.count * perMember))
    func rewards(of member: Int, in problems: [Int]) -> [Double] {
        problems.flatMap { rewardsPG[$0][member * perMember..<(member + 1) * perMember] }
    }
    guard scale != .none else {
        return (0..<members).map { rewards(of: $0, in: Array(rewardsPG.indices)).sorted().reduce(0, +) / count }
    }
    let stepDeviation = sampleDeviation(rewardsPG.flatMap { $0 })
    // Problems whose rewards are all equal tell no member from another.
    let telling = rewardsPG.indices.filter { hasDifferentValues(rewardsPG[$0]) }
    let byDivisor = Dictionary(grouping: telling) { problem in
        let divisor = (scale == .batch ? stepDeviation : sampleDeviation(rewardsPG[problem])) + deviationFloor
        // Equal deviations differ in their last bits where their rewards have another order.
        return (divisor * 1e12).rounded() / 1e12
    }.sorted { $0.key < $1.key }
    let sumsM = (0..<members).map { member in
        byDivisor.reduce(0.0) { sum, part in
            sum + rewards(of: member, in: part.value).sorted().reduce(0, +) / part.key
        }
    }
    let mean = sumsM.reduce(0, +) / Double(max(1, members))
    return sumsM.map { ($0 - mean) / count }
}
