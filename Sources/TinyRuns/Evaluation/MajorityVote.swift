import TinyProblems

/// What several samples of one problem agree on.
///
/// Answers that the grader takes for the same are one vote; the first sample of a vote speaks for it. Samples without an
/// answer do not vote. Of equal votes the one that was there first wins, so the outcome does not depend on chance.
struct MajorityVote {
    /// The sample that speaks for the winning vote, from 0; `nil` when nobody voted.
    let winner: Int?

    /// Counts votes. Cost: a comparison of every answer with the first of every vote.
    init(_ answers: [String?], isSame: (String, String) -> Bool) {
        var votes: [(answer: String, first: Int, count: Int)] = []
        for (sample, answer) in answers.enumerated() {
            guard let answer else { continue }
            if let vote = votes.firstIndex(where: { $0.answer == answer || isSame($0.answer, answer) }) {
                votes[vote].count += 1
            } else {
                votes.append((answer, sample, 1))
            }
        }
        let most = votes.map(\.count).max()
        winner = votes.first { $0.count == most }?.first
    }
}

extension EvaluationResult {
    /// Whether each problem's majority is right, wherever its answer stands; `nil` when there is nothing to vote on: with one
    /// sample of each problem, or when the grader extracts no answers.
    static func majority(
        of samples: [EvaluatedSample], per size: Int, problems: [Problem], reward: any Reward
    ) -> [Bool]? {
        guard size > 1, samples.contains(where: { $0.grade.extracted != nil }) else { return nil }
        return problems.enumerated().map { index, problem in
            let group = samples[index * size..<(index + 1) * size].map(\.grade)
            let vote = MajorityVote(group.map(\.extracted)) { reward.isSame($0, as: $1, for: problem) }
            return vote.winner.map { group[$0].lenient } ?? false
        }
    }
}
