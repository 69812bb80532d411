import Foundation
import Synchronization
import TinyLearningTestSupport
import Testing
import TinyEngine
import TinyProblems

/// A small step and what TRL's trainers made of it, by `Scripts/make_loss_fixtures.py`. N completions, T tokens of one.
struct LossFixture: Decodable, Sendable {
    /// Completions of one problem.
    var groupSize: Int
    var maxTokens: Int
    /// Token ids, `[N][T]`.
    var tokens: [[Int]]
    /// Log-probabilities by the engine that sampled, by the one that trains, and by that after an update, `[N][T]`.
    var sampled: [[Float]]
    var trained: [[Float]]
    var moved: [[Float]]
    /// Log-probabilities under the base model, `[N][T]`.
    var reference: [[Float]]
    var cases: [Case]

    private enum CodingKeys: String, CodingKey {
        case tokens, sampled, trained, moved, reference, cases
        case groupSize = "group_size"
        case maxTokens = "max_completion_length"
    }

    /// One loss.
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        /// Our keys, as JSON text.
        var settings: String
        /// Whether the engine that trains differs from the one that sampled.
        var foreign: Bool
        /// `[N]`
        var advantages: [Double]
        /// Of two updates.
        var losses: [Double]
        /// Derivatives of the losses with respect to the log-probabilities, `[2][N][T]`.
        var gradients: [[[Double]]]
        var metrics: [String: Double]
        var testDescription: String { name }
    }

    static func load() throws -> LossFixture {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/TinyLearning/losses.json")
        return try JSONDecoder().decode(LossFixture.self, from: Data(contentsOf: file))
    }
}

/// An engine that plays a fixture: its adapter has one parameter for every token, whose log-probability moves with it alone, so
/// that its gradient is the derivative by log-probabilities.
struct RecordedEngine: Sampler, Learner {
    let fixture: LossFixture
    /// Log-probabilities of each update's pass.
    let updates: [[[Float]]]
    let calls = Calls()

    var parameterCount: Int { fixture.tokens.joined().count }
    var initialAdapter: [Float] { Array(repeating: 0, count: parameterCount) }
    var contextLength: Int { 64 }

    /// What the engine was asked.
    final class Calls: Sendable {
        private let state = Mutex((prompts: [[Int]](), gradients: [[[Float]]]()))

        /// Prompts of the problems in the order of the step.
        var prompts: [[Int]] {
            get { state.withLock { $0.prompts } }
            set { state.withLock { $0.prompts = newValue } }
        }

        /// Weights of every update, `[N][T]`; zeros for completions that were not visited.
        var gradients: [[[Float]]] { state.withLock { $0.gradients } }
        func append(_ gradient: [[Float]]) { state.withLock { $0.gradients.append(gradient) } }
    }

    init(_ fixture: LossFixture, foreign: Bool) {
        self.fixture = fixture
        updates = [foreign ? fixture.trained : fixture.sampled, fixture.moved]
    }

    func session() -> any SamplingSession {
        AnsweringSession { requests in
            calls.prompts = requests.map(\.prompt)
            return requests.indices.map { problem in
                (0..<fixture.groupSize).map { sample in
                    let index = problem * fixture.groupSize + sample
                    return Completion(
                        tokens: fixture.tokens[index], logprobs: fixture.sampled[index],
                        stop: fixture.tokens[index].last == 0 ? .endOfText : .tokenLimit)
                }
            }
        }
    }

    func logprobs(of sequences: [ScoredSequence], adapter: [Float]?, temperature: Double) async throws -> [[Float]] {
        sequences.map { fixture.reference[index($0)] }
    }

    func gradients(
        of sequences: [ScoredSequence], adapter: [Float], temperature: Double,
        tokenWeights: @Sendable (Int, [Float]) -> [Float]
    ) async throws -> LearnerGradient {
        let rows = updates[calls.gradients.count]
        var gradient = fixture.tokens.map { $0.map { _ in Float(0) } }
        for (position, sequence) in sequences.enumerated() {
            gradient[index(sequence)] = tokenWeights(position, rows[index(sequence)])
        }
        calls.append(gradient)
        return LearnerGradient(
            logprobs: sequences.map { rows[index($0)] }, parts: .sum(gradient.flatMap { $0 }))
    }

    /// Which completion of the fixture this is; completions of one problem are all different.
    private func index(_ sequence: ScoredSequence) -> Int {
        let problem = calls.prompts.firstIndex(of: sequence.prompt) ?? 0
        let group = problem * fixture.groupSize..<(problem + 1) * fixture.groupSize
        return group.first { fixture.tokens[$0] == sequence.completion } ?? 0
    }
}
