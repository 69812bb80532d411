// What a loss says of one token, and how the tokens of a step become one number.
// A new loss is one file that conforms to `PolicyLoss`, one case of `LossKind`, and one line in `LossSettings.policyLoss`.

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
/// The loss of a step is the sum over its tokens of ``factor(length:in:)`` times ``loss(ratio:logprob:advantage:)``.
package protocol PolicyLoss: Sendable {
    /// What a ratio of new to old probability is taken of.
    var level: RatioLevel { get }

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

    /// What every token's loss is multiplied by in a completion of `length` tokens.
    func factor(length: Int, in step: LossCounts) -> Double
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

extension LossSettings {
    /// The loss of these settings.
    package var policyLoss: any PolicyLoss {
        switch kind {
        case .grpo: GRPOLoss(self)
        case .drGRPO: DrGRPOLoss(self)
        case .bnpo: BNPOLoss(self)
        case .dapo: DAPOLoss(self)
        case .rloo: RLOOLoss(self)
        case .cispo: CISPOLoss(self)
        }
    }
}
