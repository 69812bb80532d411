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
    var opening: [JSONValue] { (0..<prompts.count * options.count).compactMap { firstChunk(of: $0) } }

    private func firstChunk(of index: Int) -> JSONValue? {
        let number = JSONValue.Member("index", .integer(index)), finish = JSONValue.Member("finish_reason", nil)
        switch form {
        case .chat:
            let delta = JSONValue.Member("delta", ["role": "assistant", "content": ""])
            let more = index == 0 && options.returnsTokenIDs ? [promptIDs(index)] : []
            return chunk([number, delta, finish], of: index, tokenCount: 0, more: more)
        case .completion:
            guard echoes != nil else { return nil }
            let text = JSONValue.Member("text", .string(echo(index)))
            return chunk([number, text, finish], of: index, tokenCount: 0)
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

    private func spelling(_ token: ScoredToken) -> String {
        model.spelling(of: token.token, byID: options.namesTokensByID)
    }

    private func logprobs(_ pieces: [Generation.Piece]) -> JSONValue {
        guard alternatives != nil else { return nil }
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
                "top_logprobs": .array(tokens.map { likeliest($0.others, with: $0.chosen) }),
                "text_offset": .array(tokens.map { .integer($0.offset) }),
            ]
        }
    }

    /// The most likely tokens and the sampled one, which is always there. It comes last, because of two tokens with one spelling
    /// the last counts.
    private func likeliest(_ others: [ScoredToken], with chosen: ScoredToken) -> JSONValue {
        let tokens = others.filter { $0.token != chosen.token } + [chosen]
        return .object(tokens.map { .init(spelling($0), .number(Double($0.logprob))) })
    }

    private func members(_ token: ScoredToken) -> [JSONValue.Member] {
        [
            .init("token", .string(spelling(token))), .init("logprob", .number(Double(token.logprob))),
            .init("bytes", .array(model.tokenizer.bytes(of: token.token).map { .integer(Int($0)) })),
        ]
    }
}
