import TinyFoundation

/// A sentence with gaps, and its effect on the story's quantity.
///
/// Gaps: `{name}` and `{friend}` are people; `{He}` and `{he}` stand for the first; `{n}` and `{m}` are numbers.
struct AbacusSentence: Sendable {
    let text: String
    let effect: AbacusEffect

    init(_ text: String, _ effect: AbacusEffect) {
        self.text = text
        self.effect = effect
    }
}

/// One stage of a story: the events that may happen to one kind of thing, and the questions about the outcome.
struct AbacusStage: Sendable {
    let events: [AbacusSentence]
    let questions: [String]
}

/// A sentence after which the story follows another thing: apples become coins, pencils become shares.
struct AbacusTurn: Sendable {
    let sentence: AbacusSentence
    let stage: AbacusStage

    init(_ text: String, _ effect: AbacusEffect, then stage: AbacusStage) {
        sentence = AbacusSentence(text, effect)
        self.stage = stage
    }

    init(_ text: String, _ effect: AbacusEffect, events: [AbacusSentence] = [], questions: [String]) {
        self.init(text, effect, then: AbacusStage(events: events, questions: questions))
    }
}

/// A kind of story: its openings, events, questions and turns.
struct AbacusTopic: Sendable {
    let name: String
    let openings: [AbacusSentence]
    let events: [AbacusSentence]
    let questions: [String]
    let turns: [AbacusTurn]

    /// Every topic. The order is part of the generator: changing it changes every problem.
    static let all = [
        marbles, stickers, fish, cookies, apples, eggs, savings, pencils, flowers, books, train, running,
    ]
}

/// The effect of a sentence on the quantity of a story.
enum AbacusEffect: Sendable {
    /// The story starts with a number.
    case start(ClosedRange<Int>)
    /// The story starts with groups of equal size.
    case startGroups(ClosedRange<Int>, of: ClosedRange<Int>)
    /// The story starts with two parts.
    case startParts(ClosedRange<Int>, ClosedRange<Int>)
    case add(ClosedRange<Int>)
    case addGroups(ClosedRange<Int>, of: ClosedRange<Int>)
    case subtract(ClosedRange<Int>)
    case subtractGroups(ClosedRange<Int>, of: ClosedRange<Int>)
    case multiply(ClosedRange<Int>)
    case divide(ClosedRange<Int>)
    /// Multiplies by a number that the sentence writes as a word (`twice`, `three times`).
    case times(Int)
    /// Divides by a number that the sentence writes as a word (`half`, `a third`).
    case part(Int)
    /// A second person has this many times the quantity, and both are added.
    case joinTimes(Int)

    /// Range of every quantity: results are small enough to be learnt from a few million tokens.
    static let quantities = 2...300

    /// Number of steps that a solution needs for this sentence.
    var stepCount: Int {
        switch self {
        case .start: 0
        case .startGroups, .startParts, .add, .subtract, .multiply, .divide, .times, .part: 1
        case .addGroups, .subtractGroups, .joinTimes: 2
        }
    }

    /// Draws the sentence's numbers and computes its steps.
    ///
    /// - Parameter quantity: The quantity before the sentence; ignored by effects that start a story.
    /// - Returns: The numbers in the order the sentence names them, the steps, and the new quantity;
    ///   `nil` when a result would leave ``quantities`` or would not be whole.
    func apply(to quantity: Int, using random: inout RandomStream) -> Outcome? {
        func draw(_ range: ClosedRange<Int>) -> Int { range.lowerBound + random.below(range.count) }
        func one(_ operation: AbacusOperation, _ range: ClosedRange<Int>) -> Outcome? {
            let number = draw(range)
            return Outcome(numbers: [number], steps: [step(quantity, operation, number)])
        }
        func groups(_ operation: AbacusOperation, _ count: ClosedRange<Int>, _ size: ClosedRange<Int>) -> Outcome? {
            let numbers = [draw(count), draw(size)]
            let product = step(numbers[0], .multiply, numbers[1])
            return Outcome(
                numbers: numbers, steps: [product, product.flatMap { step(quantity, operation, $0.result) }])
        }
        switch self {
        case .start(let range):
            let number = draw(range)
            return Outcome(numbers: [number], steps: [], quantity: number)
        case .startGroups(let count, let size):
            let numbers = [draw(count), draw(size)]
            return Outcome(numbers: numbers, steps: [step(numbers[0], .multiply, numbers[1])])
        case .startParts(let first, let second):
            let numbers = [draw(first), draw(second)]
            return Outcome(numbers: numbers, steps: [step(numbers[0], .add, numbers[1])])
        case .add(let range): return one(.add, range)
        case .addGroups(let count, let size): return groups(.add, count, size)
        case .subtract(let range): return one(.subtract, range)
        case .subtractGroups(let count, let size): return groups(.subtract, count, size)
        case .multiply(let range): return one(.multiply, range)
        case .divide(let range): return one(.divide, range)
        case .times(let factor): return Outcome(numbers: [], steps: [step(quantity, .multiply, factor)])
        case .part(let divisor): return Outcome(numbers: [], steps: [step(quantity, .divide, divisor)])
        case .joinTimes(let factor):
            let other = step(quantity, .multiply, factor)
            return Outcome(numbers: [], steps: [other, other.flatMap { step(quantity, .add, $0.result) }])
        }
    }

    private func step(_ left: Int, _ operation: AbacusOperation, _ right: Int) -> AbacusStep? {
        AbacusStep(left, operation, right, within: Self.quantities)
    }

    /// The numbers of a sentence, its steps and the quantity after it.
    struct Outcome {
        let numbers: [Int]
        let steps: [AbacusStep]
        let quantity: Int

        init(numbers: [Int], steps: [AbacusStep], quantity: Int) {
            self.numbers = numbers
            self.steps = steps
            self.quantity = quantity
        }

        /// `nil` when any step is.
        init?(numbers: [Int], steps: [AbacusStep?]) {
            let found = steps.compactMap(\.self)
            guard found.count == steps.count, let last = found.last else { return nil }
            self.init(numbers: numbers, steps: found, quantity: last.result)
        }
    }
}
