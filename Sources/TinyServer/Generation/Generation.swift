internal import TinyFoundation
internal import TinyEngine
internal import TinyText

/// The answers of one HTTP request, as they become text.
actor Generation {
    /// What one event adds to one answer.
    struct Piece: Sendable {
        /// Prompt by prompt, the samples of each.
        var choice: Int
        /// May be empty.
        var text: String
        /// Unicode scalars of the answer before the token.
        var offset: Int
        /// Whether it is the answer's first.
        var isFirst: Bool
        /// Tokens of the answer so far.
        var tokenCount: Int
        /// The token that was sampled.
        var token: ScoredChoice?
        /// The prompt's tokens after its first, for an answer that repeats them; before anything else of it.
        var prompt: [ScoredChoice]?
        /// `stop` or `length`, once.
        var finish: String?
    }

    private struct Answer {
        var text: AnswerText
        var isEnded = false
        var hasBegun = false
        var tokenCount = 0
    }

    private let joined: JoinedRequests
    /// Held until the engine has it.
    private let adapter: AdapterRegistry.Adapter?
    private let samplesOfPrompt: Int
    private let stopTokens: Set<Int>
    private var events: AsyncThrowingStream<SamplingEvent, any Error>.Iterator
    private var answers: [Answer]
    /// Pieces of the same event as the last one.
    private var due: [Piece] = []
    /// Whether the tokens that are sampled belong to the answers.
    private let isPromptOnly: Bool
    /// Tokens sampled for all answers.
    private(set) var tokenCount = 0

    /// - Parameters:
    ///   - joined: Requests with `samplesOfPrompt` samples each.
    ///   - adapter: What they name.
    ///   - prompts: The tokens that their answers go on from.
    ///   - stopTokens: Tokens that are no text where they end a sample.
    ///   - isPromptOnly: Whether the answers are the prompts alone: the engine samples a token for each, which is not theirs.
    init(
        _ joined: JoinedRequests, adapter: AdapterRegistry.Adapter?, prompts: [[Int]], samplesOfPrompt: Int,
        stopTokens: [Int], stopTexts: [String], tokenizer: Tokenizer, isPromptOnly: Bool
    ) {
        self.isPromptOnly = isPromptOnly
        self.joined = joined
        self.adapter = adapter
        self.samplesOfPrompt = samplesOfPrompt
        self.stopTokens = Set(stopTokens)
        events = joined.events.makeAsyncIterator()
        answers = prompts.flatMap { prompt in
            let answer = Answer(text: AnswerText(tokenizer, after: prompt, stops: stopTexts))
            return [Answer](repeating: answer, count: samplesOfPrompt)
        }
    }

    /// The next piece of any answer; `nil` after the last.
    ///
    /// - Throws: ``ServerError`` when the answers cannot be completed.
    func next() async throws(ServerError) -> Piece? {
        if !due.isEmpty { return due.removeFirst() }
        while answers.contains(where: { !$0.isEnded }) {
            guard let event = try await nextEvent() else {
                throw ServerError(.givenUp, "the client has closed the connection")
            }
            if let piece = try take(event) { return piece }
        }
        return nil
    }

    private func nextEvent() async throws(ServerError) -> SamplingEvent? {
        // An actor's own property cannot be changed across an await; the iterator is a reference inside.
        var events = events
        defer { self.events = events }
        do {
            return try await events.next(isolation: self)
        } catch {
            throw ServerError(error)
        }
    }

    private func take(_ event: SamplingEvent) throws(ServerError) -> Piece? {
        let choice = event.sample.request * samplesOfPrompt + event.sample.sample
        guard answers.indices.contains(choice), !answers[choice].isEnded else { return nil }
        switch event {
        case .began: return nil
        case .prompt(let sample, let tokens):
            due = (0..<samplesOfPrompt).map { index in
                var piece = piece(sample.request * samplesOfPrompt + index, "", offset: 0)
                piece.prompt = tokens
                return piece
            }
            return due.removeFirst()
        case .token(let sample, let chosen, let alternatives):
            guard !isPromptOnly else { return nil }
            tokenCount += 1
            answers[choice].tokenCount += 1
            let offset = answers[choice].text.length
            let text = stopTokens.contains(chosen.token) ? "" : answers[choice].text.append(chosen.token)
            var piece = piece(choice, text, offset: offset)
            piece.token = ScoredChoice(chosen, alternatives: alternatives)
            if answers[choice].text.isStopped {
                joined.stop(sample)
                answers[choice].isEnded = true
                piece.finish = "stop"
            }
            return piece
        case .finished(_, let completion):
            answers[choice].isEnded = true
            let text = answers[choice].text.finish()
            let isStopped = !isPromptOnly && (answers[choice].text.isStopped || completion.stop.isEnd)
            var piece = piece(choice, text, offset: answers[choice].text.length)
            piece.finish = isStopped ? "stop" : "length"
            return piece
        case .failed(_, let error): throw ServerError(error)
        }
    }

    private func piece(_ choice: Int, _ text: String, offset: Int) -> Piece {
        defer { answers[choice].hasBegun = true }
        let answer = answers[choice]
        return Piece(
            choice: choice, text: text, offset: offset, isFirst: !answer.hasBegun, tokenCount: answer.tokenCount)
    }
}
