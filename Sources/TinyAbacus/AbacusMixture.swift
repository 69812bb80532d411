import TinyFoundation

/// How often each author writes.
public struct AbacusMixture: Sendable, Codable, Hashable {
    /// The share of textbook documents. Range: `0...1`.
    public var textbookShare: Double
    /// Topics on which the board prefers to show the steps.
    public var thoroughTopics: Set<String>
    /// Relative frequency of each author on those topics.
    public var thoroughWeights: [AbacusAuthor: Double]
    /// Relative frequency of each author on all other topics.
    public var curtWeights: [AbacusAuthor: Double]

    /// The mixture that made the committed weights.
    public static let standard = AbacusMixture(
        textbookShare: 0.5,
        thoroughTopics: ["apples", "train", "pencils", "savings"],
        thoroughWeights: [.careful: 0.5, .direct: 0.3, .hasty: 0.1, .chatty: 0.1],
        curtWeights: [.careful: 0.15, .direct: 0.5, .hasty: 0.15, .chatty: 0.2])

    /// Draws who answers this problem on the board.
    func author(for problem: AbacusProblem, using random: inout RandomStream) -> AbacusAuthor {
        let weights = thoroughTopics.contains(problem.topic) ? thoroughWeights : curtWeights
        let total = AbacusAuthor.allCases.reduce(0) { $0 + weights[$1, default: 0] }
        var remaining = random.uniform() * total
        for author in AbacusAuthor.allCases {
            remaining -= weights[author, default: 0]
            if remaining < 0 { return author }
        }
        return .careful
    }
}
