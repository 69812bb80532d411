/// A sentence with gaps and what it does to the story's quantity.
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

/// One stage of a story: what may happen while it follows one kind of thing, and how to ask for the outcome.
struct AbacusStage: Sendable {
    let events: [AbacusSentence]
    let questions: [String]

    init(_ events: [AbacusSentence] = [], questions: [String]) {
        self.events = events
        self.questions = questions
    }
}

/// A sentence after which the story follows another thing: apples become coins, pencils become shares.
struct AbacusTurn: Sendable {
    let sentence: AbacusSentence
    let stage: AbacusStage

    init(_ text: String, _ effect: AbacusEffect, then stage: AbacusStage) {
        sentence = AbacusSentence(text, effect)
        self.stage = stage
    }
}

/// A kind of story: how it opens, what happens, and how it may turn.
struct AbacusTopic: Sendable {
    let name: String
    let openings: [AbacusSentence]
    let stage: AbacusStage
    let turns: [AbacusTurn]
}

extension AbacusTopic {
    /// Every topic. The order is part of the generator: changing it changes every problem.
    static let all = [
        marbles, stickers, fish, cookies, apples, eggs, savings, pencils, flowers, books, train, running,
    ]
}
