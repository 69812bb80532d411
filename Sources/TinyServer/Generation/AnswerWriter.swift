internal import TinyText
internal import TinyEngine
internal import TinyFoundation

/// Answers in OpenAI's form: whole, or as the chunks of a stream.
struct AnswerWriter: Sendable {
    enum Form: Sendable {
        case completion
        case chat
    }

    let form: Form
    let model: ServedModel
    /// What the request called the model.
    let label: String
    var id: String
    /// Seconds since 1970.
    var created: Int
    let options: GenerationOptions
    /// Most likely tokens beside each token; `nil` without log-probabilities.
    let alternatives: Int?
    let prompts: [[Int]]
    /// Texts before the answers, prompt by prompt.
    var echoes: [String]?

    /// Whether the log-probabilities are those of the whole text, prompt included.
    var scoresPrompts: Bool { echoes != nil && alternatives != nil }

    // MARK: Whole answers

    /// The whole answer from all pieces.
    func whole(_ pieces: [Generation.Piece], tokenCount: Int) -> JSONValue {
        let pieces = Dictionary(grouping: pieces, by: \.choice)
        let choices = (0..<prompts.count * options.count).map { index in
            let mine = pieces[index] ?? []
            let text = echo(index) + mine.map(\.text).joined()
            var choice: [JSONValue.Member] = [
                .init("index", .integer(index)),
                .init("finish_reason", mine.last { $0.finish != nil }.flatMap(\.finish).map { .string($0) } ?? nil),
                .init("logprobs", logprobs(mine, of: index)),
            ]
            switch form {
            case .completion: choice.append(.init("text", .string(text)))
            case .chat:
                choice.append(.init("message", ["role": "assistant", "content": .string(text), "refusal": nil]))
            }
            if options.returnsTokenIDs {
                choice.append(.init("token_ids", tokenIDs(mine)))
                if form == .completion { choice.append(promptIDs(index)) }
            }
            return JSONValue.object(choice)
        }
        var members = head(form == .completion ? "text_completion" : "chat.completion", choices)
        members.append(.init("usage", usage(of: prompts, tokenCount)))
        if form == .chat, options.returnsTokenIDs { members.append(promptIDs(0)) }
        return .object(members)
    }

    // MARK: Streams

    /// Chunks before the first token.
    var opening: [JSONValue] {
        // Prompts that are scored come when they are.
        scoresPrompts ? [] : (0..<prompts.count * options.count).compactMap { firstChunk(of: $0) }
    }

    private func firstChunk(of index: Int, logprobs: JSONValue? = nil) -> JSONValue? {
        let number = JSONValue.Member("index", .integer(index)), finish = JSONValue.Member("finish_reason", nil)
        switch form {
        case .chat:
            let delta = JSONValue.Member("delta", ["role": "assistant", "content": ""])
            let more = index == 0 && options.returnsTokenIDs ? [promptIDs(index)] : []
            return chunk([number, delta, finish], of: index, tokenCount: 0, more: more)
        case .completion:
            guard echoes != nil else { return nil }
            let text = JSONValue.Member("text", .string(echo(index)))
            let more = logprobs.map { [JSONValue.Member("logprobs", $0)] } ?? []
            return chunk([number, text, finish] + more, of: index, tokenCount: 0)
        }
    }

    /// The chunk of a piece; `nil` for one that says nothing.
    func chunk(_ piece: Generation.Piece) -> JSONValue? {
        if piece.prompt != nil { return firstChunk(of: piece.choice, logprobs: logprobs([piece], of: piece.choice)) }
        let hasToken = piece.token != nil && (alternatives != nil || options.returnsTokenIDs)
        guard !piece.text.isEmpty || piece.finish != nil || hasToken else { return nil }
        var choice: [JSONValue.Member] = [
            .init("index", .integer(piece.choice)),
            .init("finish_reason", piece.finish.map { .string($0) } ?? nil),
            .init("logprobs", logprobs([piece], of: piece.choice)),
        ]
        switch form {
        case .completion: choice.append(.init("text", .string(piece.text)))
        case .chat:
            choice.append(.init("delta", piece.text.isEmpty ? .object([]) : ["content": .string(piece.text)]))
        }
        if options.returnsTokenIDs {
            choice.append(.init("token_ids", tokenIDs([piece])))
            if form == .completion, piece.isFirst { choice.append(promptIDs(piece.choice)) }
        }
        return chunk(choice, of: piece.choice, tokenCount: piece.tokenCount)
    }

    /// The chunk behind the answers, with the numbers of tokens.
    func usageChunk(_ tokenCount: Int) -> JSONValue? {
        guard options.includesUsage else { return nil }
        return .object(head(chunkKind, []) + [.init("usage", usage(of: prompts, tokenCount))])
    }

