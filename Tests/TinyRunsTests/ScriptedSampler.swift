import Synchronization
import TinyEngine
import TinyLearningTestSupport
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
final class ScriptedSampler: Sampler {
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

    func session() -> any SamplingSession {
        AnsweringSession { [self] requests in
            calls.withLock { $0.append(requests) }
            var groups = requests.map { request in request.streams.map { complete(request, stream: $0) } }
            groups[groups.count - 1].removeLast(missing)
            return groups
        }
    }

    private func complete(_ request: CompletionRequest, stream: StreamName) -> Completion {
        var random = RandomStream(stream)
        let ids = ScalarCodec().encode(answer(ScalarCodec().decode(request.prompt), &random)) + [0]
        let isCut = ids.count > request.sampling.maxTokens
        let kept = Array(ids.prefix(request.sampling.maxTokens))
        return Completion(tokens: kept, logprobs: kept.map { _ in -1 }, stop: isCut ? .tokenLimit : .endOfText)
    }
}
