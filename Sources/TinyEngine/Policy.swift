// The seam between those who train or evaluate and whatever runs the model.
//
// This target does not know: problems, rewards, losses, optimisers, files of a run, text.
// A trainer sees token ids, log-probabilities and gradients of the adapter's numbers. An accelerator engine or a remote
// rollout server takes the place of `LocalEngine` by conforming to `Policy`.

public import TinyFoundation

/// How tokens are chosen.
public struct SamplingParameters: Sendable, Codable, Hashable {
    /// Divides the logits; `0` takes the most likely token. Range: `0...`.
    public var temperature: Double
    /// Keeps only this many most likely tokens; `nil` keeps all.
    public var topK: Int?
    /// Keeps the smallest set of most likely tokens whose probabilities reach this sum. Range: `(0, 1]`.
    public var topP: Double
    /// Most tokens to add to the prompt.
    public var maxTokens: Int
    /// Tokens that end a completion; the one that ended it is its last token.
    public var stopTokens: [Int]

    /// Samples from the model's own distribution unless told otherwise.
    public init(
        temperature: Double = 1, topK: Int? = nil, topP: Double = 1, maxTokens: Int, stopTokens: [Int]
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.maxTokens = maxTokens
        self.stopTokens = stopTokens
    }

    private enum CodingKeys: String, CodingKey {
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case maxTokens = "max_tokens"
        case stopTokens = "stop_tokens"
    }
}

/// Why a completion ended.
public enum StopReason: String, Sendable, Codable {
    /// A stop token was produced.
    case endOfText
    /// ``SamplingParameters/maxTokens`` was reached.
    case tokenLimit
    /// The model's context was full.
    case contextFull
}

/// Several samples of one prompt. The prompt is computed once.
public struct CompletionRequest: Sendable {
    /// Token ids of the prompt; not empty.
    public var prompt: [Int]
    /// Names the random stream of each sample; the count is the number of samples.
    public var streams: [RandomStream]
    /// The adapter's numbers as stored, or `nil` for the base model.
    public var adapter: [Float]?
    /// How tokens are chosen.
    public var sampling: SamplingParameters

    /// Asks for one completion per stream.
    public init(prompt: [Int], streams: [RandomStream], adapter: [Float]?, sampling: SamplingParameters) {
        self.prompt = prompt
        self.streams = streams
        self.adapter = adapter
        self.sampling = sampling
    }
}

/// One sampled answer.
public struct Completion: Sendable, Hashable {
    /// Token ids after the prompt, the stop token included.
    public var tokens: [Int]
    /// Natural logarithm of each token's probability under the whole distribution at the sampling temperature
    /// (at temperature 0: at temperature 1).
    public var logprobs: [Float]
    /// Why it ended.
    public var stop: StopReason

    /// Makes a completion from its parts.
    public init(tokens: [Int], logprobs: [Float], stop: StopReason) {
        self.tokens = tokens
        self.logprobs = logprobs
        self.stop = stop
    }
}

/// A prompt and what followed it, whose log-probabilities are wanted.
public struct ScoredSequence: Sendable, Hashable {
    /// Token ids that are given; not empty.
    public var prompt: [Int]
    /// Token ids that are scored.
    public var completion: [Int]

    /// Makes a sequence from its parts.
    public init(prompt: [Int], completion: [Int]) {
        self.prompt = prompt
        self.completion = completion
    }
}

/// What a backward pass over some sequences yields.
public struct PolicyGradient: Sendable {
    /// Log-probability of each completion token, by sequence, the same bits as while sampling.
    public var logprobs: [[Float]]
    /// Derivative of the weighted sum over all sequences with respect to each of the adapter's numbers.
    public var gradient: [Float]

    /// Makes a result from its parts.
    public init(logprobs: [[Float]], gradient: [Float]) {
        self.logprobs = logprobs
        self.gradient = gradient
    }
}

/// A model with a place for an adapter: it completes, scores and differentiates.
///
/// Results land by index and depend only on the arguments: not on batching, threads or what ran before.
/// The adapter's numbers travel with each call, so one policy serves any number of adapters at once.
public protocol Policy: Sendable {
    /// How many numbers an adapter has.
    var parameterCount: Int { get }

    /// The numbers of an untrained adapter, which training starts from.
    var initialAdapter: [Float] { get }

    /// Most tokens of a sequence, prompt included.
    var contextLength: Int { get }

    /// Completes every request.
    ///
    /// - Parameters:
    ///   - requests: Any number, mixed freely; batching is the policy's affair.
    ///   - progress: Called now and then with the number of tokens sampled so far and of completions that have ended.
    /// - Returns: For each request, one completion per stream, in order.
    func complete(
        _ requests: [CompletionRequest], progress: (@Sendable (_ tokens: Int, _ finished: Int) -> Void)?
    ) async throws -> [[Completion]]

    /// Log-probabilities of the completion tokens of each sequence, logits divided by `temperature`.
    func logprobs(of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double) async throws -> [[Float]]

    /// The adapter's gradient of a weighted sum of log-probabilities.
    ///
    /// - Parameters:
    ///   - sequences: What to score.
    ///   - adapter: The adapter's numbers.
    ///   - temperature: Divides the logits.
    ///   - weights: Given a sequence's index and its log-probabilities, the weight of each in the sum. It lets a loss
    ///     depend on the current log-probabilities (a clipped ratio) without a second forward pass. It may be called
    ///     from any thread, in any order, once per sequence.
    /// - Returns: The gradient of the sum over all sequences, added in their order.
    func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        weights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> PolicyGradient
}
