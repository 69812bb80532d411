import TinyFoundation
import TinyLoRA

/// The pieces of a model's work, through the same door as a trainer uses.
struct ModelBench {
    /// The groups of completions of the row `step`.
    struct Step: Equatable {
        var prompts: Int
        var samples: Int
        var promptTokens: Int
        var newTokens: Int
    }

    /// Something that is timed as a whole and in parts.
    struct Work {
        let name: String
        /// Tokens of one repetition, and its useful work.
        let tokens: Int
        let useful: UsefulWork
        /// How often it is done for one measurement.
        var times = 1
        /// Does the work once.
        let run: () async throws -> Void
    }

    private let amounts: WorkOfModel
    private let engine: LocalEngine
    private let adapters: [[Float]]
    private let vocabulary: Int
    private let step: Step
    private let repeats: Int
    /// Most flop of one repetition, so that large models are measured in minutes.
    private static let mostFlop = 1.5e12
    /// Tokens of a prompt before decoding begins.
    private let promptTokens: Int
    /// Tokens of the prompts and completions of groups.
    private let groupTokens: Int

    /// - Parameters:
    ///   - step: What the row `step` measures; `nil` for something short.
    ///   - repeats: How often each piece of work is done at most, a first one to warm up not counted.
    init(
        _ model: ModelConfiguration, _ arithmetic: Arithmetic, step: Step?, threads: Int, repeats: Int
    ) throws {
        let basis = try TinyLoRAMethod.random(for: model)
        engine = LocalEngine(
            model: try LanguageModel(randomWeightsOf: model, arithmetic: arithmetic), method: basis, threads: threads)
        amounts = WorkOfModel(model: model, arithmetic: arithmetic)
        vocabulary = model.vocabularySize
        self.repeats = repeats
        var stream = RandomStream(.corpus, seed: 1)
        adapters = (0..<Self.batches[Self.batches.count - 1]).map { _ in
            (0..<basis.parameterCount).map { _ in Float(0.01 * stream.normal()) }
        }
        // A token of a step costs about three passes: sampling, and the gradient forward and backward.
        let rows = Int(Self.mostFlop / (3 * amounts.tokenFlop))
        promptTokens = rows >= 256 ? 64 : 8
        groupTokens = rows >= 128 ? 64 : 16
        self.step =
            step
            ?? Step(
                prompts: rows >= 4096 ? 16 : rows >= 256 ? 2 : 1, samples: rows >= 128 ? 8 : 2,
                promptTokens: groupTokens, newTokens: rows >= 4096 ? 40 : rows >= 128 ? 16 : 8)
    }

    /// Sequences that are decoded at once.
    private static let batches = [1, 8, 32]

    /// The engine's clock of parts.
    func watch(_ stopwatch: Stopwatch) { engine.team.stopwatch = stopwatch }

    func works() async throws -> [Work] {
        var works: [Work] = []
        for batch in Self.batches { works.append(try await decoding(batch, adapters: [])) }
        let most = Self.batches[Self.batches.count - 1]
        works.append(try await decoding(most, adapters: adapters))
        works.append(prefill())
        let groups = groups()
        works.append(gradient("gradient", of: groups))
        let alone = groups.enumerated().map { index, sequence in
            ScoredSequence(prompt: [index] + sequence.prompt.dropFirst(), completion: sequence.completion)
        }
        works.append(gradient("gradient, own prompts", of: alone))
        works.append(wholeStep())
        return works
    }

    private func tokens(_ count: Int, seed: Int) -> [Int] {
        var stream = RandomStream(.corpus, seed: UInt64(seed) + 2)
        return (0..<count).map { _ in stream.below(vocabulary) }
    }

    private func request(
        _ prompt: Int, tokens: Int, samples: Int, newTokens: Int, adapter: [Float]?
    ) -> CompletionRequest {
        CompletionRequest(
            prompt: self.tokens(tokens, seed: prompt),
            streams: (0..<samples).map { StreamName(.sampling, seed: 1, problem: prompt, sample: $0) },
            adapter: adapter, sampling: SamplingParameters(maxTokens: newTokens, stopTokens: []))
    }

