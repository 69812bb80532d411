import TinyFoundation

/// Where a text was found: it decides what the prompt looks like and who writes.
public enum AbacusVenue: String, Sendable, Codable, CaseIterable {
    /// A book of worked exercises: one to four steps, always by the careful author.
    case textbook
    /// A board where people answer questions in any manner: three or four steps, all authors.
    case board
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

extension AbacusVenue {
    /// The text up to the answer.
    public func prompt(for question: String) -> String {
        switch self {
        case .textbook: "Exercise: \(question)\nSolution:"
        case .board: "Q: \(question)\nA:"
        }
    }
}
