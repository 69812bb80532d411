// The loss of one token, and how the tokens of a step become one number.
// A new loss conforms to `PolicyLoss`, and gets a case of `LossKind` and a line in `LossSettings.policyLoss`.

package import TinyRecords

/// A number and its derivative with respect to the current log-probability of a token.
package struct Differentiated: Sendable, Equatable {
    /// The number itself.
    package var value: Double
    /// Its derivative.
    package var derivative: Double

    package init(value: Double, derivative: Double) {
        self.value = value
        self.derivative = derivative
    }
}

/// Where a probability ratio lies.
package enum RatioRegion: Sendable {
    /// Where the loss follows the ratio.
    case counted
    /// Under the lower bound with a negative advantage: already discouraged enough.
    case clippedLow
    /// Over the upper bound with a positive advantage: already encouraged enough.
    case clippedHigh
    /// Over `delta` with a negative advantage: so far off that it would drown the rest.
    case capped
}

/// One way to turn the probability ratios and advantages of a step into a number to minimise.
///
/// The loss of a step is the sum over its tokens of ``LossAggregation/factor(length:in:)`` times ``loss(ratio:logprob:advantage:)``.
package protocol PolicyLoss: Sendable {
    /// What a ratio of new to old probability is taken of.
    var level: ImportanceLevel { get }

    /// Whether ``loss(ratio:logprob:advantage:)`` is differentiated through the ratio. If not, the ratio is a constant
    /// weight, and the derivative is with respect to the log-probability itself.
    var followsRatio: Bool { get }

    /// The loss of one token before any scaling.
    ///
    /// - Parameters:
    ///   - ratio: New over old probability, of the token or of its completion as ``level`` says.
    ///   - logprob: The token's current log-probability.
    ///   - advantage: What the token is worth.
    /// - Returns: The loss, its derivative with respect to the logarithm of the ratio or to `logprob`
    ///   (``followsRatio``), and where the ratio lies.
    func loss(ratio: Double, logprob: Double, advantage: Double) -> (loss: Differentiated, region: RatioRegion)

    /// How the tokens of a step become one number.
    var aggregation: LossAggregation { get }
}

/// How much a step's loss is summed over.
package struct LossCounts: Sendable, Equatable {
    /// Completions of the step, whatever their advantage. At least 1.
    package let completions: Int
    /// Tokens of those that are not masked. At least 1.
    package let tokens: Int
    /// Most tokens a completion may have.
    package let maxTokens: Int

    /// Describes a step; counts of 0 become 1, so that nothing is divided by 0.
    package init(completions: Int, tokens: Int, maxTokens: Int) {
        self.completions = max(1, completions)
        self.tokens = max(1, tokens)
        self.maxTokens = maxTokens
    }
}

/// How the losses of a step's tokens become one number: what each is multiplied by.
///
/// With N completions, the n-th of Tₙ tokens, and M = `max_completion_length`:
///
///     completionMean    1 / (N Tₙ)     mean over each completion's tokens, then over completions: completions count the same
///     tokenMean         1 / Σ T        mean over all tokens of the step: long completions count more than short ones
///     constantLength    1 / (N M)      sum over tokens by a constant: a completion's length changes no token's weight
package enum LossAggregation: Sendable {
    case completionMean
    case tokenMean
    case constantLength

    /// The factor of a token in a completion of `length` tokens.
    package func factor(length: Int, in step: LossCounts) -> Double {
        switch self {
        case .completionMean: 1 / (Double(step.completions) * Double(max(1, length)))
        case .tokenMean: 1 / Double(step.tokens)
        case .constantLength: 1 / (Double(step.completions) * Double(step.maxTokens))
        }
    }
}

extension LossSettings {
    /// The loss of these settings.
    ///
    /// Sources: `grpo` arXiv:2402.03300 eq. 3, with the ratio of a sequence GSPO, arXiv:2507.18071 eq. 5; `dr_grpo`
    /// arXiv:2503.20783 (where `grpo` divides by a completion's own length, a long wrong answer costs less per token than a
    /// short one); `dapo` arXiv:2503.14476 eq. 8; `bnpo` the mean over one device's batch, here the whole step, so the same as
    /// `dapo`; `rloo` arXiv:2402.14740, clipped as in TRL's `RLOOTrainer`: one ratio for each completion, whose term its T
    /// tokens share; `cispo` arXiv:2506.13585. Names are those of TRL's `loss_type`.
    package var policyLoss: any PolicyLoss {
        switch kind {
        case .grpo: ClippedLoss(self, .completionMean)
        case .drGRPO: ClippedLoss(self, .constantLength)
        case .bnpo, .dapo: ClippedLoss(self, .tokenMean)
        case .rloo: ClippedLoss(self, .completionMean, level: .completion)
        case .cispo: CISPOLoss(self)
        }
    }
}
