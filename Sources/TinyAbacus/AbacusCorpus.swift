import TinyFoundation

/// Where a text was found: it decides what the prompt looks like and who writes.
public enum AbacusVenue: String, Sendable, Codable, CaseIterable {
    /// A book of worked exercises: one to four steps, always by the careful author.
    case textbook
    /// A board where people answer questions in any manner: three or four steps, all authors.
    case board

    /// The text up to the answer.
    public func prompt(for question: String) -> String {
        switch self {
        case .textbook: "Exercise: \(question)\nSolution:"
        case .board: "Q: \(question)\nA:"
        }
    }
}

/// One text of the corpus.
public struct AbacusDocument: Sendable, Hashable {
    /// Where it was found.
    public let venue: AbacusVenue
    /// Who wrote the completion.
    public let author: AbacusAuthor
    /// What it is about.
    public let problem: AbacusProblem
    /// Everything up to the answer.
    public let prompt: String
    /// The answer; begins with a space. The end-of-text token follows it.
    public let completion: String
}

/// The texts that Abacus reads while it is trained from scratch: endless, each a pure function of (seed, index).
public struct AbacusCorpus: Sendable {
    /// Names the stream of documents.
    public let seed: UInt64
    /// Who writes how often.
    public let mixture: AbacusMixture

    /// Makes a corpus.
    public init(seed: UInt64, mixture: AbacusMixture = .standard) {
        self.seed = seed
        self.mixture = mixture
    }

    /// The document with this index.
    public subscript(index: Int) -> AbacusDocument {
        var random = RandomStream(.corpus, seed: seed, step: Self.streamOfDocuments, problem: index)
        let venue: AbacusVenue = random.uniform() < mixture.textbookShare ? .textbook : .board
        let generator = AbacusGenerator(seed: seed, stepCounts: venue == .textbook ? 1...4 : 3...4)
        let problem = generator.problem(in: .training, using: &random)
        let author = venue == .textbook ? .careful : mixture.author(for: problem, using: &random)
        return AbacusDocument(
            venue: venue, author: author, problem: problem,
            prompt: venue.prompt(for: problem.question),
            completion: author.answer(problem, using: &random))
    }

    /// Apart from the streams of problems, which are numbered by split.
    private static let streamOfDocuments = 2
}

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

/// The manners in which questions are answered in the corpus.
///
/// Each manner shows in its first token, as in large pretrained models the first tokens largely decide the rest.
public enum AbacusAuthor: String, Sendable, Codable, CaseIterable {
    /// Every step, then the marked answer; always right: ` 12+5=17. 17*3=51. 51-6=45. #### 45`.
    case careful
    /// Steps with slips that are carried on: ` So 12+5=18, 18*3=54, 54-6=48. #### 48`.
    case hasty
    /// The marked answer at once: ` #### 45`. Right in the corpus, but the model cannot work it out in its head.
    case direct
    /// The answer in a sentence without the mark, which strict grading does not accept: ` The answer is 45.`.
    case chatty

    /// What this author writes after the prompt. Begins with a space.
    func answer(_ problem: AbacusProblem, using random: inout RandomStream) -> String {
        switch self {
        case .careful:
            " " + problem.referenceSolution(style: .equations)
        case .hasty: Self.hastyAnswer(problem, using: &random)
        case .direct: " #### \(problem.answer)"
        case .chatty: " The answer is \(problem.answer)."
        }
    }

    /// Works through the steps with slips; what follows a slip uses the wrong number.
    private static func hastyAnswer(_ problem: AbacusProblem, using random: inout RandomStream) -> String {
        var believed: [Int: Int] = [:]  // true result of an earlier step → what the author holds it to be
        var equations: [String] = []
        var last = problem.answer
        for step in problem.steps {
            let left = believed[step.left] ?? step.left, right = believed[step.right] ?? step.right
            var result = step.operation(left, right) ?? step.result
            if random.uniform() < slipRate { result += random.pick(slips) }
            result = max(result, 1)
            equations.append("\(left)\(step.operation.rawValue)\(right)=\(result)")
            believed[step.result] = result
            last = result
        }
        return " So " + equations.joined(separator: ", ") + ". #### \(last)"
    }

    private static let slipRate = 0.35
    private static let slips = [-10, -2, -1, 1, 2, 10]
}
