import Synchronization
import TinyEngine
import TinyProblems
import TinyFoundation

/// One token per Unicode scalar; 0 is the stop token and reads as a text of its own, as in real tokenizers.
struct ScalarCodec: TextCodec {
    func encode(_ text: String) -> [Int] { text.unicodeScalars.map { Int($0.value) } }

    func decode(_ tokens: [Int]) -> String {
        tokens.map { $0 == 0 ? "<stop 0>" : String(UnicodeScalar(UInt32($0)).map(Character.init) ?? "?") }.joined()
    }
}

/// Answers with a function of the prompt's text and the sample's random stream, and remembers what it was asked.
final class ScriptedPolicy: Policy {
    let parameterCount = 2
    var initialAdapter: [Float] { [Float](repeating: 0, count: parameterCount) }
    let contextLength: Int
    /// Completions to drop from the last prompt's group, to misbehave on purpose.
    let missing: Int
    private let answer: @Sendable (_ prompt: String, _ random: inout RandomStream) -> String
    private let calls = Mutex<[[CompletionRequest]]>([])

    init(
        contextLength: Int = 1000, missing: Int = 0,
        answer: @escaping @Sendable (_ prompt: String, _ random: inout RandomStream) -> String
    ) {
        self.contextLength = contextLength
        self.missing = missing
        self.answer = answer
    }

    /// The requests of each call so far.
    var requestsOfCalls: [[CompletionRequest]] { calls.withLock { $0 } }

    func complete(
        _ requests: [CompletionRequest], progress: (@Sendable (_ tokens: Int, _ finished: Int) -> Void)?
    ) async throws -> [[Completion]] {
        calls.withLock { $0.append(requests) }
        var tokens = 0
        var finished = 0
        var groups = requests.map { request in
            request.streams.map { stream in
                var random = stream
                let ids = ScalarCodec().encode(answer(ScalarCodec().decode(request.prompt), &random)) + [0]
                let isCut = ids.count > request.sampling.maxTokens
                let kept = Array(ids.prefix(request.sampling.maxTokens))
                tokens += kept.count
                finished += 1
                progress?(tokens, finished)
                return Completion(
                    tokens: kept, logprobs: kept.map { _ in -1 }, stop: isCut ? .tokenLimit : .endOfText)
            }
        }
        groups[groups.count - 1].removeLast(missing)
        return groups
    }

    func logprobs(of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double) async throws -> [[Float]] {
        sequences.map { $0.completion.map { _ in -1 } }
    }

    func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        weights: @Sendable (_ sequence: Int, _ logprobs: [Float]) -> [Float]
    ) async throws -> PolicyGradient {
        PolicyGradient(logprobs: sequences.map { $0.completion.map { _ in -1 } }, gradient: [0, 0])
    }
}
