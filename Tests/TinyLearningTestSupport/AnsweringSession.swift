// What tests of learning and of runs share: engines small enough to check by hand, and tasks for them.

package import TinyEngine

/// A session that makes up the completions of all waiting requests at once, as a remote engine's answers arrive.
package final class AnsweringSession: SamplingSession {
    /// Gives one completion for each stream of each request.
    package typealias Answer = ([CompletionRequest]) throws -> [[Completion]]

    private let answer: Answer
    private var waiting: [(id: Int, request: CompletionRequest)] = []
    private var count = 0

    package init(_ answer: @escaping Answer) { self.answer = answer }

    package func add(_ request: CompletionRequest) -> Int {
        waiting.append((count, request))
        count += 1
        return count - 1
    }

    package func cancel(_ request: Int) { waiting.removeAll { $0.id == request } }

    package func stop(_ sample: SampleID) -> Completion? { nil }

    package func advance() async throws -> [SamplingEvent] {
        let asked = waiting
        waiting = []
        guard !asked.isEmpty else { return [] }
        return zip(asked, try answer(asked.map(\.request))).flatMap { asked, completions in
            completions.enumerated().flatMap { sample, completion -> [SamplingEvent] in
                let id = SampleID(request: asked.id, sample: sample)
                return zip(completion.tokens, completion.logprobs).map { token, logprob in
                    .token(id, ScoredToken(token, logprob: logprob), alternatives: [])
                }
                    + [.finished(id, completion)]
            }
        }
    }
}
