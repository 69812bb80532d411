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
                .init("logprobs", logprobs(mine)),
            ]
            switch form {
            case .completion: choice.append(.init("text", .string(text)))
            case .chat:
                choice.append(.init("message", ["role": "assistant", "content": .string(text), "refusal": nil]))
            }
            if options.returnsTokenIDs {
                choice.append(.init("token_ids", tokenIDs(mine)))
                if form == .completion { choice.append(.init("prompt_token_ids", ids(prompts[index / options.count]))) }
            }
            return JSONValue.object(choice)
        }
        var members = head(form == .completion ? "text_completion" : "chat.completion", choices)
        members.append(.init("usage", usage(tokenCount)))
        if form == .chat, options.returnsTokenIDs { members.append(.init("prompt_token_ids", ids(prompts[0]))) }
        return .object(members)
    }

    // MARK: Streams

    /// Chunks before the first token.
    var opening: [JSONValue] {
        (0..<prompts.count * options.count).compactMap { index in
            switch form {
            case .chat:
                chunk(
                    ["index": .integer(index), "delta": ["role": "assistant", "content": ""], "finish_reason": nil])
            case .completion where echoes != nil:
                chunk(["index": .integer(index), "text": .string(echo(index)), "finish_reason": nil])
            default: nil
            }
        }
    }

    /// The chunk of a piece; `nil` for one that says nothing.
    func chunk(_ piece: Generation.Piece) -> JSONValue? {
        let hasToken = piece.token != nil && (alternatives != nil || options.returnsTokenIDs)
        guard !piece.text.isEmpty || piece.finish != nil || hasToken else { return nil }
        var choice: [JSONValue.Member] = [
            .init("index", .integer(piece.choice)),
            .init("finish_reason", piece.finish.map { .string($0) } ?? nil), .init("logprobs", logprobs([piece])),
        ]
        switch form {
        case .completion: choice.append(.init("text", .string(piece.text)))
        case .chat:
            choice.append(.init("delta", piece.text.isEmpty ? .object([]) : ["content": .string(piece.text)]))
        }
        if options.returnsTokenIDs { choice.append(.init("token_ids", tokenIDs([piece]))) }
        return chunk(.object(choice))
    }

    /// The chunk behind the answers, with the numbers of tokens.
    func usageChunk(_ tokenCount: Int) -> JSONValue? {
        guard options.includesUsage else { return nil }
        return .object(head(chunkKind, []) + [.init("usage", usage(tokenCount))])
    }

    private var chunkKind: String { form == .completion ? "text_completion" : "chat.completion.chunk" }

    private func chunk(_ choice: JSONValue) -> JSONValue {
        .object(head(chunkKind, [choice]) + (options.includesUsage ? [.init("usage", nil)] : []))
    }

    // MARK: Parts

    private func head(_ kind: String, _ choices: [JSONValue]) -> [JSONValue.Member] {
        [
            .init("id", .string(id)), .init("object", .string(kind)), .init("created", .integer(created)),
            .init("model", .string(label)), .init("system_fingerprint", .string(model.fingerprint)),
            .init("choices", .array(choices)),
        ]
    }

    private func usage(_ tokenCount: Int) -> JSONValue {
        let prompt = prompts.reduce(0) { $0 + $1.count }
        return [
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(tokenCount),
            "total_tokens": .integer(prompt + tokenCount),
        ]
    }

    private func echo(_ index: Int) -> String { echoes.map { $0[index / options.count] } ?? "" }

    private func ids(_ tokens: [Int]) -> JSONValue { .array(tokens.map { .integer($0) }) }

    private func tokenIDs(_ pieces: [Generation.Piece]) -> JSONValue {
        ids(pieces.compactMap { $0.token?.chosen.token })
    }

    private func spelling(_ token: ScoredToken) -> String {
        model.spelling(of: token.token, byID: options.namesTokensByID)
    }

    private func logprobs(_ pieces: [Generation.Piece]) -> JSONValue {
        guard let alternatives else { return nil }
        let tokens = pieces.compactMap { piece in
            piece.token.map { (chosen: $0.chosen, others: $0.alternatives, offset: piece.offset) }
        }
        switch form {
        case .chat:
            return [
                "content": .array(
                    tokens.map { token in
                        .object(
                            members(token.chosen) + [
                                .init("top_logprobs", .array(token.others.map { .object(members($0)) }))
                            ]
                        )
                    }), "refusal": nil,
            ]
        case .completion:
            return [
                "tokens": .array(tokens.map { .string(spelling($0.chosen)) }),
                "token_logprobs": .array(tokens.map { .number(Double($0.chosen.logprob)) }),
                "top_logprobs": alternatives == 0
                    ? nil
                    : .array(
                        tokens.map { token in
                            .object(token.others.map { .init(spelling($0), .number(Double($0.logprob))) })
                        }),
                "text_offset": .array(tokens.map { .integer($0.offset) }),
            ]
        }
    }

    private func members(_ token: ScoredToken) -> [JSONValue.Member] {
        [
            .init("token", .string(spelling(token))), .init("logprob", .number(Double(token.logprob))),
            .init("bytes", .array(model.tokenizer.bytes(of: token.token).map { .integer(Int($0)) })),
        ]
    }
}