    private var chunkKind: String { form == .completion ? "text_completion" : "chat.completion.chunk" }

    /// A chunk with one choice.
    ///
    /// - Parameters:
    ///   - choice: Members of the choice.
    ///   - index: Its number.
    ///   - tokenCount: Its tokens so far.
    ///   - more: Members beside the list of choices.
    private func chunk(
        _ choice: [JSONValue.Member], of index: Int, tokenCount: Int, more: [JSONValue.Member] = []
    ) -> JSONValue {
        var members = head(chunkKind, [.object(choice)]) + more
        if options.includesUsage {
            let prompt = prompts[index / options.count]
            members.append(.init("usage", options.continuesUsage ? usage(of: [prompt], tokenCount) : .null))
        }
        return .object(members)
    }

    // MARK: Parts

    private func head(_ kind: String, _ choices: [JSONValue]) -> [JSONValue.Member] {
        [
            .init("id", .string(id)), .init("object", .string(kind)), .init("created", .integer(created)),
            .init("model", .string(label)), .init("system_fingerprint", .string(model.fingerprint)),
            .init("choices", .array(choices)),
        ]
    }

    private func usage(of prompts: [[Int]], _ tokenCount: Int) -> JSONValue {
        let prompt = prompts.reduce(0) { $0 + $1.count }
        return [
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(tokenCount),
            "total_tokens": .integer(prompt + tokenCount),
        ]
    }

    private func echo(_ index: Int) -> String { echoes.map { $0[index / options.count] } ?? "" }

    private func ids(_ tokens: [Int]) -> JSONValue { .array(tokens.map { .integer($0) }) }

    private func promptIDs(_ index: Int) -> JSONValue.Member {
        .init("prompt_token_ids", ids(prompts[index / options.count]))
    }

    private func tokenIDs(_ pieces: [Generation.Piece]) -> JSONValue {
        ids(pieces.compactMap { $0.token?.chosen.token })
    }

    private func spelling(_ token: Int) -> String {
        model.spelling(of: token, byID: options.namesTokensByID)
    }

    private func logprobs(_ pieces: [Generation.Piece], of index: Int) -> JSONValue {
        guard alternatives != nil else { return nil }
        switch form {
        case .chat:
            return [
                "content": .array(
                    pieces.compactMap(\.token).map { token in
                        .object(
                            members(token.chosen) + [
                                .init("top_logprobs", .array(token.alternatives.map { .object(members($0)) }))
                            ]
                        )
                    }), "refusal": nil,
            ]
        case .completion:
            let begin = echo(index).unicodeScalars.count
            let tokens = pieces.flatMap { piece in
                piece.prompt.map { promptTokens(of: index, $0) }
                    ?? piece.token.map { [WrittenToken(id: $0.chosen.token, scored: $0, offset: begin + piece.offset)] }
                    ?? []
            }
            return [
                "tokens": .array(tokens.map { .string(spelling($0.id)) }),
                "token_logprobs": .array(
                    tokens.map { token in token.scored.map { .number(Double($0.chosen.logprob)) } ?? nil }),
                "top_logprobs": .array(tokens.map { $0.scored.map(likeliest) ?? nil }),
                "text_offset": .array(tokens.map { .integer($0.offset) }),
            ]
        }
    }

    /// A token of a completion's text, prompt included.
    private struct WrittenToken {
        let id: Int
        /// `nil` for a prompt's first token, which follows from nothing.
        let scored: ScoredChoice?
        /// Unicode scalars before it.
        let offset: Int
    }

    private func promptTokens(of index: Int, _ scored: [ScoredChoice]) -> [WrittenToken] {
        var text = AnswerText(model.tokenizer, after: [], stops: [])
        return zip(prompts[index / options.count], [nil] + scored).map { id, scored in
            defer { _ = text.append(id) }
            return WrittenToken(id: id, scored: scored, offset: text.length)
        }
    }

    /// The most likely tokens and the one of the text, which is always there. It comes last, because of two tokens with one spelling
    /// the last counts.
    private func likeliest(_ choice: ScoredChoice) -> JSONValue {
        let tokens = choice.alternatives.filter { $0.token != choice.chosen.token } + [choice.chosen]
        return .object(tokens.map { .init(spelling($0.token), .number(Double($0.logprob))) })
    }

    private func members(_ token: ScoredToken) -> [JSONValue.Member] {
        [
            .init("token", .string(spelling(token.token))), .init("logprob", .number(Double(token.logprob))),
            .init("bytes", .array(model.tokenizer.bytes(of: token.token).map { .integer(Int($0)) })),
        ]
    }
}
