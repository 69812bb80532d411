import TinyFoundation

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
        let events = events(of: topic.stage, atMost: 4, using: &random)
        guard !topic.turns.isEmpty, random.below(2) == 0 else {
            return ([opening] + events, random.pick(topic.stage.questions))
        }
        let turn = random.pick(topic.turns)
        let later = self.events(of: turn.stage, atMost: 2, using: &random)
        return ([opening] + events + [turn.sentence] + later, random.pick(turn.stage.questions))
    }

    /// Some different events of a stage in random order.
    private static func events(
        of stage: AbacusStage, atMost limit: Int, using random: inout RandomStream
    ) -> [AbacusSentence] {
        var events = stage.events
        random.shuffle(&events)
        return Array(events.prefix(random.below(min(limit, events.count) + 1)))
    }

    /// Fills in numbers and names.
    ///
    /// - Returns: The problem, or `nil` when the numbers drawn do not work out.
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
