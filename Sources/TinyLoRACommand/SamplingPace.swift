import Synchronization
import TinyLoRA

/// How fast completions are sampled, and how long the rest will take.
struct SamplingPace: CustomStringConvertible {
    /// Tokens a second.
    let rate: Double
    /// Seconds; `nil` while nothing can be said.
    let left: Double?

    /// `98 tok/s · 0:04:10 left`
    var description: String {
        "\(grouped(Int(rate))) tok/s" + (left.map { " · \(clockTime($0)) left" } ?? "")
    }
}

/// Measures the pace of completions that are sampled together.
final class SamplingClock: Sendable {
    private let start = ContinuousClock.now
    private let timer: Mutex<EvaluationTimer>

    /// Begins now; `maxTokens` is the token limit of a completion.
    init(maxTokens: Int) { timer = Mutex(EvaluationTimer(maxTokens: maxTokens)) }

    /// The pace so far. To be asked whenever there is progress: the first call ends the time that prompts take.
    ///
    /// - Parameter earlier: Tokens of the progress that were sampled before the clock began.
    func pace(at progress: EvaluationProgress, earlier: Int = 0) -> SamplingPace {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return SamplingPace(
            rate: Double(progress.tokens - earlier) / max(1e-3, seconds),
            left: timer.withLock { $0.secondsLeft(progress, at: seconds) })
    }
}
