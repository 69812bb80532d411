/// Sentences about what the rewards of these configurations are of, where that is not what those of others are of.
func rewardNotes(_ cells: [Cell]) -> [String] {
    var notes: [String] = []
    if cells.contains(where: { $0.family == .evolution }) {
        notes.append(
            "Rewards (fitness) of evolution strategies are those of the population, whose members lie around the trained numbers. The "
                + "trained numbers themselves are not sampled; they may earn more or less.")
    }
    if cells.contains(where: { $0.runs.contains(where: \.hasUnknownRewards) }) {
        notes.append(
            "Some runs with dynamic sampling are of a version that recorded the rewards of the kept groups only, and their lengths and "
                + "entropy. Those of all sampled groups are unknown, and left out.")
    }
    return notes
}