    /// Sequences with a prompt of their own each, one more token at a time.
    private func decoding(_ batch: Int, adapters: [[Float]]) async throws -> Work {
        let session = engine.session()
        // The first repetitions warm up; the sequences must not end before the last.
        let steps = 2 * repeats + 4
        for prompt in 0..<batch {
            _ = try session.add(
                request(
                    prompt, tokens: promptTokens, samples: 1, newTokens: steps + batch,
                    adapter: adapters.isEmpty ? nil : adapters[prompt % adapters.count]))
        }
        while try await session.advance().count < batch {}
        return Work(
            name: "decode, batch \(batch)" + (adapters.isEmpty ? "" : ", \(adapters.count) adapters"), tokens: batch,
            useful: amounts.decoding(batch, length: promptTokens + steps / 2), times: 2
        ) { _ = try await session.advance() }
    }

    private func prefill() -> Work {
        let length = max(64, min(1024, engine.contextLength - 1, Int(Self.mostFlop / amounts.rowFlop) / 64 * 64))
        let prompts = amounts.rowFlop * 16 * Double(length) < Self.mostFlop / 4 ? 16 : 1
        let requests = (0..<prompts).map { request($0, tokens: length, samples: 1, newTokens: 1, adapter: nil) }
        return Work(
            name: "prefill", tokens: prompts * length, useful: amounts.prefill(prompts, length: length)
        ) { [engine] in _ = try await engine.complete(requests, progress: nil) }
    }

    /// Groups whose prompt is as long as the completions.
    private func groups() -> [ScoredSequence] {
        let rows = Int(Self.mostFlop / (2 * amounts.tokenFlop))
        let samples = max(2, min(8, rows / 64)), groups = max(1, min(16, rows / (9 * 64)))
        return (0..<groups).flatMap { group in
            (0..<samples).map { sample in
                ScoredSequence(
                    prompt: tokens(groupTokens, seed: group),
                    completion: tokens(groupTokens, seed: (group + 1) * 1000 + sample))
            }
        }
    }

    /// The gradient of an adapter; its rate counts the tokens of every sequence, prompts included.
    private func gradient(_ name: String, of sequences: [ScoredSequence]) -> Work {
        let tokens = sequences.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        return Work(name: name, tokens: tokens, useful: amounts.gradient(sequences)) {
            [engine, adapter = adapters[0]] in
            _ = try await engine.gradients(of: sequences, adapter: adapter, temperature: 1) { _, logprobs in
                [Float](repeating: 1, count: logprobs.count)
            }
        }
    }

    /// What a step of GRPO computes: groups of completions, and their gradient.
    private func wholeStep() -> Work {
        let step = step
        let requests = (0..<step.prompts).map {
            request(
                $0, tokens: step.promptTokens, samples: step.samples, newTokens: step.newTokens, adapter: adapters[0])
        }
        let shape = ScoredSequence(
            prompt: tokens(step.promptTokens, seed: 0), completion: tokens(step.newTokens, seed: 1))
        let group = amounts.gradient([ScoredSequence](repeating: shape, count: step.samples))
        let useful = (1...step.prompts).reduce(
            amounts.rollout(
                step.prompts, samples: step.samples, promptTokens: step.promptTokens, newTokens: step.newTokens)
        ) { sum, _ in sum + group }
        return Work(name: "step", tokens: step.prompts * step.samples * step.newTokens, useful: useful) {
            [engine, adapter = adapters[0]] in
            let completions = try await engine.complete(requests, progress: nil)
            let sequences = zip(requests, completions).flatMap { request, samples in
                samples.map { ScoredSequence(prompt: request.prompt, completion: $0.tokens) }
            }
            _ = try await engine.gradients(of: sequences, adapter: adapter, temperature: 1) { _, logprobs in
                [Float](repeating: 1, count: logprobs.count)
            }
        }
    }
}
