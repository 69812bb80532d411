internal import TinyEngine
internal import TinyFoundation

/// What a request asks of sampling, whichever route it took.
struct GenerationOptions: Sendable {
    /// Completions of each prompt.
    var count = 1
    var temperature = 1.0
    var topK: Int?
    var topP = 1.0
    /// `nil` for the route's own limit.
    var maxTokens: Int?
    /// `nil` for another one each time.
    var seed: UInt64?
    var stopTexts: [String] = []
    var stopTokens: [Int] = []
    /// Whether the model's own stop tokens are ignored.
    var ignoresEnd = false
    var streams = false
    /// Whether a stream ends with the numbers of tokens.
    var includesUsage = false
    /// Whether each part of a stream has the numbers so far, as vLLM does it.
    var continuesUsage = false
    /// Whether token ids are part of the answer, as vLLM has them.
    var returnsTokenIDs = false
    /// Whether log-probabilities name tokens by their ids, as vLLM does it.
    var namesTokensByID = false

    static let mostAlternatives = 20, mostStopTokens = 1024
    private static let mostCompletions = 128, mostStopTexts = 16

    init(reading fields: inout RequestFields) throws(ServerError) {
        count = try fields.integer("n") ?? count
        temperature = try fields.number("temperature") ?? temperature
        topK = try fields.integer("top_k").flatMap { $0 == 0 || $0 == -1 ? nil : $0 }
        topP = try fields.number("top_p") ?? topP
        seed = try fields.integer("seed").map { UInt64(bitPattern: Int64($0)) }
        stopTexts = try fields.texts("stop")
        stopTokens = try fields.integers("stop_token_ids") ?? []
        ignoresEnd = try fields.flag("ignore_eos") ?? false
        streams = try fields.flag("stream") ?? false
        if let options = try fields.optional("stream_options") { try readStreamOptions(options) }
        returnsTokenIDs = try fields.flag("return_token_ids") ?? false
        namesTokensByID = try fields.flag("return_tokens_as_token_ids") ?? false
        let (long, short) = (try fields.integer("max_completion_tokens"), try fields.integer("max_tokens"))
        if let long, let short, long != short {
            throw ServerError(.invalidRequest, "max_completion_tokens is \(long) and max_tokens \(short)")
        }
        maxTokens = long ?? short
        guard (1...Self.mostCompletions).contains(count) else {
            throw ServerError(.invalidRequest, "n must be in 1...\(Self.mostCompletions), is \(count)")
        }
        guard stopTexts.count <= Self.mostStopTexts, !stopTexts.contains("") else {
            throw ServerError(
                .invalidRequest, "stop must be at most \(Self.mostStopTexts) texts, none of them empty")
        }
        guard stopTokens.count <= Self.mostStopTokens else {
            throw ServerError(
                .invalidRequest, "stop_token_ids has \(stopTokens.count) tokens, more than \(Self.mostStopTokens)")
        }
    }

    private mutating func readStreamOptions(_ node: JSONNode) throws(ServerError) {
        var fields = try RequestFields(of: node, others: .ofStreamOptions)
        includesUsage = try fields.flag("include_usage") ?? false
        continuesUsage = try fields.flag("continuous_usage_stats") ?? false
        try fields.refuseOthers()
        guard streams else { throw ServerError(.invalidRequest, "stream_options needs \"stream\": true") }
        guard includesUsage || !continuesUsage else {
            throw ServerError(.invalidRequest, "continuous_usage_stats needs include_usage")
        }
    }

    /// The parameters of the engine.
    ///
    /// - Parameters:
    ///   - most: The limit of tokens where the request names none.
    ///   - modelStops: The model's own stop tokens.
    func sampling(most: Int, modelStops: [Int]) -> SamplingParameters {
        SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, maxTokens: maxTokens ?? most,
            stopTokens: stopTokens + (ignoresEnd ? [] : modelStops))
    }
}

/// Checks how many alternatives a request wants.
func checkedAlternatives(_ count: Int, _ name: String) throws(ServerError) -> Int {
    guard (0...GenerationOptions.mostAlternatives).contains(count) else {
        throw ServerError(.invalidRequest, "\(name) must be in 0...\(GenerationOptions.mostAlternatives), is \(count)")
    }
    return count
}
