import Foundation
import Synchronization
package import TinyEngine
package import TinyProblems
package import TinyRecords
package import TinyLearning
import TinyFoundation

/// An engine small enough to check by hand: softmax over a few tokens whose logits are linear in the trained numbers.
///
/// The logit of token `k` after token `p` in a prompt that begins with `q` is `base(k) + Σᵢ vᵢ feature(i, k, p, q)`, with
/// fixed random features. Token 0 ends a completion.
package struct FakeEngine: Sampler, Learner {
    package var parameterCount = 3
    package var initialAdapter: [Float] { [Float](repeating: 0, count: parameterCount) }
    package var contextLength = 64
    package var tokenCount = 4
    /// Added to every gradient, to see what a broken engine does.
    package var gradientNoise: Float = 0
    /// Added to every log-probability of the training pass, as engines do whose passes disagree.
    package var mismatch: Float = 0
    /// Log-probabilities too many of each sequence of a training pass.
    package var extraLogprobs = 0
    package let calls = Calls()

    package init(
        parameterCount: Int = 3, contextLength: Int = 64, gradientNoise: Float = 0, mismatch: Float = 0,
        extraLogprobs: Int = 0
    ) {
        self.parameterCount = parameterCount
        self.contextLength = contextLength
        self.gradientNoise = gradientNoise
        self.mismatch = mismatch
        self.extraLogprobs = extraLogprobs
    }

    /// What the engine was asked.
    package final class Calls: Sendable {
        private let state = Mutex(Recorded())

        package struct Recorded {
            package var sampledAdapters: [[Float]?] = []
            package var differentiatedAdapters: [[Float]] = []
            package var differentiated: [[ScoredSequence]] = []
            package var scoredAdapters: [[Float]?] = []
            package var completions: [[Completion]] = []
        }

        package func record(_ body: (inout Recorded) -> Void) { state.withLock { body(&$0) } }
        package var recorded: Recorded { state.withLock { $0 } }
    }

    package func session() -> any SamplingSession {
        AnsweringSession { requests in
            let groups = requests.map(completions(of:))
            calls.record { calls in
                calls.sampledAdapters += requests.map(\.adapter)
                calls.completions += groups
            }
            return groups
        }
    }

    /// One completion for each stream of a request.
    package func completions(of request: CompletionRequest) -> [Completion] {
        request.streams.map { complete(request, stream: RandomStream($0)) }
    }

    package func logprobs(of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double) async throws
        -> [[Float]]
    {
        calls.record { $0.scoredAdapters.append(adapter) }
        return sequences.map { sequence in score(sequence, adapter: adapter, temperature: temperature).map { Float($0) }
        }
    }

    package func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        tokenWeights: @Sendable (Int, [Float]) -> [Float]
    ) async throws -> LearnerGradient {
        calls.record { calls in
            calls.differentiatedAdapters.append(adapter)
            calls.differentiated.append(sequences)
        }
        var units: [[Float]] = []
        let logprobs = sequences.enumerated().map { index, sequence in
            let logprobs =
                score(sequence, adapter: adapter, temperature: temperature).map { Float($0) + mismatch }
                + [Float](repeating: 0, count: extraLogprobs)
            let weightsT = tokenWeights(index, logprobs)
            var gradient = Array(repeating: 0.0, count: parameterCount)
            for (position, token) in sequence.completion.enumerated() {
                let slopes = slopes(token, sequence, position, adapter: adapter, temperature: temperature)
                for parameter in gradient.indices {
                    gradient[parameter] += Double(weightsT[position]) * slopes[parameter]
                }
            }
            units.append(gradient.map { Float($0) + gradientNoise })
            return logprobs
        }
        return LearnerGradient(logprobs: logprobs, parts: .units(units))
    }

    /// Log-probability of each completion token in full precision.
    package func score(_ sequence: ScoredSequence, adapter: [Float]?, temperature: Double) -> [Double] {
        sequence.completion.enumerated().map { position, token in
            logProbabilities(sequence, position, adapter: adapter, temperature: temperature)[token]
        }
    }

    private func complete(_ request: CompletionRequest, stream: RandomStream) -> Completion {
        var stream = stream
        var sequence = ScoredSequence(prompt: request.prompt, completion: [])
        var logprobs: [Float] = []
        while sequence.completion.count < request.sampling.maxTokens {
            let candidates = logProbabilities(
                sequence, sequence.completion.count, adapter: request.adapter, temperature: request.sampling.temperature
            )
            var rest = stream.uniform()
            var token = 0
            while token < tokenCount - 1, rest >= exp(candidates[token]) {
                rest -= exp(candidates[token])
                token += 1
            }
            sequence.completion.append(token)
            logprobs.append(Float(candidates[token]))
            if request.sampling.stopTokens.contains(token) {
                return Completion(tokens: sequence.completion, logprobs: logprobs, stop: .endOfText)
            }
        }
        return Completion(tokens: sequence.completion, logprobs: logprobs, stop: .tokenLimit)
    }

    private func logProbabilities(
        _ sequence: ScoredSequence, _ position: Int, adapter: [Float]?, temperature: Double
    ) -> [Double] {
        let logits = (0..<tokenCount).map { token in
            var logit = token == 0 ? 0.3 : 0.0
            for (parameter, value) in (adapter ?? []).enumerated() {
                logit += Double(value) * feature(parameter, token, sequence, position)
            }
            return logit / temperature
        }
        let total = log(logits.reduce(0) { $0 + exp($1) })
        return logits.map { $0 - total }
    }

    /// Derivative of one token's log-probability by each trained number.
    private func slopes(
        _ token: Int, _ sequence: ScoredSequence, _ position: Int, adapter: [Float], temperature: Double
    ) -> [Double] {
        let probabilities = logProbabilities(sequence, position, adapter: adapter, temperature: temperature).map {
            exp($0)
        }
        return (0..<parameterCount).map { parameter in
            let features = (0..<tokenCount).map { feature(parameter, $0, sequence, position) }
            let mean = zip(probabilities, features).reduce(0) { $0 + $1.0 * $1.1 }
            return (features[token] - mean) / temperature
        }
    }

    private func feature(_ parameter: Int, _ token: Int, _ sequence: ScoredSequence, _ position: Int) -> Double {
        if parameter == 0 { return token == 1 ? 1 : 0 }  // the first number alone can teach the model to say token 1
        let previous = position == 0 ? 0 : sequence.completion[position - 1]
        var stream = RandomStream(
            .projection, seed: UInt64(parameter), step: token, problem: previous, sample: sequence.prompt[0])
        return stream.uniform() - 0.5
    }
}

