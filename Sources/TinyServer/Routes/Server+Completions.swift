internal import TinyProblems
internal import TinyText
internal import Foundation
internal import TinyEngine
internal import TinyFoundation

// `/v1/completions` and `/v1/chat/completions`.
extension Server {
    /// Tokens of a completion whose request names no limit, as OpenAI has it.
    private static let standardTokens = 16

    func completions(_ request: ServerRequest) async throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        let options = try GenerationOptions(reading: &fields)
        let label = try fields.modelName()
        let adds = try fields.flag("add_special_tokens") ?? true
        let prompts = try model.prompts(fields.required("prompt"), addingSpecialTokens: adds)
        let alternatives = try fields.integer("logprobs").map { count throws(ServerError) in
            try checkedAlternatives(count, "logprobs")
        }
        let echoes = try fields.flag("echo") ?? false
        try fields.refuseOthers()
        if echoes, options.returnsTokenIDs {
            throw ServerError(.unsupported, "echo is supported without return_token_ids only")
        }
        let writer = AnswerWriter(
            form: .completion, model: model, label: label ?? model.name, id: "", created: 0, options: options,
            alternatives: alternatives, prompts: prompts,
            echoes: echoes ? prompts.map { model.tokenizer.decode($0, skippingSpecialTokens: true) } : nil)
        return try await generate(writer, most: Self.standardTokens)
    }

    func chatCompletions(_ request: ServerRequest) async throws(ServerError) -> ServerResponse {
        var fields = try RequestFields(request.body)
        let options = try GenerationOptions(reading: &fields)
        let label = try fields.modelName()
        let messages = try model.messages(fields.required("messages"))
        let variables = try fields.values("chat_template_kwargs")
        let reports = try fields.flag("logprobs") ?? false
        let alternatives = try checkedAlternatives(fields.integer("top_logprobs") ?? 0, "top_logprobs")
        try fields.refuseOthers()
        guard reports || alternatives == 0 else {
            throw ServerError(.invalidRequest, "top_logprobs needs logprobs")
        }
        let prompt = try model.prompt(for: messages, variables: variables)
        let writer = AnswerWriter(
            form: .chat, model: model, label: label ?? model.name, id: "", created: 0, options: options,
            alternatives: reports ? alternatives : nil, prompts: [prompt.tokens])
        return try await generate(writer, most: max(1, model.contextLength - prompt.tokens.count))
    }

    /// Samples what an answer needs.
    ///
    /// - Parameter most: The limit of tokens where the request names none.
    private func generate(_ draft: AnswerWriter, most: Int) async throws(ServerError) -> ServerResponse {
        var writer = draft
        let options = writer.options
        let (number, id) = nextRequest(writer.form == .chat ? "chatcmpl" : "cmpl")
        writer.id = id
        writer.created = Int(Date().timeIntervalSince1970)
        let (samples, overflow) = writer.prompts.count.multipliedReportingOverflow(by: options.count)
        guard !overflow, samples <= settings.waitingLimit else {
            throw ServerError(
                .invalidRequest, "the request asks for \(samples) answers, more than \(settings.waitingLimit)")
        }
        try model.check(stopTokens: options.stopTokens)
        let adapter = try await adapters.adapter(for: writer.label)
        var sampling = options.sampling(most: most, modelStops: model.stopTokens)
        let isPromptOnly = writer.echoes != nil && sampling.maxTokens == 0
        if isPromptOnly { sampling.maxTokens = 1 }
        let requests = writer.prompts.enumerated().map { place, prompt in
            var request = CompletionRequest(
                prompt: prompt, streams: streams(options, request: number, prompt: place), adapter: adapter?.values,
                sampling: sampling)
            request.method = adapter?.design.method ?? 0
            request.alternatives = writer.alternatives ?? 0
            request.scoresPrompt = writer.scoresPrompts
            return request
        }
        let joined: JoinedRequests
        do throws(EngineError) {
            for request in requests { try engine.check(request) }
            joined = try session.join(requests, timeout: settings.timeout)
        } catch {
            throw ServerError(error)
        }
        metrics.add(prompt: writer.prompts.reduce(0) { $0 + $1.count })
        let generation = Generation(
            joined, adapter: adapter, prompts: writer.prompts, samplesOfPrompt: options.count,
            stopTokens: sampling.stopTokens, stopTexts: options.stopTexts, tokenizer: model.tokenizer,
            isPromptOnly: isPromptOnly)
        if options.streams { return EventStream(generation, writer, metrics).response }
        var pieces: [Generation.Piece] = []
        while let piece = try await generation.next() { pieces.append(piece) }
        return .json(writer.whole(pieces, tokenCount: await generation.tokenCount))
    }

    /// Random streams of a prompt's samples: those of the seed, which are the same for every prompt of a list, or some that no
    /// other prompt has.
    private func streams(_ options: GenerationOptions, request: UInt64, prompt: Int) -> [StreamName] {
        (0..<options.count).map { sample in
            if let seed = options.seed { return StreamName(.sampling, seed: seed, sample: sample) }
            return StreamName(
                .sampling, seed: settings.seed, step: Int(request), problem: prompt, sample: sample)
        }
    }
}
