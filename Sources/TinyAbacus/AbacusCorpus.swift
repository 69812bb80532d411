import TinyFoundation

/// The venue of a text: it determines the form of the prompt and the authors.
public enum AbacusVenue: String, Sendable, Codable, CaseIterable {
    /// A book of worked exercises: problems of one to four steps, always by the careful author.
    case textbook
    /// A message board: problems of three or four steps, by all authors.
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
    /// The venue.
    public let venue: AbacusVenue
    /// The author of the completion.
    public let author: AbacusAuthor
    /// The problem.
    public let problem: AbacusProblem
    /// Everything up to the answer.
    public let prompt: String
    /// The answer; begins with a space. The end-of-text token follows it.
    public let completion: String
}

/// The texts that Abacus is pretrained on: without end, each a pure function of (seed, index).
public struct AbacusCorpus: Sendable {
    /// Random seed of the documents.
    public let seed: UInt64
    /// Frequencies of venues and authors.
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

    /// Different from the streams of problems, which are numbered by split.
    private static let streamOfDocuments = 2
}

/// Frequencies of venues and authors.
public struct AbacusMixture: Sendable, Codable, Hashable {
    /// The share of textbook documents. Range: `0...1`.
    public var textbookShare: Double
    /// Topics on which authors of the board mostly show the steps.
    public var thoroughTopics: Set<String>
    /// Relative frequency of each author on those topics.
    public var thoroughWeights: [AbacusAuthor: Double]
    /// Relative frequency of each author on all other topics.
    public var curtWeights: [AbacusAuthor: Double]

    /// The mixture that the committed weights were trained on.
    public static let standard = AbacusMixture(
        textbookShare: 0.5,
        thoroughTopics: ["apples", "train", "pencils", "savings"],
        thoroughWeights: [.careful: 0.5, .direct: 0.3, .hasty: 0.1, .chatty: 0.1],
        curtWeights: [.careful: 0.15, .direct: 0.5, .hasty: 0.15, .chatty: 0.2])

    /// Draws the author who answers this problem on the board.
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

/// The authors of the corpus; each answers questions in a different manner.
///
/// Each manner has a different first token, because in large pretrained models the first tokens largely determine the rest.
public enum AbacusAuthor: String, Sendable, Codable, CaseIterable {
    /// Every step, then the marked answer; always right: ` 12+5=17. 17*3=51. 51-6=45. #### 45`.
    case careful
    /// Steps with errors that later steps use: ` So 12+5=18, 18*3=54, 54-6=48. #### 48`.
    case hasty
    /// The marked answer without steps: ` #### 45`. Right in the corpus, but too hard for the model.
    case direct
    /// The answer in a sentence without the marker, which strict grading does not accept: ` The answer is 45.`.
    case chatty

    /// The answer of this author, after the prompt. Begins with a space.
    func answer(_ problem: AbacusProblem, using random: inout RandomStream) -> String {
        switch self {
        case .careful:
            " " + problem.referenceSolution(style: .equations)
        case .hasty: Self.hastyAnswer(problem, using: &random)
        case .direct: " #### \(problem.answer)"
        case .chatty: " The answer is \(problem.answer)."
        }
    }

    /// Works through the steps with errors; later steps use the wrong number.
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
