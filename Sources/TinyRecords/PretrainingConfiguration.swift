import TinyFoundation

/// How a model is trained from scratch by next-token prediction, all weights at once.
///
/// The same trainer is the full fine-tuning baseline. Defaults are those that made the model in the box.
public struct PretrainingConfiguration: Sendable, Codable, Hashable {
    /// Documents seen; each is used once.
    public var documents = 160_000
    /// Documents averaged in one step.
    public var documentsPerStep = 128
    /// Documents that pass through the model together. Changes rounding, so it is part of the configuration.
    public var documentsPerPass = 32
    /// Peak learning rate. Range: `(0, 1]`.
    public var learningRate = 3e-3
    /// Steps over which the rate rises from 0.
    public var warmupSteps = 100
    /// The rate at the end as a share of the peak, reached along a cosine.
    public var finalRateShare = 0.05
    /// AdamW's decay of matrices. Ten times the usual value, because the run is short: what decays over a run is the product
    /// of rate, decay and steps, and weights that keep their initial noise have no telling singular directions.
    public var weightDecay = 1.0
    /// AdamW's first moment.
    public var beta1 = 0.9
    /// AdamW's second moment.
    public var beta2 = 0.95
    /// Largest norm of the gradient.
    public var clip = 1.0
    /// Weight of a prompt's tokens in the loss; a completion's weigh 1. Range: `[0, 1]`.
    public var promptWeight = 0.3
    /// Seed of the weights and of the corpus.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}

    /// Steps of the whole run.
    public var steps: Int { documents / max(1, documentsPerStep) }

    /// Every rule this value breaks, as sentences that begin with the key; empty when it is valid.
    public func violations() -> [String] {
        var rules = Rules()
        rules.require(documentsPerStep, atLeast: 1, "documentsPerStep")
        rules.require(
            documents >= documentsPerStep, "documents",
            "is \(documents), which does not fill a step of \(documentsPerStep)")
        rules.require(
            documentsPerPass > 0 && documentsPerPass <= documentsPerStep, "documentsPerPass",
            "is \(documentsPerPass), must be from 1 to \(documentsPerStep)")
        rules.require(
            learningRate > 0 && learningRate <= 1, "learningRate",
            "is \(learningRate), must be greater than 0 and at most 1")
        rules.require(warmupSteps, atLeast: 0, "warmupSteps")
        rules.require(fraction: finalRateShare, "finalRateShare")
        rules.require(notNegative: weightDecay, "weightDecay")
        rules.require(fraction: beta1, below1: true, "beta1")
        rules.require(fraction: beta2, below1: true, "beta2")
        rules.require(positive: clip, "clip")
        rules.require(fraction: promptWeight, "promptWeight")
        return rules.sentences
    }
}

/// One step of full-parameter training.
public struct PretrainingStepRecord: Record {
    /// Number of the step; the first is 1.
    public var step: Int
    /// Weighted mean negative log-probability of the step's tokens.
    public var loss: Double
    /// The same over completion tokens alone.
    public var completionLoss: Double
    /// Norm of the gradient before clipping.
    public var gradientNorm: Double
    /// Learning rate of the step.
    public var learningRate: Double
    /// Tokens seen so far.
    public var tokens: Int

    enum CodingKeys: String, CodingKey {
        case step, loss, tokens
        case completionLoss = "completion_loss"
        case gradientNorm = "grad_norm"
        case learningRate = "learning_rate"
    }

    /// Makes a record from its parts.
    public init(
        step: Int, loss: Double, completionLoss: Double, gradientNorm: Double, learningRate: Double, tokens: Int
    ) {
        self.step = step
        self.loss = loss
        self.completionLoss = completionLoss
        self.gradientNorm = gradientNorm
        self.learningRate = learningRate
        self.tokens = tokens
    }
}
