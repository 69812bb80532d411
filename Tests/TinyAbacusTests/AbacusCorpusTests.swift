import Testing
import TinyAbacus
import TinyProblems

@Suite("Abacus corpus")
struct AbacusCorpusTests {
    private static let documents = (0..<4000).map { AbacusCorpus(seed: 1)[$0] }

    private static func grades(of author: AbacusAuthor) -> [Grade] {
        documents.filter { $0.author == author }.map { document in
            let problem = Problem(
                id: "0", question: document.problem.question, answer: String(document.problem.answer))
            return FinalAnswerReward().grade(document.completion, for: problem)
        }
    }

    @Test("a document depends on its index and the seed alone")
    func documentsAreRepeatable() {
        let corpus = AbacusCorpus(seed: 1)
        #expect((0..<50).reversed().map { corpus[$0] } == Self.documents.prefix(50).reversed())
        #expect(AbacusCorpus(seed: 2)[0] != corpus[0])
    }

    @Test("the corpus holds no problem of the test split")
    func testProblemsAreAbsent() {
        #expect(Self.documents.allSatisfy { $0.problem.split == .training })
    }

    @Test("careful and direct authors are always right", arguments: [AbacusAuthor.careful, .direct])
    func reliableAuthors(author: AbacusAuthor) {
        let grades = Self.grades(of: author)
        #expect(!grades.isEmpty && grades.allSatisfy(\.strict))
    }

    @Test("the chatty author is right but never in the asked-for form")
    func chattyAuthor() {
        let grades = Self.grades(of: .chatty)
        #expect(!grades.isEmpty && grades.allSatisfy { $0.lenient && !$0.strict })
    }

    @Test("the hasty author is right less than half of the time")
    func hastyAuthor() {
        let grades = Self.grades(of: .hasty)
        let right = Double(grades.count(where: \.strict)) / Double(grades.count)
        #expect((0.1...0.5).contains(right), "\(right) of \(grades.count)")
    }

    @Test("textbooks are careful throughout, boards are not")
    func venues() {
        let textbook = Self.documents.filter { $0.venue == .textbook }
        let board = Self.documents.filter { $0.venue == .board }
        #expect(textbook.allSatisfy { $0.author == .careful && $0.prompt.hasPrefix("Exercise: ") })
        #expect(board.allSatisfy { $0.prompt == PromptStyle.abacus.plainText(for: $0.problem.question) })
        #expect(Set(board.map(\.author)) == Set(AbacusAuthor.allCases))
        let careful = Double(board.count { $0.author == .careful }) / Double(board.count)
        #expect((0.2...0.35).contains(careful), "\(careful) of \(board.count)")
    }

    @Test("the beginning of an answer gives its author away")
    func authorsDifferFromTheStart() {
        for document in Self.documents {
            let start = document.completion.dropFirst().first
            let isRecognised =
                switch document.author {
                case .careful: start?.isNumber == true
                case .hasty: start == "S"
                case .direct: start == "#"
                case .chatty: start == "T"
                }
            #expect(document.completion.first == " " && isRecognised, "\(document.author): \(document.completion)")
        }
    }

    @Test("the corpus and the problems are, letter by letter, those behind the committed weights")
    func textsAreFrozen() {
        let documents = Self.documents.prefix(1000).map { $0.prompt + $0.completion }
        #expect(fingerprint(of: documents) == 18_018_153_884_569_332_903)
        let questions = AbacusProblems.train(500).map(\.question) + AbacusProblems.test(500).map(\.question)
        #expect(fingerprint(of: questions) == 2_827_096_028_244_496_426)
    }

    /// FNV-1a of the texts with a zero byte between them, the high half mixed into the low one.
    private func fingerprint(of texts: [String]) -> UInt64 {
        let bytes = texts.joined(separator: "\u{0}").utf8
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return hash ^ (hash >> 32)
    }
}
