import TinyFoundation

/// Grade-school word problems, any number of them, each a pure function of (seed, split, index).
///
/// ```swift
/// let problem = AbacusGenerator(seed: 1).problem(at: 0, in: .training)
/// problem.question   // "Mia bakes 6 trays with 8 cookies on each tray. …"
/// problem.answer     // 57
/// ```
public struct AbacusGenerator: Sendable {
    /// Random seed of the problems.
    public let seed: UInt64
    /// How many steps a solution may have. Within `1...4`.
    public let stepCounts: ClosedRange<Int>

    /// Makes a generator; by default of problems with three or four dependent steps.
    public init(seed: UInt64, stepCounts: ClosedRange<Int> = 3...4) {
        precondition(stepCounts.lowerBound >= 1 && stepCounts.upperBound <= 4, "stepCounts: \(stepCounts)")
        self.seed = seed
        self.stepCounts = stepCounts
    }

    /// The problem with this index. Costs some microseconds.
    public func problem(at index: Int, in split: AbacusSplit) -> AbacusProblem {
        var random = RandomStream(.corpus, seed: seed, step: split.rawValue, problem: index)
        return problem(in: split, using: &random)
    }

    /// Draws stories until one has whole numbers in range and belongs to the split.
    func problem(in split: AbacusSplit, using random: inout RandomStream) -> AbacusProblem {
        while true {
            let plot = AbacusPlot(stepCounts: stepCounts, using: &random)
            for _ in 0..<Self.attemptsPerPlot {
                if let problem = plot.tell(using: &random), problem.split == split { return problem }
            }
        }
    }

    /// Retrying one plot with other numbers keeps plots with divisions as common as the others.
    private static let attemptsPerPlot = 24
}

/// The sentences of a story, chosen but still without numbers and names.
struct AbacusPlot {
    let topic: AbacusTopic
    let sentences: [AbacusSentence]
    let question: String

    /// Draws a topic, then sentences until they need a number of steps drawn from `stepCounts`.
    init(stepCounts: ClosedRange<Int>, using random: inout RandomStream) {
        topic = random.pick(AbacusTopic.all)
        let stepCount = stepCounts.lowerBound + random.below(stepCounts.count)
        while true {
            let draft = Self.draw(from: topic, using: &random)
            if draft.sentences.reduce(0, { $0 + $1.effect.stepCount }) == stepCount {
                sentences = draft.sentences
                question = draft.question
                return
            }
        }
    }

    /// An opening, up to four events, a turn for every other story whose topic has one, and a question.
    private static func draw(
        from topic: AbacusTopic, using random: inout RandomStream
    ) -> (sentences: [AbacusSentence], question: String) {
        let opening = random.pick(topic.openings)
        let events = some(of: topic.events, atMost: 4, using: &random)
        guard !topic.turns.isEmpty, random.below(2) == 0 else {
            return ([opening] + events, random.pick(topic.questions))
        }
        let turn = random.pick(topic.turns)
        let later = some(of: turn.stage.events, atMost: 2, using: &random)
        return ([opening] + events + [turn.sentence] + later, random.pick(turn.stage.questions))
    }

    /// Some different events in random order.
    private static func some(
        of events: [AbacusSentence], atMost limit: Int, using random: inout RandomStream
    ) -> [AbacusSentence] {
        var events = events
        random.shuffle(&events)
        return Array(events.prefix(random.below(min(limit, events.count) + 1)))
    }

    /// Fills in numbers and names.
    ///
    /// - Returns: The problem, or `nil` when a number is not whole or not in range.
    func tell(using random: inout RandomStream) -> AbacusProblem? {
        let cast = AbacusCast(using: &random)
        var quantity = 0
        var steps: [AbacusStep] = []
        var text: [String] = []
        for sentence in sentences {
            guard let outcome = sentence.effect.apply(to: quantity, using: &random) else { return nil }
            quantity = outcome.quantity
            steps += outcome.steps
            text.append(cast.fill(sentence.text, numbers: outcome.numbers))
        }
        text.append(cast.fill(question, numbers: []))
        return AbacusProblem(topic: topic.name, question: text.joined(separator: " "), steps: steps)
    }
}

/// The two people of a story.
struct AbacusCast {
    private let name: String
    private let friend: String
    private let pronoun: String

    init(using random: inout RandomStream) {
        let person = random.below(Self.names.count)
        let other = (person + 1 + random.below(Self.names.count - 1)) % Self.names.count
        name = Self.names[person]
        friend = Self.names[other]
        pronoun = person % 2 == 0 ? "she" : "he"
    }

    /// Fills the gaps of a sentence.
    func fill(_ text: String, numbers: [Int]) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            result += value(of: rest[rest.index(after: open)..<close], numbers)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private func value(of gap: Substring, _ numbers: [Int]) -> String {
        switch gap {
        case "name": name
        case "friend": friend
        case "he": pronoun
        case "He": pronoun == "he" ? "He" : "She"
        case "n": String(numbers[0])
        default: String(numbers[1])
        }
    }

    /// Women at even places, men at odd ones.
    private static let names = [
        "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry", "Ida", "Jack", "Lena", "Max", "Nora",
        "Oscar", "Rosa", "Tom",
    ]
}
