import TinyLoRA
import TinyFoundation

/// The sizes of what is computed.
struct VerifiedSizes {
    /// The length that most prompts have nearly.
    var promptTokens: Int
    /// About how many tokens are added to each.
    var newTokens: Int
    /// How many of the prompts are used, from the first.
    var prompts = VerifiedWork.promptCount
}

/// What every division computes: samples of some prompts, with two adapters and without, their log-probabilities and gradients.
///
/// Prompts and adapters are random, of several lengths, so that a batch is as ragged as real ones are.
struct VerifiedWork {
    /// A prompt with its samples.
    struct Prompt {
        let tokens: [Int]
        let samples: Int
        let newTokens: Int
        /// Which adapter; `nil` for the base model.
        let adapter: Int?
    }

    /// A sample of a prompt, both counted from 0.
    struct Sample {
        let prompt: Int
        let sample: Int

        /// Its name in ``Findings``.
        var part: String { "prompt \(prompt + 1), sample \(sample + 1)" }
    }

    static let promptCount = 8
    /// Samples of a prompt but the first. With the first's two, all are one more than a batch of 64.
    private static let samples = 9
    /// The first prompt is short, so that one sample ends early in every batch.
    private static let short = (prompt: 12, samples: 2, newTokens: 4)
    /// Relative to ``VerifiedSizes/promptTokens``: with 64 of them, lengths around the end of a page of keys and values.
    private static let lengths = [-1, 0, 1, -24, 6, 2, -14]
    private static let adapterOfPrompt: [Int?] = [0, nil, 0, 1, 0, nil, 1, 0]

    let model: LanguageModel
    let method: TinyLoRAMethod
    /// LoRA of rank 2, where the model has a checkpoint to prepare it for and all its prompts are used.
    let lora: (any AdapterMethod)?
    let adapters: [[Float]]
    let prompts: [Prompt]

    init(model: LanguageModel, checkpoint: Checkpoint?, sizes: VerifiedSizes) throws {
        self.model = model
        let configuration = model.configuration
        method = try .random(for: configuration)
        lora = try (sizes.prompts < Self.promptCount ? nil : checkpoint).map {
            try LoRADesign(modules: configuration.modules, rank: 2).prepared(
                AdapterPreparation(checkpoint: $0, initialSeed: 1))
        }
        var stream = RandomStream(.corpus, seed: 1)
        adapters = (0..<2).map { [method] _ in
            (0..<method.parameterCount).map { _ in Float(0.01 * stream.normal()) }
        }
        let short = Self.short
        let all = (0..<Self.promptCount).map { index in
            let length =
                index == 0
                ? min(short.prompt, sizes.promptTokens) : max(1, sizes.promptTokens + Self.lengths[index - 1])
            return Prompt(
                tokens: (0..<length).map { _ in stream.below(configuration.vocabularySize) },
                samples: index == 0 ? short.samples : Self.samples,
                newTokens: index == 0 ? min(short.newTokens, sizes.newTokens) : sizes.newTokens + index % 3,
                adapter: Self.adapterOfPrompt[index])
        }
        prompts = Array(all.prefix(sizes.prompts))
    }

    /// The samples of all prompts, in order; at most `most` of each prompt.
    func samples(most: Int = .max) -> [Sample] {
        prompts.indices.flatMap { prompt in
            (0..<min(most, prompts[prompt].samples)).map { Sample(prompt: prompt, sample: $0) }
        }
    }

    /// The random stream of a sample.
    func stream(_ sample: Sample) -> StreamName {
        StreamName(.sampling, seed: 1, problem: sample.prompt, sample: sample.sample)
    }

    /// Asks for some samples of one prompt.
    func request(_ samples: [Sample]) -> CompletionRequest {
        let prompt = prompts[samples[0].prompt]
        return CompletionRequest(
            prompt: prompt.tokens, streams: samples.map(stream), adapter: prompt.adapter.map { adapters[$0] },
            sampling: SamplingParameters(maxTokens: prompt.newTokens, stopTokens: []))
    }

    /// The prompts of each adapter; those of the base model first.
    var promptsByAdapter: [[Int]] {
        ([nil] + adapters.indices.map { $0 }).map { adapter in
            prompts.indices.filter { prompts[$0].adapter == adapter }
        }.filter { !$0.isEmpty }
    }
}