/// One letter per token: `.` is 0 and ends a completion, `a` is 1, `b` is 2, …
package struct LetterCodec: TextCodec {
    package init() {}
    package func encode(_ text: String) -> [Int] { text.utf8.map { Int($0) } }
    package func decode(_ tokens: [Int]) -> String {
        String(tokens.map { $0 == 0 ? "." : Character(UnicodeScalar(UInt8(96 + $0))) })
    }
}

/// Strict: the first letter is the answer. Lenient: some letter is.
package struct FirstLetterReward: Reward {
    package init() {}

    package func grade(_ completion: String, for problem: Problem) -> Grade {
        let isFirst = completion.hasPrefix(problem.answer)
        return Grade(
            strict: isFirst, lenient: completion.contains(problem.answer), extracted: completion.first.map(String.init),
            isWellFormed: !completion.isEmpty)
    }
}

/// Gives every completion the same grade.
package struct ConstantReward: Reward {
    package var isRight = false
    package var extracted: String?

    package init(isRight: Bool = false, extracted: String? = nil) {
        self.isRight = isRight
        self.extracted = extracted
    }

    package func grade(_ completion: String, for problem: Problem) -> Grade {
        Grade(strict: isRight, lenient: isRight, extracted: extracted, isWellFormed: extracted != nil)
    }
}

/// Problems whose answer is always the letter `a`.
package let letterProblems = ["one", "two", "three", "four", "five"].map { Problem(id: $0, question: $0, answer: "a") }

/// The task of learning to begin with `a`.
package func letterTask(
    _ problems: [Problem] = letterProblems, reward: any Reward = FirstLetterReward()
) -> TrainingTask {
    TrainingTask(
        problems: problems, prompter: Prompter(style: .plain, codec: LetterCodec()), stopTokens: [0], reward: reward)
}

/// A small run: five steps of three problems with four completions of at most six tokens.
package var smallRun: TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.steps = 5
    configuration.adapter.parameters = 3
    configuration.rollout.problemsPerStep = 3
    configuration.rollout.groupSize = 4
    configuration.rollout.maxTokens = 6
    configuration.rollout.samplesPerStep = 2
    configuration.optimiser.learningRate = 0.2
    configuration.evaluation.interval = 2
    return configuration
}

/// Collects what a run tells.
package final class Events: Sendable {
    package init() {}

    private let warned = Mutex<[TrainingWarning]>([])

    package var warnings: [TrainingWarning] { warned.withLock { $0 } }

    @Sendable package func receive(_ event: TrainingEvent) {
        if case .warning(let warning) = event { warned.withLock { $0.append(warning) } }
    }
}

/// An evaluation that always says the same.
package var evaluationRecord: EvaluationRecord {
    EvaluationRecord(
        step: nil, problemSet: "letters", problems: 4, samplesPerProblem: 1, strict: 0.5, interval: [0.25, 0.75],
        lenient: 0.5,
        lenientInterval: [0.25, 0.75], wellFormed: 4, truncated: 0, meanCompletionLength: 3, tokens: 12,
        time: EvaluationTime(seconds: 0, tokensPerSecond: 0))
}
