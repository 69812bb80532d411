/// How far an evaluation has come.
public struct EvaluationProgress: Sendable, Hashable {
    /// Completions that have ended.
    public var finished: Int
    /// Completions in all.
    public var total: Int
    /// Tokens sampled so far.
    public var tokens: Int
    /// Completions of this evaluation's earlier calls of the sampler, all of which have ended.
    public var settled: Int
    /// Their tokens.
    public var settledTokens: Int
    /// Completions of the running call.
    public var running: Int

    /// Makes a progress from its parts.
    package init(finished: Int, total: Int, tokens: Int, settled: Int, settledTokens: Int, running: Int) {
        self.finished = finished
        self.total = total
        self.tokens = tokens
        self.settled = settled
        self.settledTokens = settledTokens
        self.running = running
    }
}

extension EvaluationProgress {
    /// The tokens that are still to be sampled, as far as one can know.
    ///
    /// Completions that ended are shorter than those that still run, so a mean over them would be too small, and the quotient of
    /// all tokens and finished completions grows as long as none ends. Instead:
    ///
    /// - Where whole calls have ended, their mean is what a completion is expected to have.
    /// - In the first call, every running completion is expected to grow from the mean so far towards `maxTokens`, the less
    ///   far the more have ended: `maxTokens` as long as none has.
    ///
    /// When a call's completions are longer than expected, an eighth of that is what each that still runs is expected to add.
    ///
    /// - Parameter maxTokens: The token limit of a completion.
    package func tokensLeft(maxTokens: Int) -> Double {
        let running = Double(self.running), unfinished = Double(self.running - (finished - settled))
        let sampled = Double(tokens - settledTokens), waiting = Double(total - settled - self.running)
        guard settled > 0 else {
            guard running > 0 else { return Double(total) * Double(maxTokens) }
            let growth = max(0, Double(maxTokens) - sampled / running) * unfinished / running
            let left = unfinished * growth
            return left + waiting * (sampled + left) / running
        }
        let mean = Double(settledTokens) / Double(settled)
        let left = sampled < running * mean ? running * mean - sampled : unfinished * mean / 8
        let expected = running == 0 ? mean : (Double(settledTokens) + sampled + left) / (Double(settled) + running)
        return left + waiting * expected
    }
}

/// The time that an evaluation has left, from its progress and a clock.
///
/// The first pass computes prompts as well, so the speed is that since its end, and there is no answer before two further
/// tokens for each completion that runs.
package struct EvaluationTimer: Sendable {
    private let maxTokens: Int
    private var first: (seconds: Double, tokens: Int)?

    /// Starts without a measurement; `maxTokens` is the token limit of a completion.
    package init(maxTokens: Int) { self.maxTokens = maxTokens }

    /// Takes a progress and the seconds since any fixed time.
    ///
    /// - Returns: Seconds that are left; `nil` while nothing can be said.
    package mutating func secondsLeft(_ progress: EvaluationProgress, at seconds: Double) -> Double? {
        guard let first else {
            first = (seconds, progress.tokens)
            return nil
        }
        let tokens = progress.tokens - first.tokens, time = seconds - first.seconds
        guard time > 0, tokens > 0, tokens >= 2 * progress.running || progress.settledTokens > first.tokens else {
            return nil
        }
        return progress.tokensLeft(maxTokens: maxTokens) * time / Double(tokens)
    }
}
